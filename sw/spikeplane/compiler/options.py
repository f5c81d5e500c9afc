"""What a POPULATION word says of the options of a chip: rows of dynamic memory, tables, presentations."""

from collections.abc import Callable

from spikeplane.compiler.allocate import Allocator
from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.layout import lanes_word
from spikeplane.formats.tables import AnyMemory
from spikeplane.formats.value_tables import ENTRIES, OptionMemory
from spikeplane.network import Network, Neuron, Population
from spikeplane.program.laid import dynamic_rows
from spikeplane.program.laid_parts import PairPopulation, Writer
from spikeplane.program.placement import Part
from spikeplane.program.values import check_presentations, check_table


class Options:
    """Of one core: put(memory, address, word) puts words, `space` hands out their addresses."""

    def __init__(
        self,
        network: Network,
        config: ChipConfig,
        space: Allocator,
        put: Callable[[AnyMemory, int, int], None],
    ) -> None:
        self.network, self.config, self.space, self.put = network, config, space, put
        self.rows: dict[int, int] = {}  #: by tag of a dynamic projection its first row of dynamic memory
        self.tables: dict[tuple[int, ...], int] = {}  #: by entries the number of a table

    def words(self, population: Population, neuron: Neuron, part: Part, what: str) -> dict[str, int]:
        """The fields of a part. Raises SpikeplaneError where there is no room, or no such option."""
        return {
            **self._rows(population, part, what),
            **self._table(neuron, what),
            **self._presented(population),
        }

    def _rows(self, population: Population, part: Part, what: str) -> dict[str, int]:
        """Where a pair population's words go, and those of a gate: into rows of dynamic memory."""
        if not isinstance(population, Writer):
            return {}
        lanes = self.config.lanes
        rows = dynamic_rows(population, part.groups, lanes)
        first = self.rows[population.reader] = self.space.take("dynamic", rows, what)
        if not isinstance(population, PairPopulation):
            return {"sink": Sink.ROWS, "row_base": first // lanes}
        return {
            "sink": Sink.OUTER,
            "pair_groups": population.words,
            "value_groups": population.words,
            "head": population.head,
            "row_base": first // lanes,
            "row_blocks": rows // lanes,
        }

    def _table(self, neuron: Neuron, what: str) -> dict[str, int]:
        """Which table a population of values has. Equal ones are stored once."""
        table = neuron.table
        check_table(neuron, self.config, what)
        if table is None:
            return {}
        if table.values not in self.tables:
            first = self.space.take("table", ENTRIES, what)
            self.tables[table.values] = first // ENTRIES
            for i, entry in enumerate(table.values):
                self.put(OptionMemory.TABLE, first + i, lanes_word([entry], self.config.membrane_bits))
        return {"tabled": 1, "table": self.tables[table.values], "table_shift": table.shift}

    def _presented(self, population: Population) -> dict[str, int]:
        """Presentations of a sample behind which its membranes become 0."""
        if not population.kept or self.network.presentations == 1:
            return {}
        check_presentations(self.network, self.config)
        return {"presentations_last": self.network.presentations - 1}
