"""What a chip's words can hold of a network's numbers, and what its shifter reaches."""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane.network.blocks import held
from spikeplane.network.table import ENTRIES


def check_signed(values: np.ndarray, bits: int, what: str) -> None:
    """Refuse values beyond `bits` bits of two's complement."""
    top = 1 << (bits - 1)
    wrong = values[(values < -top) | (values >= top)]
    if wrong.size:
        raise SpikeplaneError(
            f"{what} must be from {-top} to {top - 1} on this chip, not {int(wrong[0])}; use a "
            "chip with wider words"
        )


def check_steps(steps: int, config: ChipConfig, what: str) -> None:
    """Refuse more steps than the numbers of a chip's steps reach, or any where it has none."""
    if steps > 1 << config.step_bits or not config.step_bits:
        needed = max(1, (steps - 1).bit_length())
        raise SpikeplaneError(
            f"{what}: weights, thresholds or biases that differ in {steps} steps need a chip with step_bits = {needed} or "
            f"more, not {config.step_bits}; the chip 'auto' has what a network needs"
        )


def check_planes(neuron: Neuron, config: ChipConfig, what: str) -> None:
    """Refuse planes that the membranes do not have, that spikes do not need, or none at all."""
    membrane_bits = config.membrane_bits
    low, most = int(neuron.relu), membrane_bits - neuron.relu
    if neuron.kind.spikes and (neuron.planes or neuron.relu or neuron.low):
        raise SpikeplaneError(f"{what}: only membranes that are sent have planes")
    if not low <= neuron.planes <= most:
        raise SpikeplaneError(
            f"{what}: planes must be from {low} to {most} on a chip with {membrane_bits}-bit membranes, not "
            f"{neuron.planes}"
        )
    planes = neuron.planes or membrane_bits
    if not 0 <= neuron.low < planes:
        raise SpikeplaneError(
            f"{what}: low must be from 0 to {planes - 1}, one less than its {planes} planes, not {neuron.low}"
        )
    if neuron.low and not config.low_planes:
        raise SpikeplaneError(
            f"{what}: it leaves out its {neuron.low} lowest planes, which needs a chip with low_planes = true"
        )


def check_table(neuron: Neuron, config: ChipConfig, what: str) -> None:
    """Refuse a table of neurons that send no membranes, one that its planes do not hold, or one on a chip that has none."""
    table = neuron.table
    if table is None:
        return
    if neuron.kind.spikes or neuron.low:
        raise SpikeplaneError(
            f"{what}: a table takes the place of a membrane that is sent, with all of its planes; only these have one"
        )
    low, high = neuron.limits(config.membrane_bits)
    wrong = [value for value in table.values if not low <= value <= high]
    if len(table.values) != ENTRIES or wrong:
        found = f"with {wrong[0]}" if wrong else f"of {len(table.values)} entries"
        raise SpikeplaneError(
            f"{what}: its table must have {ENTRIES} entries from {low} to {high}, which its planes hold; it is one {found}"
        )
    if not 0 <= table.shift < config.membrane_bits:
        raise SpikeplaneError(
            f"{what}: the shift of its table must be from 0 to {config.membrane_bits - 1}, not {table.shift}"
        )
    if not config.tables:
        raise SpikeplaneError(
            f"{what}: it sends what a table has for its membrane, which needs a chip with tables = 1 or more; the chip 'auto' "
            "has what a network needs"
        )


def check_presentations(network: Network, config: ChipConfig) -> None:
    """Refuse membranes that are kept for more presentations than the chip counts."""
    kept = [p.name for p in network.populations if p.kept]
    if kept and network.presentations > config.presentations:
        raise SpikeplaneError(
            f"population '{kept[0]}' keeps its membranes through {network.presentations} presentations of a sample, which "
            f"needs a chip with presentations = {network.presentations} or more, not {config.presentations}; the chip 'auto' "
            "has what a network needs"
        )


def check_levels(population: Population, config: ChipConfig, what: str) -> None:
    """Refuse integer spikes on a chip that has none, and whatever a core cannot halve, hold or take away."""
    neuron = population.neuron
    if neuron is None or not neuron.kind.whole:
        return
    top = neuron.values(config.membrane_bits)[1]
    theta = np.zeros(1, np.int64) if population.theta is None else np.asarray(population.theta)
    if not config.levels:
        raise SpikeplaneError(f"{what}: it sends integer spikes, which needs a chip with levels = true")
    same = population.amount is None or np.array_equal(population.amount, theta)
    if neuron.strict or neuron.reset == "hard" or not (neuron.reset == "none" or same):
        raise SpikeplaneError(
            f"{what}: integer spikes are rounded, and a reset takes as many thresholds or none; give it strict = False, and "
            "a reset 'soft' without an amount, or 'none'"
        )
    limit = ((1 << (config.membrane_bits - 1)) - 1) // top
    wrong = theta[(theta < 2) | (theta % 2 == 1) | (theta > limit)]
    if wrong.size:
        raise SpikeplaneError(
            f"{what}: thresholds of integer spikes must be even, from 2 to {limit} for levels up to {top} on a chip with "
            f"{config.membrane_bits}-bit membranes, not {int(wrong[0])}"
        )


def check_weights(projection: Projection, source: Population, config: ChipConfig) -> None:
    """Refuse weights that are not stored as they are: a 1-bit weight is +1 or -1, or in a block of 0; others are
    two's complement."""
    if projection.dynamic is not None:
        return  # none is stored
    weight, what = projection.weight, f"projection '{projection.source}' to '{projection.target}'"
    if config.weight_bits > 1:
        check_signed(weight, config.weight_bits, f"{what}: weights")
        return
    stored = held(projection.kind, weight, source.shape[0], config.lanes)
    wrong = weight[(np.abs(weight) != 1) & stored]
    if wrong.size:
        raise SpikeplaneError(
            f"{what}: weights must be +1 or -1 on a chip with 1-bit weights, not {int(wrong.flat[0])}"
        )


def check_shift(projection: Projection, source: Population, config: ChipConfig) -> None:
    """Refuse planes whose significance, with the projection's pre-shift, the chip's shifter does
    not reach."""
    bits, pre = source.bits(config.membrane_bits), projection.pre_shift
    if pre < 0:
        raise SpikeplaneError(
            f"projection '{source.name}' to '{projection.target}': a pre-shift must be 0 or more, not {pre}"
        )
    if bits - 1 + pre > config.max_shift:
        shifted = f" into '{projection.target}' shifted by {pre}" if pre else ""
        raise SpikeplaneError(
            f"population '{source.name}' sends {bits}-bit values{shifted}, the chip's max_shift "
            f"{config.max_shift} allows "
            f"{max(0, config.max_shift + 1 - pre)}; use a chip with max_shift = {bits - 1 + pre}"
        )
