"""A pipeline stage: named values, each in a register without reset."""

from types import SimpleNamespace

from amaranth.hdl import Const, Module, Signal, Value


def stage(m: Module, name: str, /, **values: Value | int) -> SimpleNamespace:
    """The values of one cycle, as registers of the next. Constants stay what they are: what depends
    on them folds away."""
    following = SimpleNamespace()
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
