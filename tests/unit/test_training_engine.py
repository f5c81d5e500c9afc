"""The engine of a core that learns against integers: its verbs in random order on few words, so that equal addresses
come back to back, with orders between them, exact words that wrap, partials that wait."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from engine_schedule import EVENT, Schedule, check
from icarus_rows import outputs

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Memory
from spikeplane.formats.training import Verb
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.training import TrainingConfig
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.engine import Engine
from spikeplane_gateware.units.training.port import Order
from spikeplane_sim.bench import icarus
from spikeplane_sim.bench.block import Blocks

WORDS = (0, 1, 2, 127)  #: accumulator words that are used, the last one too
WEIGHTS = (0, 1, 5, 255)
WAIT = 14  #: cycles after which a delta or a weight that was written can be read


@cache
def blocks(exact: int) -> Blocks:
    return Blocks({"engine": Engine(config(exact))})


def config(exact: int) -> ChipConfig:
    training = TrainingConfig(exact_bits=exact, partial_depth=64)
    return ChipConfig(
        rows=1, cols=1, lanes=8, weight_bits=16, weight_depth=256, acc_depth=128, training=training
    )


def begun(exact: int, seed: int) -> Schedule:
    """All memories hold something known."""
    s = Schedule(config(exact), exact, random.Random(seed))
    for address in WEIGHTS:
        s.load(Memory.WEIGHT, address, numbers(s))
    for address in WORDS:
        s.load(TrainingMemory.DELTA, address, numbers(s))
    s.idle(4)
    zero = [0] * s.lanes
    for address in WEIGHTS:
        s.memory["D", address] = zero
        s.order(Order.DISCARD, address)
    for bank in range(2):
        for address in WORDS:  # what they hold is not known: take it, but do not look
            s.memory["x", bank, address] = zero
            s.order(Order.TAKE, address, bank=bank)
            s.ends[max(s.ends)] = {}
            s.idle(12)
    return s


def numbers(s: Schedule) -> list[int]:
    """Binary16 of all sizes."""
    return [
        s.rng.randrange(30) << 10 | s.rng.getrandbits(10) | s.rng.randrange(2) << 15 for _ in range(s.lanes)
    ]


def values(s: Schedule, verb: Verb) -> dict[str, int]:
    """The fields of an op: any of those that it does not use."""
    rng, layout = s.rng, op_layout(s.config)
    found = {
        name: rng.getrandbits(field.width)
        for name, field in layout
        if name not in ("verb", "is_event", "event")
    }
    found |= {
        "address": rng.choice(WORDS),
        "weight_address": rng.choice(WEIGHTS),
        "shift": rng.choice((0, 0, 0, 1, 7, 15)),
    }
    found["limb"] = rng.randrange(3)
    if verb == Verb.ERROR:
        found["value"] = numbers(s)[0]
    if verb == Verb.PARTIAL:
        found["lanes"] = 1 << rng.randrange(s.lanes)
    if verb == Verb.GATHER:
        found["ends"] = rng.random() < 0.4
    return found


def random_ops(s: Schedule, count: int, verbs: list[Verb], gaps: float) -> None:
    """So many ops, events between them; orders on words that no op is on."""
    orders = [Order.TAKE, Order.ADD]
    for _ in range(count):
        if s.rng.random() < gaps:
            s.idle(s.rng.randrange(1, 4))
        if s.rng.random() < 0.03:
            s.event(s.rng.getrandbits(op_layout(s.config)["event"].width), values(s, Verb.ADD))
        verb = s.rng.choice(verbs)
        fields = values(s, verb)
        for left in reversed(range(s.rng.choice((1, 1, 4)) if s.rng.random() < 0.05 else 0)):
            order, bank, address = s.rng.choice(orders), s.rng.randrange(2), s.rng.choice(WORDS)
            word = [s.rng.getrandbits(s.exact) for _ in range(s.lanes)]
            if order == Order.TAKE:
                s.idle(max(0, 5 - (s.cycle - s.touched["x", bank, address])))
            s.order(order, address, bank=bank, word=word, op=None if left else s.packed(verb, fields))
        s.op(verb, **fields)


def finished(s: Schedule) -> None:
    """Take every word, run the schedule and compare all of it."""
    ended(s)
    found = blocks(s.exact).run(s.rows(s.cycle), s.cycle)
    check(s, found)
    assert found["engine.quiet"][-1]


def ended(s: Schedule) -> None:
    """At the end every word is taken, and every partial; of none something is left."""
    s.op(Verb.GATHER, **{**values(s, Verb.GATHER), "ends": 1})
    s.idle(30)
    for address in WEIGHTS:
        s.order(Order.FETCH, address, op=s.packed(Verb.ADD, values(s, Verb.ADD)))
        s.idle(2)
    for bank in range(2):
        for address in WORDS:
            s.order(Order.TAKE, address, bank=bank)
            s.idle(12)
    s.idle(EVENT + 3 * len(s.partials) + 200)
    rng = np.random.default_rng(s.cycle)
    for cycle in range(s.cycle):
        s.put("partial.ready", int(rng.random() < 0.8), cycle)


def wait_for_partials(s: Schedule, before: int) -> None:
    """So that no more wait than the queue holds."""
    s.idle(3 * (len(s.partials) - before))


@pytest.mark.parametrize("exact", [36, pytest.param(48, marks=pytest.mark.slow)])
@pytest.mark.parametrize("gaps", [0.0, 0.4])
def test_random_ops(exact: int, gaps: float) -> None:
    s = begun(exact, exact)
    for _ in range(8):
        waiting = len(s.partials)
        random_ops(s, 150, [Verb.ADD, Verb.OUTER, Verb.GATHER, Verb.PARTIAL], gaps)
        wait_for_partials(s, waiting)
        s.idle(WAIT)
        for _ in range(3):
            s.op(Verb.ERROR, **values(s, Verb.ERROR))
        s.order(Order.DELTA, s.rng.choice(WORDS), numbers=numbers(s))
        s.idle(WAIT)
        s.order(Order.STORE, s.rng.choice(WEIGHTS), numbers=numbers(s))
        s.idle(WAIT)
    assert len(s.partials) > 100
    assert len(s.events) > 20
    assert len(s.stalls) > 20
    finished(s)


@pytest.mark.parametrize("verb", [Verb.ADD, Verb.OUTER])
def test_one_word_again_and_again(verb: Verb) -> None:
    """Every distance between equal addresses, and sums that wrap."""
    s = begun(36, verb)
    for pattern in range(1 << 6):
        for place in range(6):
            fields = {**values(s, verb), "bank": 0, "negate": 0, "shift": 12, "lanes": 255}
            word = pattern >> place & 1
            s.op(verb, **{**fields, "address": WORDS[word], "weight_address": WEIGHTS[word]})
    finished(s)


def test_fetches_and_stores_right_behind_each_other() -> None:
    """As pulses, where no ops come: a word's STORE and the next one's FETCH in turn."""
    s = begun(36, 7)
    random_ops(s, 60, [Verb.OUTER, Verb.ADD], 0.0)
    s.idle(EVENT)
    for address in WEIGHTS:
        s.order(Order.FETCH, address, pulse=True)
        s.idle(3)
        s.order(
            Order.STORE,
            s.rng.choice([a for a in WEIGHTS if a < address] or [address]),
            numbers=numbers(s),
            pulse=True,
        )
        s.idle(3)
    for address in WEIGHTS[1::2]:
        s.order(Order.DISCARD, address, pulse=True)
    s.idle(WAIT)
    finished(s)


@pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}")
def test_four_states(tmp_path: Path) -> None:
    """On Icarus, where registers hold nothing known before reset: controls are always known, results when they are
    valid."""
    s = begun(36, 5)
    random_ops(s, 60, [Verb.ADD, Verb.OUTER, Verb.GATHER, Verb.PARTIAL], 0.2)
    ended(s)
    rows = outputs(blocks(36).packed, s.rows(s.cycle), s.cycle, tmp_path)
    for control in ("stall", "port.done", "event_valid", "partial.valid", "quiet"):
        assert not any("x" in bits for bits in rows[f"engine.{control}"]), control
    known = {
        key: np.array([int(b, 2) if "x" not in b else -1 for b in bits], object) for key, bits in rows.items()
    }
    check(s, known)
    assert len(s.partials) > 3
