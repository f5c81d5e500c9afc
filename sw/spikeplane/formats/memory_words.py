"""The fields of a word of every memory of a core, for headers and manifests."""

from spikeplane.config import ChipConfig
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.tables import AnyMemory, Memory, core_tables, parameter_parts
from spikeplane.formats.training_tables import CHUNK_STEPS, TrainingMemory, backward_layout, train_layout
from spikeplane.formats.value_tables import OptionMemory


def word_layout(config: ChipConfig, memory: AnyMemory) -> Layout:
    """The fields of a word of `memory`; where a word is a value for each lane, `lane0` and so on."""
    tables = core_tables(config)
    found: Layout | None = {
        Memory.PROJECTION: tables.projection,
        Memory.ROW: tables.coordinate,
        Memory.COLUMN: tables.coordinate,
        Memory.GROUP: tables.coordinate,
        Memory.POPULATION: tables.population,
        Memory.EGRESS: tables.egress,
        Memory.SCHEDULE: tables.schedule,
        OptionMemory.TABLE: Layout("table", (("value", config.membrane_bits),)),
        TrainingMemory.TAPE: Layout("tape", (("spikes", config.lanes), ("windows", config.lanes))),
        TrainingMemory.BACKWARD: backward_layout(config, SLOT_BITS),
        TrainingMemory.TRAIN: train_layout(config),
        TrainingMemory.COLUMNS: Layout("columns", (("steps", CHUNK_STEPS),)),
    }.get(memory)
    if found is not None:
        return found
    lanes = config.lanes // (parameter_parts(config) if memory == Memory.PARAMETER else 1)
    each = tables.width(memory) // lanes
    return Layout(memory.name.lower(), tuple((f"lane{lane}", each) for lane in range(lanes)))
