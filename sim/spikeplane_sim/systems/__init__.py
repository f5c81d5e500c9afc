"""Published spiking systems, small: our own models, written from the published semantics, one file each. They run on the
generated chip bit for bit, or say what they lack."""

import difflib
from collections.abc import Sequence

from spikeplane.errors import SpikeplaneError
from spikeplane_sim.systems import (
    asa_snn,
    auto_spikformer,
    cml,
    cortex,
    csnn,
    depth,
    lottery,
    ma_snn,
    psn,
    qkformer,
    residual,
    rsc,
    sdt,
    sei,
    sew,
    spikeyolo,
    spikformer,
    spikingformer,
    svformer,
    ta_snn,
    trev,
    ttfs,
)
from spikeplane_sim.systems.system import System

SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        csnn.SYSTEM, lottery.SYSTEM, *cml.SYSTEMS, *sew.SYSTEMS, *residual.SYSTEMS, rsc.SYSTEM,
        sdt.SYSTEM, trev.SYSTEM, *psn.SYSTEMS, cortex.SYSTEM, ttfs.SYSTEM, sei.SYSTEM, *qkformer.SYSTEMS, *spikformer.SYSTEMS,
        *auto_spikformer.SYSTEMS, spikingformer.SYSTEM, *spikeyolo.SYSTEMS, *depth.SYSTEMS,
        svformer.SYSTEM, *ma_snn.SYSTEMS, ta_snn.SYSTEM, asa_snn.SYSTEM,
    )
}  # fmt: skip


def named(names: Sequence[str] | None) -> list[System]:
    """Those systems, all where there are no names. Raises SpikeplaneError for a name there is not."""
    for name in names or ():
        if name not in SYSTEMS:
            close = difflib.get_close_matches(name, SYSTEMS, n=1, cutoff=0.5)
            advice = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(SYSTEMS)}"
            raise SpikeplaneError(f"no system '{name}'; {advice}")
    return [SYSTEMS[name] for name in names or SYSTEMS]
