"""Boxes of objects from what a detection head puts out. The host makes them, in floats: they are no part of what chip and
golden model have in common, which ends with the head's integers.

```
 integers ─▶ head.py      the head's values in the model's numbers, mean over the steps
          ─▶ decode.py    distances of bins, corners in pixels, scores of classes
          ─▶ suppress.py  the boxes that are left: score, overlap, how many
          ─▶ files.py     JSON, CSV          draw.py   PNG
```
"""

from spikeplane.boxes.decode import decode
from spikeplane.boxes.head import Head
from spikeplane.boxes.suppress import Box, Wanted, suppressed

__all__ = ["Box", "Head", "Wanted", "decode", "suppressed"]
