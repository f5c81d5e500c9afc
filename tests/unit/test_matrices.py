"""Who is who in two products of three layers' spikes: queries, keys and values by what is summed up, the dimensions that are
left, and which populations are repeated."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers import gates
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Source, Spikes
from spikeplane.importers.maps import channels_of, identity
from spikeplane.importers.memoryless import simplify
from spikeplane.importers.reused import apart
from spikeplane.importers.trace.arithmetic import added, multiplied
from spikeplane.importers.trace.axes import CHANNELS, COLUMNS, ROWS, SAMPLES, STEPS, Atom
from spikeplane.importers.trace.behind_steps import exchanged
from spikeplane.importers.trace.items import Const, Item, Matrix, Reduced
from spikeplane.importers.trace.likeness import alike
from spikeplane.importers.trace.matrices import matrices, product
from spikeplane.importers.trace.operation import Operation
from spikeplane.importers.wanted import Wanted
from spikeplane.network import Pair

SHAPE, HEADS = (8, 3, 4), 2
LEAD = (Atom(STEPS, 5),), (Atom(SAMPLES, 2),)
HEAD, INNER = (Atom(CHANNELS, HEADS, 4),), (Atom(CHANNELS, 4),)
TOKENS = (Atom(ROWS, 3), Atom(COLUMNS, 4))


class Three:
    """Populations q, k and v behind an input, and their products."""

    def __init__(self, shape: tuple[int, int, int] = SHAPE, bits: int = 1) -> None:
        self.made, self.bits, self.shape = Assembler(), bits, shape
        self.x = self.made.input("input", shape)
        self.q, self.k, self.v = (self.item(self.fires(name, self.x)) for name in "qkv")

    def fires(self, name: str, value: Any) -> Spikes:
        theta = np.ones(value.shape[0])
        return self.made.neuron(name, self.made.currents(name, value), FloatNeuron(threshold=theta))

    def item(self, value: Any, *, heads: Any = HEAD, inner: Any = INNER) -> Item:
        return Item(value, (*LEAD, heads, TOKENS, inner))

    def times(self, one: Any, other: Any) -> Any:
        made: Any = SimpleNamespace(meta={})
        operation = Operation(
            made, "matmul", "m", {}, self.made, Wanted(None, None, several_steps=True, input_bits=self.bits)
        )
        return product(operation, matrices(one, other))

    def draft(self, found: Item) -> tuple[str, Any, float]:
        assert isinstance(found.value, Currents)
        (draft,) = found.value.drafts
        assert len(set(draft.map.weight.ravel())) == 1
        return draft.source, draft.dynamic, float(draft.map.weight[0, 0, 0])


def turned(thing: Any) -> Any:
    """With its last two dimensions swapped."""
    return replace(thing, dims=(*thing.dims[:-2], thing.dims[-1], thing.dims[-2]))


ORDERS = {
    "(qk')v": lambda t, q, k, v: t(t(q, turned(k)), v),
    "(kq')'v": lambda t, q, k, v: t(turned(t(k, turned(q))), v),
    "q(k'v)": lambda t, q, k, v: t(q, t(turned(k), v)),
    "q(v'k)'": lambda t, q, k, v: t(q, turned(t(turned(v), k))),
    "((v'k)q')'": lambda t, q, k, v: turned(t(t(turned(v), k), turned(q))),
    "((k'v)'q')'": lambda t, q, k, v: turned(t(turned(t(turned(k), v)), turned(q))),
    "(v'(kq'))'": lambda t, q, k, v: turned(t(turned(v), t(k, turned(q)))),
    "(v'(qk')')'": lambda t, q, k, v: turned(t(turned(v), turned(t(q, turned(k))))),
}


@pytest.mark.parametrize("name", ORDERS)
def test_roles(name: str) -> None:
    """Whatever the order, and in whichever places the three stand."""
    three = Three()
    found = ORDERS[name](three.times, three.q, three.k, three.v)
    assert three.draft(found) == ("q", Pair("k", "v", HEADS), 1.0)
    assert found.dims == three.q.dims
    other = ORDERS[name](three.times, three.v, three.q, three.k)
    assert three.draft(other) == ("v", Pair("q", "k", HEADS), 1.0)


def test_a_matrix_says_whose_its_dimensions_are() -> None:
    three = Three()
    scores, weights = three.times(three.q, turned(three.k)), three.times(turned(three.k), three.v)
    assert isinstance(scores, Matrix)
    assert (scores.over, weights.over, scores.heads) == ("channels", "tokens", HEADS)
    assert scores.dims[:4] == (*LEAD, HEAD, TOKENS)
    assert scores.dims[4] != TOKENS
    assert [a.size for a in scores.dims[4]] == [3, 4]
    assert [a.size for d in weights.dims[3:] for a in d] == [4, 4]


def test_repeated_factors() -> None:
    """What repeats spikes of 0 and 0.5 fires of each."""
    three = Three()
    half = Spikes((Source("k", map=channels_of(SHAPE, np.eye(8)[::-1] / 2)),), SHAPE)
    found = three.times(three.times(three.q, turned(three.item(half))), three.v)
    assert three.draft(found) == ("q", Pair("k.k", "v", HEADS), 0.5)
    (p,) = (p for p in three.made.projections if p.target == "k.k")
    neuron = three.made.populations[-1].neuron
    assert neuron is not None
    assert (p.weight.max(), neuron.decay) == (1.0, 0.0)
    assert np.array_equal(np.asarray(neuron.threshold), np.ones(8))


def test_factors() -> None:
    """Of spikes, and of the product: all are one."""
    three = Three()
    gain = identity(SHAPE).scaled(np.full(8, 0.5))
    half = three.item(Spikes((Source("k", map=gain),), SHAPE))
    matrix = replace(three.times(three.q, turned(half)), factor=0.25)
    assert three.draft(three.times(matrix, three.v)) == ("q", Pair("k", "v", HEADS), 0.125)


@pytest.mark.parametrize(("heads", "inner"), [((), (Atom(CHANNELS, 8),)), ((Atom(CHANNELS, 8),), ())])
def test_one_head_and_heads_of_one_channel(heads: Any, inner: Any) -> None:
    three = Three()
    q, k, v = (three.item(item.value, heads=heads, inner=inner) for item in (three.q, three.k, three.v))
    for name, order in ORDERS.items():
        source, pair, _ = three.draft(order(three.times, q, k, v))
        assert source == "q", name
        assert pair is not None
        assert pair.heads == (8 if heads else 1), name
        assert pair.names == ("k", "v") or (heads and pair.names == ("v", "k")), (
            name
        )  # of one channel both are the same


def test_heads_in_two_dimensions() -> None:
    """Whatever their order: a head is channels behind one another."""
    three = Three()
    outer, inner = (Atom(CHANNELS, 2, 4),), (Atom(CHANNELS, 2, 2),)
    for pair in ((outer, inner), (inner, outer)):
        dims = (*LEAD, *pair, TOKENS, (Atom(CHANNELS, 2),))
        q, k, v = (replace(item, dims=dims) for item in (three.q, three.k, three.v))
        found = three.times(three.times(q, turned(k)), v)
        assert (three.draft(found)[:2], found.dims) == (("q", Pair("k", "v", 4)), dims)


def repeated(three: Three) -> dict[str, str]:
    return {a.layer: a.value for a in three.made.assumptions if a.what == "spikes of attention"}


def test_queries_that_are_keys_are_repeated() -> None:
    three = Three()
    found = three.times(three.times(three.k, turned(three.k)), three.v)
    assert three.draft(found)[:2] == ("k.q", Pair("k", "v", HEADS))
    assert repeated(three) == {"k.q": "those of k, repeated"}
    (p,) = (p for p in three.made.projections if p.target == "k.q")
    assert (p.source, np.array_equal(p.weight.ravel(), np.ones(8))) == ("k", True)


def test_queries_that_keys_come_from_are_repeated() -> None:
    """Through layers, and through an attention before; not those of the step before."""
    three = Three()
    behind = three.item(three.fires("behind", three.q.value))
    assert three.draft(three.times(three.times(three.q, turned(behind)), three.v))[0] == "q.q"
    three = Three()
    behind = three.item(three.fires("behind", three.q.value))
    assert three.draft(three.times(three.times(three.q, turned(three.k)), behind))[0] == "q.q", "values too"
    three = Three()
    first = three.times(three.times(three.q, turned(three.k)), three.v)
    second = three.item(three.fires("second", first.value))
    for name in "qkv":
        own = getattr(three, name)
        other = three.k if name == "q" else three.q
        found = three.times(three.times(own, turned(second)), other)
        assert three.draft(found)[0].startswith(f"{name}.q"), name
    three = Three()
    late = three.made.delay("late", three.q.value, 1)
    behind = three.item(three.fires("behind", late))
    assert three.draft(three.times(three.times(three.q, turned(behind)), three.v))[0] == "q"


def test_queries_that_wait_for_others_are_repeated() -> None:
    """Keys that are the queries of an attention whose keys come from these."""
    three = Three()
    three.fires("a", three.times(three.times(three.q, turned(three.k)), three.v).value)
    found = three.times(three.times(three.v, turned(three.q)), three.k)
    assert three.draft(found)[:2] == ("v.q", Pair("q", "k", HEADS))


def test_parts_and_inputs_are_repeated() -> None:
    three = Three()
    whole = three.fires("all", Spikes((Source("input"),), SHAPE))
    part = Spikes((Source("all", map=channels_of(SHAPE, np.eye(8)[::-1])),), SHAPE)
    found = three.times(three.times(three.item(whole), turned(three.item(part))), three.item(three.x))
    assert three.draft(found) == ("all.q", Pair("all.k", "input.v", HEADS), 1.0)
    assert set(repeated(three)) == {"all.k", "all.q", "input.v"}
    weights = {p.target: p.weight for p in three.made.projections}
    assert np.array_equal(weights["all.k"][..., 0, 0], np.eye(8)[::-1])


def said(three: Three, one: Any, other: Any) -> str:
    with pytest.raises(SpikeplaneError) as caught:
        three.times(one, other)
    return str(caught.value)


CANNOT = "which Spikeplane cannot represent"
OTHERS = (
    f"layer 'm' is a product of values whose dimensions are others (matmul), {CANNOT}: give queries, keys and values as (..., heads, "
    "tokens, channels of a head)"
)


def test_refused() -> None:
    three, other = Three(), Three((8, 4, 3))
    scores = three.times(three.q, turned(three.k))
    assert said(three, scores, scores).startswith("layer 'm' is a product of four layers' spikes")
    assert said(three, scores, turned(three.v)) == OTHERS
    swapped = replace(three.k, dims=(*LEAD[::-1], *three.k.dims[2:]))
    assert said(three, three.q, turned(swapped)) == OTHERS
    wide = replace(other.v, dims=(*LEAD, HEAD, (Atom(ROWS, 4), Atom(COLUMNS, 3)), INNER))
    assert said(three, scores, wide) == OTHERS
    merged = replace(three.v, dims=(*LEAD, (), (*HEAD, *TOKENS), INNER))
    assert "heads whose channels do not stand behind one another" in said(three, turned(merged), merged)
    inside = three.item(three.q.value, heads=(Atom(CHANNELS, HEADS, 1),), inner=(Atom(CHANNELS, 4, 2),))
    assert "heads whose channels do not stand behind one another" in said(three, inside, turned(inside))
    assert "over a part of the pixels" in said(three, pixels(three, ROWS), turned(pixels(three, ROWS)))
    steps = replace(three.q, dims=(LEAD[1], HEAD, TOKENS, (*LEAD[0], *INNER)))
    assert "over steps or samples" in said(three, steps, turned(steps))


def pixels(three: Three, axis: str) -> Item:
    """Rows met one by one, columns as tokens."""
    rows, columns = (Atom(ROWS, 3),), (Atom(COLUMNS, 4),)
    return replace(three.q, dims=(*LEAD, HEAD, rows, columns, INNER) if axis == ROWS else three.q.dims)


def test_no_attention_on_other_values() -> None:
    three = Three(bits=8)
    value = three.item(three.x)
    scores = three.times(three.q, turned(three.k))
    of = "layer 'm' is an attention on"
    cure = f"{CANNOT}: put neurons in front of queries, keys and values, of which no two meet"
    assert said(three, scores, value) == f"{of} something else than spikes of 0 and 1, {cure}"
    both = three.item(Spikes((Source("q"), Source("k")), SHAPE))
    assert said(three, scores, both) == f"{of} something else than spikes of 0 and 1, {cure}"
    late = three.item(Spikes((Source("q", delay=1),), SHAPE))
    assert said(three, scores, late) == f"{of} spikes of the step before, {cure}"
    small = Spikes((Source("v", map=channels_of(SHAPE, np.eye(8)[:4])),), (4, 3, 4))
    one = [three.item(item.value, heads=(), inner=(Atom(CHANNELS, 8),)) for item in (three.q, three.k)]
    few = three.item(small, heads=(), inner=(Atom(CHANNELS, 4),))
    assert said(three, three.times(one[0], turned(one[1])), few) == (
        f"layer 'm' is an attention of queries, keys and values of 8x3x4, 8x3x4, 4x3x4, {CANNOT}: give all three the same channels "
        "and pixels"
    )


def test_weights_of_the_target() -> None:
    """A factor a channel of the target's, within heads; factors of 0 and less are refused."""
    three = Three()
    found = three.times(three.times(three.q, turned(three.k)), three.v)
    gain = np.arange(1.0, 9.0)
    three.fires("a", three.made.scale(found.value, gain, np.zeros(8)))
    p = three.made.projections[-1]
    assert (p.source, p.target, p.dynamic, p.weight.shape) == ("q", "a", Pair("k", "v", HEADS), (8, 8, 1, 1))
    for o, i in np.ndindex(8, 8):
        assert p.weight[o, i, 0, 0] == (gain[o] if o // 4 == i // 4 else 0)
    for factor in (0.0, -2.0):
        with pytest.raises(SpikeplaneError) as caught:
            three.fires("b", three.made.scale(found.value, factor * gain, np.zeros(8)))
        assert str(caught.value).startswith(f"layer 'b' gets an attention times {8 * factor:g}, {CANNOT}")


def test_currents_of_attention_go_into_neurons_alone() -> None:
    """In front of another layer and in a sum a population of values sends them; a factor and an offset are none."""
    three = Three()
    found = three.times(three.times(three.q, turned(three.k)), three.v).value
    made = three.made
    assert made.scale(found, np.ones(8), np.ones(8)).attends
    for name, value in (
        ("mix", made.through("mix", found, channels_of(SHAPE, np.ones((8, 8))))),
        ("sum", made.add("sum", found, three.v.value)),
    ):
        assert isinstance(value, Currents)
        assert not value.attends
        sender = {"mix": "mix_input", "sum": "sum"}[name]
        assert sender in {draft.source for draft in value.drafts}
        assert made.sends_values(sender)
        assert made.projections[-1].dynamic == Pair("k", "v", HEADS)


def test_keys_that_nothing_else_takes_stay() -> None:
    three = Three()
    three.fires("a", three.times(three.times(three.q, turned(three.k)), three.v).value)
    three.fires("idle", three.x)
    three.made.gates.update(dict.fromkeys(("k", "v", "idle")))
    simplify(three.made, "a")
    assert [p.name for p in three.made.populations] == ["input", "q", "k", "v", "a"]


def test_factors_of_a_matrix() -> None:
    """One after the other; nothing else."""
    three = Three()
    matrix = three.times(three.q, turned(three.k))

    def done(name: str, one: Any, other: Any) -> Any:
        node: Any = SimpleNamespace(meta={"val": torch.zeros(1)})
        args = {"self": one, "other": other}
        operation = Operation(node, name, name, args, three.made, Wanted(None, None, True, 1))
        return (multiplied if name in ("mul", "div") else added)(operation)

    twice = done("mul", Const(torch.tensor(0.5)), done("div", matrix, 4.0))
    assert (twice.factor, twice.dims) == (0.125, matrix.dims)
    mask = Const(torch.eye(12, dtype=torch.float64))
    for name, other in (
        ("mul", mask),
        ("add", mask),
        ("add", 1.0),
        ("mul", three.q),
        ("mul", matrix),
        ("sub", matrix),
    ):
        with pytest.raises(
            SpikeplaneError, match=f"layer '{name}' is called with two layers' spikes multiplied"
        ):
            done(name, matrix, other)
    with pytest.raises(SpikeplaneError, match="layer 'add' is called with two layers' spikes multiplied"):
        done("add", three.q, matrix)


def test_no_mean_over_steps_meets_a_matrix_of_each() -> None:
    three = Three()
    mean = Reduced(replace(three.q, dims=three.q.dims[1:]), True, 5)
    args = {"self": mean, "other": three.times(turned(three.k), three.v)}
    node: Any = SimpleNamespace(meta={})
    operation = Operation(node, "matmul", "m", args, three.made, Wanted(None, None, True, 1))
    assert exchanged(operation, lambda _: pytest.fail("taken into the mean"), 5) is None


def test_an_attention_is_not_its_queries() -> None:
    """Nor one with other keys."""
    three = Three()
    found = three.times(three.times(three.q, turned(three.k)), three.v).value
    other = three.times(three.times(three.q, turned(three.v)), three.k).value
    assert gates.table(three.made, found, 1) is None
    assert alike(found, replace(found, drafts=tuple(replace(d) for d in found.drafts)))
    assert not alike(found, other)


def test_an_or_that_is_used_twice_as_keys() -> None:
    three = Three()
    three.fires("a", three.times(three.times(three.q, turned(three.k)), three.v).value)
    net = three.made.finish(Spikes((Source("a"),), SHAPE))
    named = apart({"k": 2, "q": 1}, net)
    assert [p.dynamic for p in named.projections if p.dynamic] == [Pair("k.1", "v", HEADS)]
