"""From an Amaranth component to Verilog text.

```
    component -> Amaranth: netlist (RTLIL) -> parse -> purge -> one Verilog module each -> refusal of what would never run
```
"""

from typing import Any

from amaranth.back import rtlil

from spikeplane_gateware.verilog.check import refuse_sleepers
from spikeplane_gateware.verilog.fold import fold
from spikeplane_gateware.verilog.modules import Writer
from spikeplane_gateware.verilog.purge import purge
from spikeplane_gateware.verilog.rtlil import parse
from spikeplane_gateware.verilog.trim import trim


def verilog_of(component: Any, name: str, platform: Any) -> str:
    """The Verilog of `component`, top module `name`. Raises SpikeplaneError for a process that
    would never run."""
    modules = parse(rtlil.convert(component, name=name, platform=platform, emit_src=False))
    for module in modules.values():
        fold(module)
    purge(modules, name)
    for module in modules.values():
        trim(module)
    purge(modules, name)  # what only led to bits that are gone
    text = "\n".join(Writer(module).text() for module in modules.values())
    refuse_sleepers(text)
    return text
