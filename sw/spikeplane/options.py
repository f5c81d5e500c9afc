"""The options of a chip's cores: those that are switched on or off, and what checks each against the other fields of a
`ChipConfig`, or one of its kind."""

from spikeplane.dynamic import check_dynamic
from spikeplane.fused import check_fused
from spikeplane.gates import check_gates
from spikeplane.multipliers import check_shifts
from spikeplane.narrow import check_narrow
from spikeplane.swept import check_swept
from spikeplane.training import check_learning

SWITCHES = ("leak_multiplier", "low_planes", "levels", "gates", "narrow_tables", "shift_multiplier", "fused")
CHECKS = (check_dynamic, check_gates, check_swept, check_narrow, check_shifts, check_fused, check_learning)
