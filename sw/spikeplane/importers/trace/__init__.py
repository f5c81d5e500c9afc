"""PyTorch modules whose forward does what people write: loops over steps, reshapes, functions.

```
 stubs.py     layers with a state become one operator each
 export.py    torch.export of the forward, else a concrete trace ─▶ Graph
 layouts.py   the shapes in which the input may come
 walk.py      each operator to its rule: shapes.py, layers.py, arithmetic.py, reductions.py
 calls.py     calls of a layer in every step are one population
 output.py    what is read out
```
"""
