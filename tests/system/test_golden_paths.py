"""The golden model's int8 path against the plain one, in every value: random networks of all kinds, on every set of
instructions that this processor has, and the edges of what a byte and 32 bits hold."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatings import latched
from gatings import planes as gating_planes
from mixed import mixed
from networks import random_network
from test_random import CHIPS
from test_random_mixed import CHIPS as MIXED_CHIPS

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import ALIGNED, LEVELS, MEMBRANE, SPIKING, Network, Neuron, Population, Projection
from spikeplane.toolchain import byte_products
from spikeplane_sim.golden import GoldenModel, int8
from spikeplane_sim.golden.int8 import binding
from spikeplane_sim.golden.int8.digits import digits_of

pytestmark = pytest.mark.skipif(byte_products() is None, reason="no g++, or a processor without SSSE3")
Planes = dict[str, np.ndarray]
Draw = Callable[[int, ChipConfig], tuple[Network, Planes]]
#: The kernel's ways to multiply; a processor that has the first has all.
WAYS = {"own": (), "avx2": ("-mno-avx512f",), "ssse3": ("-mno-avx",)}
NARROW: dict[str, Any] = {"membrane_bits": 16, "acc_bits": 24}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kernel of one of these ways takes the place of this processor's own."""
    found = binding.kernel(*WAYS[request.param])
    monkeypatch.setattr(int8, "kernel", lambda: found)
    return request.param


def steps(model: GoldenModel, planes: Planes) -> list[dict[str, torch.Tensor]]:
    """Everything that a model tells in each step: what populations send, and v."""
    potentials: dict[str, torch.Tensor] = {}
    found = []
    for outputs in model.steps(planes, potentials):
        found.append(dict(outputs) | {f"v of {name}": v for name, v in potentials.items()})
    return found


def alike(network: Network, planes: Planes, *, membrane_bits: int, acc_bits: int) -> GoldenModel:
    """Both paths, with equal values of equal types; the fast model."""
    widths: dict[str, Any] = {"membrane_bits": membrane_bits, "acc_bits": acc_bits}
    plain, fast = (GoldenModel(network, path=path, **widths) for path in ("plain", "int8"))
    assert not plain.fast
    for t, (one, other) in enumerate(zip(steps(plain, planes), steps(fast, planes), strict=True)):
        assert one.keys() == other.keys()
        for name, values in one.items():
            assert other[name].dtype == values.dtype, name
            assert torch.equal(other[name], values), f"{name} in step {t}"
    return fast


def uses(model: GoldenModel) -> Counter[str]:
    """What the kernel did."""
    found: Counter[str] = Counter()
    for name, fast in model.fast.items():
        population, tags = model.network.population(name), list(fast.synapses)
        taken = [model.network.projections[tag] for tag in tags]
        neuron = population.neuron
        assert neuron is not None
        found.update({
            "projections": len(taken),
            "aligned": sum(p.kind is ALIGNED for p in taken),
            "pixels apart": sum(p.up != (1, 1) for p in taken),
            "pools": sum(p.pool != (1, 1) for p in taken),
            "delayed": sum(p.delay for p in taken),
            "several digits": sum(len(fast.synapses[tag].digits) > 1 for tag in tags),
            "values below 0": sum(fast.synapses[tag].digits[-1].offset > 0 for tag in tags),
            "beside plain ones": 0 < len(taken) < len(fast.tags),
            "windows": bool(taken) and population.window is not None,
            "through": bool(taken) and fast.through,
        })  # fmt: skip
        if fast.neurons is not None:
            found.update([f"leak {neuron.leak}", f"reset {neuron.reset}", f"kind {neuron.kind.tag[:6]}"])
            found["tables"] += neuron.table is not None
            found["leaks by channel"] += population.leaks is not None
    return found


def check(chips: dict[str, ChipConfig], draw: Draw, seeds: range, needed: tuple[str, ...]) -> None:
    """Networks of all these seeds; more of them until everything that is needed took place."""
    found: Counter[str] = Counter()
    for seed in range(seeds.start, seeds.stop + 40):
        for config in chips.values():
            network, planes = draw(seed, config)
            widths = {"membrane_bits": config.membrane_bits, "acc_bits": config.acc_bits}
            found += uses(alike(network, planes, **widths))
        if seed >= seeds.stop - 1 and all(found[name] for name in needed):
            return
    raise AssertionError([name for name in needed if not found[name]])


@cache
def plainly(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    return random_network(seed, config, apart=0.4, levels=0.3)


@cache
def together(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    return mixed(seed, config)


#: Of chips whose currents fit 32 bits.
SMALL = {name: config for name, config in CHIPS.items() if config.acc_bits < 32}

PLAIN = (
    "projections", "aligned", "pools", "pixels apart", "delayed", "windows", "through", "leak none", "leak multiply",
    "leak memoryless", "kind spikin", "kind membra", "kind levels", "reset none", "reset hard", "reset soft",
)  # fmt: skip
TOGETHER = (
    "projections",
    "beside plain ones",
    "tables",
    "values below 0",
    "leaks by channel",
    "several digits",
)


def test_random_networks(way: str) -> None:
    check(SMALL, plainly, range(3), PLAIN)


def test_mixed_networks(way: str) -> None:
    """Attention, gates, tables, numbers by step."""
    check({"core-8": MIXED_CHIPS["core-8"]}, together, range(6, 12), TOGETHER)


@pytest.mark.slow
def test_many_networks(way: str) -> None:
    check(SMALL, plainly, range(100, 140), PLAIN)
    check(MIXED_CHIPS, together, range(100, 110), TOGETHER)


def test_membranes_of_several_presentations(way: str) -> None:
    """Those that are kept go on from one to the next; a model is run twice, and two streams of it side by side."""
    network, planes = latched(), gating_planes((4, 2, 2), 4)
    fast = alike(network, planes, membrane_bits=16, acc_bits=24)
    expected = steps(fast, planes)
    for one, two, right in zip(fast.steps(planes), fast.steps(planes), expected, strict=True):
        for name in one:
            assert torch.equal(one[name], right[name])
            assert torch.equal(two[name], right[name])


def convolution(weight: np.ndarray, bits: int = 8, *, signed: bool = False, **more: Any) -> Network:
    """An input (C, 4, 4) and membranes."""
    channels = weight.shape[1] if weight.ndim == 4 else len(weight)
    source = Population(name="in", shape=(channels, 4, 4), value_bits=bits, signed=signed)
    target = Population(name="out", shape=(len(weight), 4, 4), neuron=Neuron(kind=MEMBRANE, reset="none"))
    projection = Projection(
        source="in", target="out", weight=weight, padding=(weight.shape[-1] // 2,) * 2, **more
    )
    return Network(populations=(source, target), projections=(projection,), output="out", steps=1)


@pytest.mark.parametrize("extreme", [-128, 127])
@pytest.mark.parametrize(
    ("bits", "signed", "value"), [(8, False, 255), (8, True, -128), (16, True, -32768), (7, False, 127)]
)
def test_ends_of_a_byte(way: str, extreme: int, bits: int, value: int, *, signed: bool) -> None:
    """The largest sums of 5 channels and 9 pixels, by hand; five channels make runs that are no fours."""
    network = convolution(np.full((17, 5, 3, 3), extreme), bits, signed=signed)
    planes = {"in": np.full((2, 1, 5, 4, 4), value)}
    fast = alike(network, planes, membrane_bits=30, acc_bits=30)
    assert fast.fast["out"].synapses
    assert int(fast.run(planes)["out"][0, 0, 16, 1, 1]) == 45 * extreme * value


@pytest.mark.parametrize("weight", [-129, 128])
@pytest.mark.parametrize("shape", [(2, 3, 3, 3), (2, 3, 3)])
def test_weights_beyond_a_byte_go_the_plain_way(weight: int, shape: tuple[int, ...]) -> None:
    weights = np.ones(shape, dtype=int)
    kind: dict[str, Any] = {"kind": ALIGNED} if len(shape) == 3 else {}
    planes = {"in": np.full((1, 1, 3 if len(shape) == 4 else 2, 4, 4), 3)}
    assert alike(convolution(weights, **kind), planes, **NARROW).fast["out"].synapses
    weights[0, 0, 0] = weight
    assert not alike(convolution(weights, **kind), planes, **NARROW).fast["out"].synapses


def test_values_that_no_input_has_go_the_plain_way(way: str) -> None:
    """A pixel of 9 bits where 8 were told; also where a pool has room for it."""
    cases: list[dict[str, Any]] = [{}, {"pool": (2, 2)}]
    for more in cases:
        network = convolution(np.full((2, 3, 3, 3), 5), **more)
        if more:
            pooled = replace(network.populations[1], shape=(2, 2, 2))
            network = replace(network, populations=(network.populations[0], pooled))
        for value in (256, -1, 1000, 255):
            planes = {"in": np.full((1, 1, 3, 4, 4), value)}
            assert alike(network, planes, membrane_bits=24, acc_bits=24).fast["out"].synapses


@pytest.mark.parametrize(("shift", "acc_bits", "taken"), [(29, 30, True), (30, 31, False)])
def test_sums_at_the_edge(way: str, shift: int, acc_bits: int, *, taken: bool) -> None:
    """Currents below 2^30 are added in 32 bits; of one more bit all are plain."""
    network = convolution(np.full((1, 1, 1, 1), -1), bits=1, pre_shift=shift)
    planes = {"in": np.ones((1, 1, 1, 4, 4), dtype=int)}
    fast = alike(network, planes, membrane_bits=30, acc_bits=acc_bits)
    assert bool(fast.fast) is taken
    assert int(fast.run(planes)["out"].max()) == -(1 << 29)


def test_sums_that_wrap_on_the_way(way: str) -> None:
    """Three digits of seven bits, the offset of the highest: what is between leaves 32 bits, the currents do not."""
    values = convolution(np.full((2, 8, 1, 1), 127), bits=16, signed=True, pre_shift=4)
    planes = {"in": np.random.default_rng(2).integers(-32768, 32768, (3, 1, 8, 4, 4))}
    assert alike(values, planes, membrane_bits=30, acc_bits=30).fast["out"].synapses


def test_wide_membranes_go_the_plain_way() -> None:
    network, planes = random_network(0, CHIPS["core-16"])
    assert not alike(network, planes, membrane_bits=32, acc_bits=32).fast


def neurons(neuron: Neuron, **numbers: Any) -> Network:
    """Channels that get what the input sends."""
    network = convolution(np.eye(2, dtype=int).reshape(2, 2, 1, 1), 16, signed=True)
    target = replace(network.populations[1], neuron=neuron, **numbers)
    return replace(network, populations=(network.populations[0], target), steps=4)


def test_products_of_wide_membranes(way: str) -> None:
    """Membranes of 20 bits times a leak of 16."""
    network = neurons(Neuron(kind=MEMBRANE, leak="multiply", leak_value=60001, reset="none"))
    planes = {"in": np.full((1, 40, 2, 4, 4), 32767)}
    fast = alike(network, planes, membrane_bits=20, acc_bits=20)
    assert fast.fast["out"].neurons is not None
    assert int(fast.run(planes)["out"].max()) > 1 << 18


@pytest.mark.parametrize("way_to_round", ["up", "odd"])
def test_the_least_that_a_leak_cuts(way: str, way_to_round: Any) -> None:
    """Of u = 1 a leak of 1 / 65536 leaves a product whose lowest bit alone is cut: it is rounded to 1."""
    network = neurons(
        Neuron(kind=MEMBRANE, leak="multiply", leak_value=1, leak_round=way_to_round, reset="none")
    )
    planes = {"in": np.zeros((1, 4, 2, 4, 4), dtype=int)}
    planes["in"][:, 0] = 1
    fast = alike(network, planes, **NARROW)
    assert fast.fast["out"].neurons is not None
    assert fast.run(planes)["out"][:, :, 0, 0, 0].tolist() == [[1, 1, 1, 1]]


def test_levels_of_large_thresholds_go_the_plain_way() -> None:
    planes = {"in": np.full((1, 4, 2, 4, 4), 30000)}
    for theta, taken in ((100, True), (1 << 22, True), (1 << 23, False)):
        network = neurons(Neuron(kind=LEVELS[127], reset="soft"), theta=np.full(2, theta))
        fast = alike(network, planes, membrane_bits=26, acc_bits=20)
        assert (fast.fast["out"].neurons is not None) is taken


def test_membranes_that_are_given_stay(way: str) -> None:
    """A stream goes on from them and leaves them as they are."""
    network = neurons(Neuron(kind=MEMBRANE, reset="none"))
    model = GoldenModel(network, path="int8", **NARROW)
    given = torch.full((1, 2, 4, 4), 5, dtype=torch.int32)
    membranes = {"out": given}
    for _ in model.stream([{"in": torch.full((1, 2, 4, 4), 3)}] * 2, membranes=membranes):
        pass
    assert torch.equal(membranes["out"], torch.full_like(given, 11))
    assert torch.equal(given, torch.full_like(given, 5))


def test_currents_that_leave_the_accumulators(way: str) -> None:
    network, planes = convolution(np.full((1, 3, 3, 3), 127)), {"in": np.full((1, 1, 3, 4, 4), 255)}
    for path in ("plain", "int8"):
        with pytest.raises(
            SpikeplaneError, match=r"^population 'out': a current of 874395 exceeds the 18-bit accumulator"
        ):
            GoldenModel(network, membrane_bits=16, acc_bits=18, path=path).run(planes)


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images in three threads, one of them alone in its own."""
    monkeypatch.setattr("spikeplane_sim.golden.int8.layer._ALONE", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    planes = {"in": np.random.default_rng(0).integers(0, 256, (5, 1, 5, 4, 4))}
    alike(convolution(np.random.default_rng(1).integers(-128, 128, (9, 5, 3, 3))), planes, **NARROW)


@pytest.mark.parametrize("bits", [7, 8])
def test_digits(bits: int) -> None:
    """All of a range's ends and some between come back from their digits, each within its bits."""
    ranges = (
        (0, 1), (0, 127), (0, 128), (0, 255), (0, 65535), (-1, 0), (-128, 127), (-129, 0), (-64, 63), (-65, 1), (-32768, 32767),
    )  # fmt: skip
    for low, high in ranges:
        digits = digits_of(low, high, bits)
        for value in {low, high, 0, low // 2, high // 3}:
            found = [((value >> d.place) + d.offset) & ((1 << bits) - 1) for d in digits]
            assert sum((f - d.offset) << d.place for f, d in zip(found, digits, strict=True)) == value
    assert len(digits_of(0, 255, 8)) == 1
    assert len(digits_of(-128, 127, 8)) == 1
    assert digits_of(0, 1 << 24, 8) == []


def test_who_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, then the variable, then whether there is a compiler."""
    network = convolution(np.ones((1, 1, 3, 3), dtype=int))
    cases = (
        ("plain", None, False), ("plain", "int8", True), ("int8", None, True), ("", None, True), ("int8", "plain", False),
    )  # fmt: skip
    for variable, path, fast in cases:
        monkeypatch.setenv("SPIKEPLANE_GOLDEN", variable)
        assert bool(GoldenModel(network, path=path, **NARROW).fast) is fast, (variable, path)


def test_refusals(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    network = convolution(np.ones((1, 1, 3, 3), dtype=int))
    with pytest.raises(
        SpikeplaneError, match=r"^no path 'int4' of the golden model; choose from auto, plain, int8$"
    ):
        GoldenModel(network, path="int4", **NARROW)
    monkeypatch.setenv("PATH", "/nowhere")
    assert byte_products() is None
    assert not GoldenModel(network, path="auto", **NARROW).fast
    with pytest.raises(
        SpikeplaneError,
        match=r"^the golden model's int8 path needs g\+\+ and a processor with SSSE3, not found: ",
    ):
        GoldenModel(network, path="int8", **NARROW)

    def broken() -> None:
        raise SpikeplaneError("g++ says no")

    monkeypatch.setattr(int8, "kernel", broken)
    with pytest.raises(SpikeplaneError, match=r"^g\+\+ says no$"):
        GoldenModel(network, path="int8", **NARROW)
    with caplog.at_level(logging.WARNING, "spikeplane"):
        assert not GoldenModel(network, path="auto", **NARROW).fast
    assert "takes its plain path: g++ says no" in caplog.text


def test_a_compiler_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPIKEPLANE_CACHE", str(tmp_path))
    monkeypatch.setattr(binding, "_FLAGS", (*binding._FLAGS, "-DDIGIT="))
    with pytest.raises(
        SpikeplaneError, match=r"^g\+\+ could not build the golden model's int8 path: .*error"
    ):
        binding.kernel()


def test_more_images_than_a_cache_holds(way: str) -> None:
    """Membranes and what is found of each lie where its own are."""
    source = Population(name="in", shape=(2, 40, 40), value_bits=8)
    target = Population(
        name="out", shape=(8, 40, 40), neuron=Neuron(kind=MEMBRANE, leak="multiply", leak_value=40000)
    )
    weight = np.random.default_rng(3).integers(-9, 9, (8, 2, 1, 1))
    network = Network(
        populations=(source, target),
        projections=(Projection(source="in", target="out", weight=weight),),
        output="out",
        steps=3,
    )
    planes = {"in": np.random.default_rng(4).integers(0, 256, (5, 3, 2, 40, 40))}
    alike(network, planes, **NARROW)


def test_soft_resets_that_leave_the_membranes(way: str) -> None:
    """v = theta less its amount is below -32768, and above 32767: it ends there."""
    spiking = Neuron(kind=SPIKING, reset="soft")
    network = neurons(spiking, theta=np.array([-1000, 1000]), amount=np.array([32767, -32767]))
    planes = {"in": np.zeros((1, 4, 2, 4, 4), dtype=int)}
    for step, values in enumerate(((-500, 1000), (2000, -2000))):
        planes["in"][0, step] = np.reshape(values, (2, 1, 1))
    assert alike(network, planes, **NARROW).fast["out"].neurons is not None
