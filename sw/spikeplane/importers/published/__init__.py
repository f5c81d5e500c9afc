"""What lets a user's file load: old libraries' names where they are missing, and weights from a checkpoint.

```
 load.py        file.py:function, called; errors say the line
 names.py       modules that stand in for missing ones, while the file loads
   spiking.py     spikingjelly.clock_driven, spikingjelly.cext, and options that SpikingJelly has no more
   vision.py      timm's helpers
   axes.py        einops
   detection.py   ultralytics' helpers of heads
 weights.py     a checkpoint's numbers into a model
```
"""
