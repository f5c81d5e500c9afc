"""Whether weights that were trained on a grid (`spikeplane.nn`) are the program's."""

import numpy as np

from spikeplane.compiler.factors import factors, weights
from spikeplane.compiler.layers import per_channel
from spikeplane.compiler.widths import gridded
from spikeplane.float_network import Assumption, FloatNetwork
from spikeplane.log import logger
from spikeplane.program import Program

_log = logger(__name__)
ON_GRID = 1e-5  #: relative error of a population's weights from which they are not kept
_MATTERS = 0.01  #: of the threshold: less, added up over all weights of a channel, is told and no warning


def told_grids(net: FloatNetwork, program: Program) -> list[Assumption]:
    """The layers whose trained steps the program's chip has no room for, logged as warnings where that may change more
    than a few spikes. Layers of fewer bits than were trained were asked for."""
    trained = dict(gridded(net))
    found = []
    for row in program.tables["quantisation"]:
        name, config = row["population"], program.config
        bits = [trained[p.layer] for p in net.incoming(name) if p.layer in trained]
        if bits and row["weight_bits"] >= max(bits) and row["error"] > ON_GRID:
            moved = lost(net, program, name)
            why = (
                f"steps of some channels are finer than {config.membrane_bits}-bit membranes and {config.acc_bits}-bit "
                f"accumulators hold beside its threshold, which moves currents by up to {100 * moved:.2g} % of it; "
                "a chip with wider ones keeps them (try 'large', 'auto')"
            )
            found.append(Assumption(layer=name, what="trained grid", value="not kept", why=why))
            if moved > _MATTERS:
                _log.warning("layer '%s': its trained grid is not kept: %s", name, why)
    return found


def lost(net: FloatNetwork, program: Program, target: str) -> float:
    """By how much the rounding of weights moves a channel's currents at most, in thresholds, of a readout in its largest
    current; 1 where the program has other synapses."""
    real, whole = weights(net, program, target)
    if real.keys() != whole.keys():
        return 1.0
    unit, neuron = factors(net, program, target, real, whole), net.population(target).neuron
    assert neuron is not None
    changed, most = np.zeros(len(unit)), np.zeros(len(unit))
    for key, weight in real.items():
        source, pool = program.network.population(key[0]), key[5]
        largest = max(map(abs, source.values(program.config.membrane_bits))) * pool[0] * pool[1]
        kept = whole[key] * unit.reshape(-1, *[1] * (weight.ndim - 1))
        changed += np.abs(weight - kept).reshape(len(unit), -1).sum(1) * largest
        most += np.abs(weight).reshape(len(unit), -1).sum(1) * largest
    if neuron.threshold is None:
        return float(changed.max() / (most.max() or 1.0))
    threshold = np.abs(per_channel(neuron.threshold, len(unit)))
    return float((changed / np.where(threshold > 0, threshold, np.inf)).max())
