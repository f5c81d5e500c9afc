"""SSR's second-order condition: the distances of the rarer interval. The rule and the names: golden
model, `camera/order.py`.

Two stages, beside those of the walk: `measures` compares the run while the interval is compared,
`grown` decides.
"""

from types import SimpleNamespace

from amaranth.hdl import Cat, Const, Module, Mux, Value

from spikeplane.camera.config import RUN_MAX
from spikeplane_gateware.units.camera.stage import named
from spikeplane_gateware.units.camera.state import ORDER

OPEN, BASE, ONCE, KNOWN = range(4)
FIELDS = tuple(ORDER.members)


def measures(order: SimpleNamespace, n: Value) -> dict[str, Value]:
    """What is compared before it is known what the interval is."""
    run = Value.cast(Mux(order.run == RUN_MAX, RUN_MAX, order.run + 1)[: len(order.run)])
    return {
        "run": run,
        "shorter": run < order.k,
        "longer": run > order.k,
        # run < k - 1 | run == k - 1 & wide
        "short": (order.run + 2 < order.k) | ((order.run + 2 == order.k) & order.wide),
        "at_once": order.run == 0,
        "equal": run == order.k,
        "doubled_k": Value.cast(Mux(n >= 4, 2, n == 3)[:2]),
        "doubled": Value.cast(Mux(n == 1, BASE, Mux(n >= 4, KNOWN, ONCE))[:2]),
    }


def grown(
    m: Module, name: str, order: SimpleNamespace, is_: SimpleNamespace, one: Value, minus: Value
) -> tuple[Value, dict]:
    """Whether the interval leaves the segment stable, and the order with it. `is_`: the measures;
    `one`, `minus`: the interval is longer than the segment's smaller one by 1, by -1."""
    again = named(m, f"{name}_again", Mux(order.kind, one, ~(one | minus)))
    opened, based, once, known = (order.phase == phase for phase in (OPEN, BASE, ONCE, KNOWN))
    fires = named(m, f"{name}_fires", ~again & ~opened)
    twice = (once | known) & ~again & is_.at_once
    long_start, long_run = once & ~again & is_.shorter, known & again & is_.longer
    stable = ~(twice | long_start | long_run | (known & ~again & is_.short))
    k = Mux(fires & (once | (known & is_.shorter)), is_.run, Mux(fires & based, order.run, order.k))
    wide = order.wide | (fires & known & ~is_.equal)
    after = {
        "phase": Mux(opened, Mux(again, is_.doubled, OPEN), Mux(fires, Mux(based, ONCE, KNOWN), order.phase)),
        "kind": Mux(opened, one, Mux(fires & based, minus, order.kind)),
        "k": Mux(opened, is_.doubled_k, k),
        "wide": ~opened & Mux(fires & once, is_.equal, wide),
        "run": Mux(opened, 2, Mux(again, is_.run, 0)),
    }
    return stable, {field: after[field][: len(getattr(order, field))] for field in FIELDS}


def chosen(order: SimpleNamespace, after: SimpleNamespace, fits: Value, begins: Value) -> Value:
    """`after` where the interval fits; a new segment starts with phase OPEN and its interval as the
    shorter one."""
    fields = {field: Mux(fits, getattr(after, field), getattr(order, field)) for field in FIELDS}
    fields["phase"] = Mux(begins, OPEN, fields["phase"])
    fields["kind"] = fields["kind"] & ~begins
    return Value.cast(Cat(fields[field][: len(getattr(order, field))] for field in FIELDS))


def unpacked(order: Value) -> SimpleNamespace:
    """The fields of a packed order."""
    place, fields = 0, SimpleNamespace()
    for name, field in ORDER:
        setattr(fields, name, order[place : place + field.width])
        place += field.width
    return fields


NO_ORDER = Const(0, ORDER.size)
