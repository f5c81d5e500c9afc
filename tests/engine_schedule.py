"""A schedule for the engine of a core that learns, an input a cycle, and what has to come out of it, in Python's
integers."""

import random
from dataclasses import dataclass, field
from typing import Any

import binary16_reference as reference
import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Memory
from spikeplane.formats.training import Verb
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.port import Order

ORDER = 10  #: cycles from an order to its end
EVENT = 17  #: cycles from an event to its end, with eight lanes
LARGE = (Order.FETCH, Order.STORE, Order.DISCARD)  #: orders that keep ops out until they end


def fields(layout: Any, number: int) -> dict[str, int]:
    """A word's fields."""
    return {name: number >> field.offset & (1 << field.width) - 1 for name, field in layout}


def packed(layout: Any, values: dict[str, int]) -> int:
    """A word of these fields, 0 elsewhere."""
    word = 0
    for name, value in values.items():
        field_ = layout[name]
        assert 0 <= value < 1 << field_.width, (name, value)
        word |= value << field_.offset
    return word


@dataclass
class Schedule:
    """Inputs by cycle and port; what is expected, by cycle or in order. `exact`: bits of a word."""

    config: ChipConfig
    exact: int
    rng: random.Random
    cycle: int = 0
    inputs: dict[str, dict[int, int]] = field(default_factory=dict)
    stalls: set[int] = field(default_factory=set)
    ends: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    events: dict[int, int] = field(default_factory=dict)
    partials: list[dict[str, int]] = field(default_factory=list)
    memory: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)
    gathered: int = 0
    touched: dict[tuple[Any, ...], int] = field(default_factory=dict)

    @property
    def lanes(self) -> int:
        return self.config.lanes

    def put(self, port: str, value: int, cycle: int | None = None) -> None:
        """An input of a cycle, this one's if none is said."""
        self.inputs.setdefault(f"engine.{port}", {})[self.cycle if cycle is None else cycle] = value

    def idle(self, cycles: int = 1) -> None:
        self.cycle += cycles

    def load(self, memory: Memory | TrainingMemory, address: int, numbers: list[int]) -> None:
        """The loader writes a word of WEIGHT or DELTA."""
        self.put("write.valid", 1)
        self.put("write.memory", memory)
        self.put("write.address", address)
        self.put("write.data", sum(n << 16 * i for i, n in enumerate(numbers)))
        self.memory["d" if memory == TrainingMemory.DELTA else "w", address] = list(numbers)
        self.cycle += 1

    def order(
        self,
        order: Order,
        address: int,
        *,
        bank: int = 0,
        word: Any = None,
        numbers: Any = None,
        op: Any = None,
        pulse: bool = False,
    ) -> None:
        """An order, with an op that has to wait for it. What goes with it stands at its end, else anything."""
        begun, end = self.cycle, self.cycle + ORDER
        stays = order in LARGE and not pulse
        for cycle in range(begun, end + 1 if stays else begun + 1):
            self.put("port.pulse", int(pulse), cycle)
            self.put("port.valid", 1, cycle)
            self.put("port.order", order, cycle)
            self.put("port.address", address, cycle)
            self.put("port.bank", bank, cycle)
        for cycle in range(begun if stays else end, end + 1):
            for lane in range(self.lanes):
                self.put(f"port.word.{lane}", word[lane] if word else self.rng.getrandbits(self.exact), cycle)
                self.put(
                    f"port.numbers.{lane}", numbers[lane] if numbers else self.rng.getrandbits(16), cycle
                )
        if op is not None:
            until = end if stays else begun
            for cycle in range(begun, until + 1):
                self.put("op_valid", 1, cycle)
                self.put("op", op, cycle)
                self.stalls.add(cycle)
        self.ends[end] = self._ordered(order, address, bank, word, numbers)
        self.cycle = end + 1 if stays else begun + 1

    def _ordered(
        self, order: Order, address: int, bank: int, word: Any, numbers: Any
    ) -> dict[str, list[int]]:
        """What stands at the end of an order, after which memories are as it leaves them."""
        x, d, w = ("x", bank, address), ("D", address), ("w", address)
        zero = [0] * self.lanes
        if order == Order.TAKE:
            found, self.memory[x] = self.memory[x], zero
            self.touched[x] = self.cycle
            return {"found": found}
        if order == Order.ADD:
            self._add(x, word)
        elif order == Order.DELTA:
            self.memory["d", address] = list(numbers)
        elif order == Order.FETCH:
            return {"found": self.memory[d], "weights": self.memory[w]}
        else:
            self.memory[d] = zero
            self.touched[d] = self.cycle
            if order == Order.STORE:
                self.memory[w] = list(numbers)
        return {}

    def event(self, event: int, op: dict[str, int] | None = None) -> None:
        layout = op_layout(self.config)
        self.put("op_valid", 1)
        self.put("op", packed(layout, {**(op or {}), "is_event": 1, "event": event}))
        self.events[self.cycle + EVENT] = event
        self.cycle += 1

    def op(self, verb: Verb, **values: int) -> None:
        """An op, and what it does."""
        self.put("op_valid", 1)
        self.put("op", self.packed(verb, values))
        lanes, shift, sign = values["lanes"], values["shift"], -1 if values["negate"] else 1
        x, of_w, of_d = (
            ("x", values["bank"], values["address"]),
            ("w", values["weight_address"]),
            ("d", values["address"]),
        )
        on = [lanes >> i & 1 for i in range(self.lanes)]
        if verb == Verb.ADD:
            self._add(
                x,
                [
                    sign * (reference.units(w) << shift) * e
                    for w, e in zip(self.memory[of_w], on, strict=True)
                ],
            )
        elif verb == Verb.OUTER:
            gradient = ("D", values["weight_address"])
            self._add(
                gradient,
                [
                    sign * (reference.units(d) << shift) * e
                    for d, e in zip(self.memory[of_d], on, strict=True)
                ],
            )
        elif verb == Verb.PARTIAL:
            limb = (values["value"] ^ 0x8000) - 0x8000 << 16 * values["limb"]
            self._add(x, [limb * e for e in on])
        elif verb == Verb.ERROR:
            self.memory[of_d] = [
                values["value"] if e else d for d, e in zip(self.memory[of_d], on, strict=True)
            ]
        else:
            pairs = zip(self.memory[of_w], self.memory[of_d], on, strict=True)
            self.gathered += sum(
                sign * (reference.units(reference.mul16(w, d)[0]) << shift) for w, d, e in pairs if e
            )
            if values["ends"]:
                self._gathered(values)
        self.cycle += 1

    def packed(self, verb: Verb, values: dict[str, int]) -> int:
        return packed(op_layout(self.config), {"verb": verb, **values})

    def _add(self, where: tuple[Any, ...], addends: list[int]) -> None:
        sums = zip(self.memory[where], addends, strict=True)
        self.memory[where] = [(x + more) % (1 << self.exact) for x, more in sums]
        self.touched[where] = self.cycle

    def _gathered(self, values: dict[str, int]) -> None:
        total, self.gathered = self.gathered % (1 << self.exact), 0
        if total:
            whose = {"tag": values["tag"], "place": values["place"], "lane": values["bit"]}
            self.partials.append({**whose, "sum": total})

    def rows(self, cycles: int) -> dict[str, np.ndarray]:
        """The inputs as `Blocks.run` takes them."""
        found = {}
        for port, values in self.inputs.items():
            rows = np.zeros(cycles, object)
            for cycle, value in values.items():
                rows[cycle] = value
            found[port] = rows
        return found


def check(schedule: Schedule, found: dict[str, np.ndarray]) -> None:
    """Hold what came out against it, cycle by cycle."""
    lanes = range(schedule.lanes)
    rows = schedule.rows(len(found["engine.stall"]))
    stalled = set(
        np.flatnonzero(found["engine.stall"].astype(bool) & (rows["engine.op_valid"] == 1)).tolist()
    )
    assert stalled == schedule.stalls
    assert [int(c) for c in np.flatnonzero(found["engine.port.done"])] == sorted(schedule.ends)
    for cycle, ends in schedule.ends.items():
        for name, wanted in ends.items():
            assert [int(found[f"engine.port.{name}.{i}"][cycle]) for i in lanes] == wanted, (name, cycle)
    passed = {int(c): int(found["engine.event"][c]) for c in np.flatnonzero(found["engine.event_valid"])}
    assert passed == schedule.events
    offered = found["engine.partial.valid"].astype(bool)
    ready = rows["engine.partial.ready"] == 1
    layout = partial_layout(schedule.config)
    taken = [fields(layout, int(found["engine.partial.payload"][c])) for c in np.flatnonzero(offered & ready)]
    assert taken == schedule.partials
