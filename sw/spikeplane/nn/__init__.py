"""Quantisation-aware training: the chip's arithmetic on a PyTorch model, under an ordinary training loop.

```python
from spikeplane import nn

nn.quantise(model, chip="small", weight_bits=4, input_shape=(1, 28, 28))
train(model)                                    # any loop; the optimiser is made after quantise
program = spikeplane.compile(model, chip="small", input_shape=(1, 28, 28))
assert nn.differences(model, program) == []     # the trained grid is the compiled one
```
"""

from spikeplane.nn.differences import Difference, differences
from spikeplane.nn.grid import Grid
from spikeplane.nn.quantising import Row, baked, grids, plain, quantise, widths

__all__ = ["Difference", "Grid", "Row", "baked", "differences", "grids", "plain", "quantise", "widths"]
