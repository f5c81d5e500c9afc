"""What a network exercises, found by looking at it and at what the numpy reference says of it; for
tests that must not be idle."""

from collections import Counter

import numpy as np
from reference import Reference

from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, MEMBRANE, Network, Neuron, Population, Projection

#: Everything that the random networks together have to have.
ALL = (
    "kernel as large as the map", "stride above kernel", "padding", "row of pixels", "column of pixels", "incomplete blocks", "aligned",
    "second projection between a pair", "recurrence", "projection back", "delay ahead", "padding beyond the kernel",
    "pre-shift", "extreme weights", "window", "padded window",
    "window stride above size", "hold", "values in", "values between populations", "values out", "several inputs", "bias",
    "leak none", "leak memoryless", "leak down", "leak up", "leak odd", "reset none", "reset hard", "reset soft", "reset amount",
    "reset potential", "reset to a limit", "strict", "threshold at a limit", "saturated up", "saturated down", "several groups",
    "leaks of channels", "leaks of channels in groups", "floor", "floored", "fewer planes", "planes from 0 on", "beyond its planes",
    "planes left out", "all planes but one left out", "odd steps", "one step", "one channel of a group",
)  # fmt: skip


def features(network: Network, made: Reference, config: ChipConfig) -> Counter[str]:
    """How often each of `ALL` occurs, at most once a population or projection."""
    found: Counter[str] = Counter()
    for projection in network.projections:
        found.update(_projection(network, projection, config))
    for population in network.populations:
        found.update(_population(population, made, config))
    inputs = sum(p.neuron is None for p in network.populations)
    found.update(["several inputs"] * (inputs > 1))
    found.update(["odd steps"] * (network.steps % 2) + ["one step"] * (network.steps == 1))
    return found


def _projection(network: Network, p: Projection, config: ChipConfig) -> list[str]:
    source, weight = network.population(p.source), np.asarray(p.weight)
    kernel, low = weight.shape[-2:], -(1 << (config.weight_bits - 1))
    blocks = tuple(-(-n // b) for n, b in zip(source.shape[1:], p.pool, strict=True))
    names = [q.name for q in network.populations]
    values = source.sends_values
    pairs = [q for q in network.projections if (q.source, q.target) == (p.source, p.target)]
    held = {
        "kernel as large as the map": kernel == blocks and blocks != (1, 1) and p.padding == (0, 0),
        "stride above kernel": any(s > k for s, k in zip(p.stride, kernel, strict=True)),
        "padding": p.padding != (0, 0),
        "incomplete blocks": any(n % b for n, b in zip(source.shape[1:], p.pool, strict=True)),
        "aligned": p.kind is ALIGNED,
        "second projection between a pair": len(pairs) > 1 and p is not pairs[0],
        "recurrence": p.delay == 1 and p.source == p.target,
        "delay ahead": p.delay == 1 and names.index(p.source) < names.index(p.target),
        "padding beyond the kernel": any(n >= k for n, k in zip(p.padding, kernel, strict=True)),
        "projection back": names.index(p.source) > names.index(p.target),
        "pre-shift": p.pre_shift > 0,
        "extreme weights": config.weight_bits > 1 and weight.min() == low and weight.max() == -low - 1,
        "values between populations": values,
    }
    return [name for name, is_so in held.items() if is_so]


def _planes(neuron: Neuron, limited: int, config: ChipConfig) -> dict[str, bool]:
    return {
        "fewer planes": neuron.planes > 0,
        "planes from 0 on": neuron.relu,
        "planes left out": neuron.low > 0,
        "all planes but one left out": neuron.low > 0 and neuron.bits(config.membrane_bits) == 1,
        "beyond its planes": limited > 0,
    }


def _population(p: Population, made: Reference, config: ChipConfig) -> list[str]:
    neuron, (channels, height, width) = p.neuron, p.shape
    held = {
        "row of pixels": height == 1 < width,
        "column of pixels": width == 1 < height,
        "values in": p.value_bits > 1,
    }
    if neuron is not None:
        top = 1 << (config.membrane_bits - 1)
        theta = np.asarray(p.theta)
        leaks, hard = neuron.leak == "multiply", neuron.reset == "hard"
        held |= {
            "window": p.window is not None,
            "padded window": p.window is not None and p.window.padding > 0,
            "window stride above size": p.window is not None and p.window.stride > p.window.size,
            "hold": p.hold,
            "values out": neuron.kind is MEMBRANE,
            **_planes(neuron, made.limited[p.name], config),
            "bias": p.bias is not None and bool(np.any(p.bias)),
            "leak none": neuron.leak == "none",
            "leak memoryless": neuron.leak == "memoryless",
            **{f"leak {way}": leaks and neuron.leak_round == way for way in ("down", "up", "odd")},
            **{f"reset {way}": neuron.reset == way for way in ("none", "hard", "soft")},
            "reset amount": neuron.reset == "soft" and p.amount is not None,
            "reset potential": hard and neuron.v_reset != 0,
            "reset to a limit": hard and neuron.v_reset in (-top, top - 1),
            "leaks of channels": p.leaks is not None,
            "leaks of channels in groups": p.leaks is not None and channels > config.lanes,
            "floor": neuron.floor,
            "floored": made.floored[p.name] > 0,
            "strict": neuron.strict,
            "threshold at a limit": bool((abs(theta) >= top - 1 - neuron.strict).any()),
            "saturated up": made.up[p.name] > 0,
            "saturated down": made.down[p.name] > 0,
            "several groups": channels > config.lanes,
            "one channel of a group": channels % config.lanes == 1,
        }
    return [name for name, is_so in held.items() if is_so]
