"""How each family of FPGAs is built for: a class a family.

```
    pins, chip -> board_verilog, constraints, files -> synthesis -> placement -> packing -> bitstream
```
A new family is a file here, its line in FAMILIES, and what estimates have to know of it in
`spikeplane.estimate.families`. File names are relative: the tools see nothing outside their working
folder. Nothing is run here.
"""

from spikeplane_hw.families.ecp5 import Ecp5
from spikeplane_hw.families.family import NETLIST, REPORT, SOURCE, Family
from spikeplane_hw.families.gowin import Gowin
from spikeplane_hw.families.ice40 import Ice40
from spikeplane_hw.families.xilinx import Xilinx
from spikeplane_hw.names import BOARD_MODULE

__all__ = ["BOARD_MODULE", "FAMILIES", "NETLIST", "REPORT", "SOURCE", "Family"]

FAMILIES: dict[str, Family] = {family.name: family for family in (Ecp5(), Ice40(), Gowin(), Xilinx())}
