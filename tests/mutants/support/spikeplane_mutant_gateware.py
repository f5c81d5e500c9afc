"""Beside the copied packages: the number of the chosen mutant as a signal that every component of
the gateware sees.

```
    Amaranth's simulator, formal proofs   nothing drives selected: its initial value is the number
    generated Verilog                     a module without inputs drives it, which asks the environment when the simulation begins
```
Verilog is therefore the same whatever the number, and one simulator has all mutants.
"""

from typing import Any

from amaranth.hdl import Instance, Mux, Signal, Value, ValueLike
from spikeplane_mutant import NUMBER

from spikeplane_gateware.verilog import write

selected = Signal(16, init=NUMBER, name="chosen_mutant")

#: Verilator's `$c`: C++ as it stands.
_VERILOG = """
module {name}_mutant (output [15:0] chosen);
  reg [15:0] number;
  initial number = $c32("(std::getenv(\\"SPIKEPLANE_MUTANT\\") ? std::atoi(std::getenv(\\"SPIKEPLANE_MUTANT\\")) : 0)");
  assign chosen = number;
endmodule
"""


def chosen(number: int) -> Value:
    """Whether that mutant is the one."""
    return selected == number


def choose(number: int, mutant: ValueLike, original: ValueLike) -> Value:
    """The mutant's expression where it is chosen."""
    return Mux(selected == number, mutant, original)


_convert = write.verilog_of


def _with_choice(component: Any, name: str, platform: Any) -> str:
    """`verilog_of`, with the module that drives selected in the component and in the text. A mutant
    may close a loop that is none while another is chosen."""
    plain = component.elaborate

    def elaborate(platform: Any) -> Any:
        m = plain(platform)
        m.submodules.mutant_choice = Instance(f"{name}_mutant", o_chosen=selected)
        return m

    component.elaborate = elaborate
    return (
        "/* verilator lint_off UNOPTFLAT "
        f"*/\n{_convert(component, name, platform)}{_VERILOG.format(name=name)}"
    )


write.verilog_of = _with_choice
