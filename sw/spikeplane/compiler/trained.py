"""Whether weights that were trained on a grid (`spikeplane.nn`) are the program's."""

from spikeplane.compiler.widths import gridded
from spikeplane.float_network import Assumption, FloatNetwork
from spikeplane.log import logger
from spikeplane.program import Program

_log = logger(__name__)
ON_GRID = 1e-5  #: relative error of a population's weights from which they are not kept


def told_grids(net: FloatNetwork, program: Program) -> list[Assumption]:
    """The layers whose trained steps the program's chip has no room for, logged as warnings too. Layers of fewer bits
    than were trained were asked for."""
    trained = dict(gridded(net))
    found = []
    for row in program.tables["quantisation"]:
        name, config = row["population"], program.config
        bits = [trained[p.layer] for p in net.incoming(name) if p.layer in trained]
        if bits and row["weight_bits"] >= max(bits) and row["error"] > ON_GRID:
            why = (
                f"steps of some channels are finer than {config.membrane_bits}-bit membranes and {config.acc_bits}-bit "
                "accumulators hold beside its threshold; a chip with wider ones keeps them (try 'large', 'auto')"
            )
            found.append(Assumption(layer=name, what="trained grid", value="not kept", why=why))
            _log.warning("layer '%s': its trained grid is not kept: %s", name, why)
    return found
