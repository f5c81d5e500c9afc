"""Which networks run on a chip with fused words (`ChipConfig.fused`), where a membrane and the sum of its next step are one word in
one bank: what is left of the membrane, and the bias, lie there before the first spike of the step comes.
"""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import LEAK_ONE, Network, Population, Projection

_ADVICE = "use a chip with fused = false"


def check_fused_network(network: Network, config: ChipConfig) -> None:
    """Raise SpikeplaneError for the first thing that needs a bank of its own."""
    if not config.fused:
        return
    for population in network.populations:
        what = f"population '{population.name}'"
        if population.hold:
            raise SpikeplaneError(
                f"{what} holds its current, and a chip with fused words has no place for that beside the membranes; {_ADVICE}"
            )
        if (
            population.window is not None
            and population.neuron is not None
            and not population.neuron.stateless
        ):
            raise SpikeplaneError(
                f"{what} has membranes behind a window, and a chip with fused words has no place for them beside the accumulators of "
                f"the window; {_ADVICE}, or neurons without memory there"
            )
    for projection in network.projections:
        if projection.delay and _before(network, projection):
            raise SpikeplaneError(
                f"projection '{projection.source}' to '{projection.target}' is delayed, and with fused words '{projection.source}' "
                f"would wait for the sweep of '{projection.target}' in the same step, which waits for it; {_ADVICE}"
            )


def _before(network: Network, delayed: Projection) -> bool:
    """Whether a step of its source is swept before that of its target, which has to end before its spikes come: forward
    projections order their sources before their targets, others that are delayed the other way round."""
    after: dict[str, list[str]] = {}
    for p in network.projections:
        first, second = (p.target, p.source) if p.delay else (p.source, p.target)
        after.setdefault(first, []).append(second)
    reached, left = {delayed.source}, [delayed.source]
    while left:
        found = [name for name in after.get(left.pop(), ()) if name not in reached]
        reached.update(found)
        left += found
    return delayed.target in reached


def kept_range(population: Population, config: ChipConfig) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most that a step leaves of a membrane, by channel or for all: arrays (C,) or (1,), int64; 0 where words
    hold no membrane."""
    neuron = population.neuron
    if not config.fused or neuron is None or neuron.stateless:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    factor = np.array([LEAK_ONE], dtype=np.int64)
    if neuron.leak == "multiply":
        factor = (
            np.array([neuron.leak_value]) if population.leaks is None else np.atleast_1d(population.leaks)
        )
    top = 1 << config.membrane_bits - 1
    least, most = -top * factor.astype(np.int64), (top - 1) * factor.astype(np.int64)
    return least // LEAK_ONE, -(-most // LEAK_ONE)
