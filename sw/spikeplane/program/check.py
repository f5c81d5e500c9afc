"""Whether a program can run, and runs alike on the golden model and on every chip of its configuration.

    structure ─▶ input, output, numbers ─▶ placement ─▶ bounds proved again ─▶ memory words
    ─▶ tables for people

Types are `file`'s business. Every rule here is one that the golden model or a chip needs; both
refuse, or neither.
"""

from typing import TYPE_CHECKING

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import LEAK_ONE, Network, Population, is_stepped
from spikeplane.program.bounds import prove
from spikeplane.program.fused import check_fused_network
from spikeplane.program.laid import check_together, pairs_of
from spikeplane.program.once import prove_once
from spikeplane.program.placement import groups_of
from spikeplane.program.sizes import check_sizes, check_tags
from spikeplane.program.structure import check_structure
from spikeplane.program.tables import check_tables
from spikeplane.program.values import (
    check_levels,
    check_planes,
    check_presentations,
    check_signed,
    check_steps,
    check_table,
    check_weights,
)
from spikeplane.program.words import check_words

if TYPE_CHECKING:
    from spikeplane.program.program import Program

_READOUTS = ("count", "last", "sum", "early")
VALUES = 1 << 26  #: values of a sample at most, of all populations in all steps: boards hold them at once


def check(program: "Program") -> None:
    """Raise SpikeplaneError, one line, for the first thing that is wrong."""
    network, config = program.network, program.config
    config.require_cores()
    check_structure(network)
    _check_input(program)
    _check_outputs(program)
    for population in network.populations:
        _check_numbers(population, program)
        _check_hold(population, program)
    _check_steps(network, config)
    check_presentations(network, config)
    for projection in network.projections:
        check_weights(projection, network.population(projection.source), config)
    _check_placement(program)
    check_tags(program.laid, config, list(program.probes))
    check_sizes(network, config)
    check_fused_network(network, config)
    prove(network, config)
    prove_once(network, config)
    check_words(program)
    check_tables(program)


def _check_input(program: "Program") -> None:
    """Inputs of what their encodings give."""
    network = program.network
    _check_constants(network)
    if not network.inputs:
        raise SpikeplaneError("a program has an input, which drives its steps; this one has none")
    for name in program.others:
        if name not in program.inputs[1:]:
            raise SpikeplaneError(f"there is an encoding for '{name}', which is no further input")
    for found in network.inputs:
        _check_driven(found, program.encodings[found.name], network.steps)
    if program.values > VALUES:
        raise SpikeplaneError(
            f"a sample has {program.values:,} values in all populations and steps, at most "
            f"{VALUES:,} can be run"
        )


def _check_driven(found: Population, encoding: Encoding, steps: int) -> None:
    if (found.value_bits, found.signed) != (encoding.bits, encoding.signed):
        signs = [" signed" if signed else "" for signed in (found.signed, encoding.signed)]
        raise SpikeplaneError(
            f"input '{found.name}' takes {found.value_bits}-bit{signs[0]} values, the encoding "
            f"'{encoding.kind}' gives {encoding.bits}{signs[1]}"
        )
    arrays = (found.theta, found.amount, found.bias, found.leaks, found.window)
    if found.hold or any(array is not None for array in arrays):
        raise SpikeplaneError(
            f"input '{found.name}' has thresholds, a bias, a window or holds its current; only neurons do"
        )
    if found.fold != encoding.copies or found.shape[0] % found.fold:
        raise SpikeplaneError(
            f"input '{found.name}' has {found.fold} steps in its {found.shape[0]} channels, the encoding gives "
            f"{encoding.copies}"
        )
    if found.once and encoding.kind != "latency":
        raise SpikeplaneError(
            f"input '{found.name}' fires once a sample, the encoding '{encoding.kind}' does not"
        )
    if steps != encoding.steps:
        raise SpikeplaneError(f"the network runs {steps} steps, the encoding gives {encoding.steps}")


def _check_constants(network: Network) -> None:
    """They send ones."""
    for p in network.populations:
        plain = p.neuron is None and p.value_bits == 1 and not p.signed and not p.hold
        if p.constant and not (plain and p.theta is p.amount is p.bias is p.leaks is p.window is None):
            raise SpikeplaneError(f"constant population '{p.name}' sends 1 everywhere and has nothing else")


def _check_outputs(program: "Program") -> None:
    """The host takes the output, and what nobody else takes: whoever sends nowhere would wait for
    credits for ever."""
    network, probes = program.network, program.probes
    if program.readout not in _READOUTS:
        raise SpikeplaneError(
            f"the readout must be {', '.join(_READOUTS[:-1])} or {_READOUTS[-1]}, not '{program.readout}'"
        )
    known = [p.name for p in network.populations if p.neuron is not None]
    for name in probes:
        if name not in known:
            raise SpikeplaneError(f"there is no population '{name}' to probe; there are {', '.join(known)}")
        if probes.count(name) > 1:
            raise SpikeplaneError(f"population '{name}' is probed twice")
    for name in known:
        if name not in probes and (name == network.output or not network.sends(name)):
            raise SpikeplaneError(f"population '{name}' is not probed, and nothing else takes what it sends")


def _check_numbers(population: Population, program: "Program") -> None:
    """Thresholds, amounts and resets are membranes; biases are currents."""
    neuron, config, what = population.neuron, program.config, f"population '{population.name}'"
    if neuron is None:
        return
    if population.value_bits != 1:
        raise SpikeplaneError(f"{what}: only an input has value_bits, not {population.value_bits}")
    if population.signed:
        raise SpikeplaneError(f"{what}: only an input has signed values")
    _check_leaks(population, what)
    bits = config.membrane_bits
    check_planes(neuron, config, what)
    check_table(neuron, config, what)
    check_levels(population, config, what)
    for name, values, width in (
        ("thresholds", population.theta, bits),
        ("reset amounts", population.amount, bits),
        ("biases", population.bias, config.acc_bits),
    ):
        if values is not None:
            check_signed(values, width, f"{what}: its {name}")
    check_signed(np.array([neuron.v_reset]), bits, f"{what}: its reset potential")


def _check_leaks(population: Population, what: str) -> None:
    """Parts of 1; one a channel only of neurons that multiply, whose `leak_value` then says nothing."""
    neuron, leaks = population.neuron, population.leaks
    assert neuron is not None
    if leaks is not None and (neuron.leak != "multiply" or neuron.leak_value):
        raise SpikeplaneError(
            f"{what}: leaks of its own a channel take a leak 'multiply' and a leak_value of 0, not "
            f"'{neuron.leak}' and {neuron.leak_value}"
        )
    for value in (neuron.leak_value, *([] if leaks is None else [leaks.min(), leaks.max()])):
        if not 0 <= value <= LEAK_ONE:
            raise SpikeplaneError(f"{what}: its leak_value must be from 0 to {LEAK_ONE}, not {int(value)}")


def _check_steps(network: Network, config: ChipConfig) -> None:
    """Weights and numbers by step are there for all steps of a sample, and no others."""
    found = [
        (f"projection '{p.source}' to '{p.target}'", len(p.weight))
        for p in network.projections
        if is_stepped(p)
    ]
    for p in network.populations:
        for values in (p.theta, p.amount, p.bias, p.leaks):
            if values is not None and values.ndim > 1:
                found.append((f"population '{p.name}'", len(values)))
    for what, steps in found:
        if steps != network.steps:
            raise SpikeplaneError(
                f"{what} has weights, thresholds or biases for {steps} steps, a sample has {network.steps}; run it for {steps}"
            )
        check_steps(steps, config, what)


def _check_hold(population: Population, program: "Program") -> None:
    """The host sends a held current once a sample: only an input that is the same in every step may be."""
    network = program.network
    incoming = network.incoming(population.name)
    alike = {p.name for p in network.populations if p.constant}
    alike |= {name for name, encoding in program.encodings.items() if encoding.kind == "direct"}
    same = all(p.source in alike and p.dynamic is None for p in incoming)
    if population.hold and any(is_stepped(p) for p in incoming):
        raise SpikeplaneError(
            f"population '{population.name}' holds its current, whose weights differ from step to step"
        )
    if population.hold and not same:
        raise SpikeplaneError(
            f"population '{population.name}' holds its current, which takes an encoding 'direct' "
            "and nothing but the input in front"
        )


def _check_placement(program: "Program") -> None:
    """Every channel group of every population on exactly one core, once a core, in a slot of its own."""
    network, config, placement = program.laid, program.config, program.placement
    neurons = {p.name: p for p in network.populations if p.neuron is not None}
    taken: set[tuple[object, ...]] = set()
    for part in placement.parts:
        if part.population not in neurons:
            raise SpikeplaneError(
                f"there is no population '{part.population}' to place; there are {', '.join(neurons)}"
            )
        x, y = part.core
        what = f"population '{part.population}' on core {part.core}"
        if not (0 <= x < config.cols and 0 <= y < config.rows):
            raise SpikeplaneError(
                f"{what}: the chip has cores from (0, 0) to ({config.cols - 1}, {config.rows - 1})"
            )
        if not 0 <= part.slot < config.populations:
            raise SpikeplaneError(f"{what}: slot {part.slot} of {config.populations}")
        for place in ((part.core, part.slot), (part.core, part.population)):
            if place in taken:
                raise SpikeplaneError(f"{what}: slot {part.slot} is taken, or another part of it is there")
            taken.add(place)
    for name, population in neurons.items():
        _check_cover(
            name, sorted((p.first, p.groups) for p in placement.of(name)), groups_of(population, config)
        )
        for pair in pairs_of(network, name):
            check_together(pair, name, placement)


def _check_cover(name: str, parts: list[tuple[int, int]], total: int) -> None:
    reached = 0
    for first, groups in parts:
        if first != reached or groups < 1:
            break
        reached += groups
    else:
        if reached == total:
            return
    shown = ", ".join(f"{first} to {first + groups - 1}" for first, groups in parts[:20]) or "nothing"
    raise SpikeplaneError(f"population '{name}' has the channel groups 0 to {total - 1}, placed are {shown}")
