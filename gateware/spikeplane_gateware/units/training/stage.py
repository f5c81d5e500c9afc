"""A pipeline stage of a word and its valid bit.

```
    valid  --> register, 0 at reset ------> .valid
    values --> registers without reset ---> .name         taken where valid
```
Nothing stalls. What is not valid is not taken, so a stage rests while nothing passes.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value


@dataclass(frozen=True)
class Chain:
    """The valid bits of a pipeline, of this stage and the next ones, which several lanes share."""

    bits: tuple[Value, ...]


def stage(m: Module, name: str, valid: Value | Chain, /, **values: Value | int) -> SimpleNamespace:
    """The valid bit and the values of one cycle, as registers of the next. Constants stay what they are:
    what depends on them folds away."""
    if isinstance(valid, Chain):
        now, following = valid.bits[0], SimpleNamespace(valid=Chain(valid.bits[1:]))
    else:
        now, following = valid, SimpleNamespace(valid=Signal(name=f"{name}_valid"))
        m.d.sync += following.valid.eq(valid)
    with m.If(now):
        for key, given in values.items():
            value = Value.cast(given)
            if not isinstance(value, Const):
                register = Signal(value.shape(), name=f"{name}_{key}", reset_less=True)
                m.d.sync += register.eq(value)
                value = register
            setattr(following, key, value)
    return following


def named(m: Module, name: str, value: Value) -> Signal:
    """A wire: an expression that is used in several places is written once."""
    wire = Signal(value.shape(), name=name)
    m.d.comb += wire.eq(value)
    return wire


def chosen(pairs: list[tuple[Value, Value]]) -> Value:
    """The value beside the one condition that holds, 0 where none does: ANDs and ORs, no order."""
    width = max(len(value) for _, value in pairs)
    found = Value.cast(0)
    for condition, value in pairs:
        found = found | (condition.replicate(width) & value)
    return found[:width]


def along(m: Module, name: str, value: Any, cycles: int, *, reset: bool = False) -> list:
    """The value of this cycle and of each of so many before: what goes along with a pipeline."""
    found = [value]
    for number in range(1, cycles + 1):
        after = Signal(value.shape(), name=f"{name}_{number}", reset_less=not reset)
        m.d.sync += after.eq(found[-1])
        found.append(after)
    return found
