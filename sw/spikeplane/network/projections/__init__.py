"""The kinds of projections. A new one is a file here, a file of its golden rule
(`spikeplane_sim.golden.projections`), and a row in each of the two lists."""

from spikeplane.network.projections.aligned import ALIGNED
from spikeplane.network.projections.dense import DENSE
from spikeplane.network.projections.kind import ProjectionKind

__all__ = ["ALIGNED", "DENSE", "KINDS", "ProjectionKind"]

#: By tag.
KINDS: dict[str, ProjectionKind] = {kind.tag: kind for kind in (DENSE, ALIGNED)}
