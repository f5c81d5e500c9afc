"""The fields of a word of every memory of a core, for headers and manifests."""

from spikeplane.config import ChipConfig
from spikeplane.formats.layout import Layout
from spikeplane.formats.tables import Memory, core_tables


def word_layout(config: ChipConfig, memory: Memory) -> Layout:
    """The fields of a word of `memory`; where a word is a value for each lane, `lane0` and so on."""
    tables = core_tables(config)
    found = {
        Memory.PROJECTION: tables.projection,
        Memory.ROW: tables.coordinate,
        Memory.COLUMN: tables.coordinate,
        Memory.GROUP: tables.coordinate,
        Memory.POPULATION: tables.population,
        Memory.EGRESS: tables.egress,
        Memory.SCHEDULE: tables.schedule,
    }.get(memory)
    if found is not None:
        return found
    lanes = config.lanes
    each = tables.width(memory) // lanes
    return Layout(memory.name.lower(), tuple((f"lane{lane}", each) for lane in range(lanes)))
