"""Where a core keeps what it needs for streamed gradients, and what its memory words say of it."""

from collections.abc import Sequence

import numpy as np

from spikeplane.compiler.allocate import Allocator
from spikeplane.compiler.synapses import Synapses
from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.training_tables import gradient_depth, streams
from spikeplane.train.kept import Stream
from spikeplane.train.network import LearningNetwork
from spikeplane.train.routes import LearningPart
from spikeplane.train.streams import group_by_group, is_streamed, weight_words

Fields = dict[str, int]


class StreamPlaces:
    """Places on a core, of which `space` gives the words. On a chip without streamed gradients nothing but weights.

    The first weight words have words of GRADIENT beside them: they are those of projections that are not streamed.
    """

    def __init__(
        self, network: LearningNetwork, config: ChipConfig, space: Allocator, parts: Sequence[LearningPart]
    ) -> None:
        self.network, self.config, self.space = network, config, space
        self._first: dict[int, int] = {}
        self._history: dict[str, int] = {}
        self._streams: dict[int, Stream] = {}
        training = config.training
        if training is None or not training.streamed:
            return
        space.available |= {
            "stream_sources": training.stream_sources,
            "stream_targets": training.stream_targets,
            "gradient": gradient_depth(config),
            "acc": config.acc_depth - 1,  # gradients are added up in the last one
        }
        space.used |= {"stream_sources": 0, "stream_targets": 0, "gradient": 0}
        found = [(tag, part.groups) for part in parts for tag in network.tags_into(part.name)]
        for tag, groups in sorted(found, key=lambda one: not self._stores(one[0])):
            p = network.projections[tag]
            what, words = f"projection {p.name}", weight_words(network, p, groups, config.lanes)
            space.take("gradient", words * self._stores(tag), what)
            self._first[tag] = space.take("weight", words, what)

    def streamed(self, tag: int) -> bool:
        """Whether the projection's gradient is."""
        return is_streamed(self.network, self.network.projections[tag], self.config)

    def first(self, tag: int, words: int, what: str) -> int:
        """The first weight word of a projection."""
        return self._first[tag] if streams(self.config) else self.space.take("weight", words, what)

    def population(self, name: str, words: int, what: str) -> Fields:
        """Fields of POPULATION: where its deltas are kept, if they are."""
        training = self.config.training
        if training is None or not any(map(self.streamed, self.network.tags_into(name))):
            return {}
        place = self.space.take("stream_targets", words, what)
        self._history[name] = self.config.acc_depth + place * training.stream_steps
        return {"keeps": 1, "history": self._history[name]}

    def projection(
        self, tag: int, order: np.ndarray, synapses: Synapses, groups: int, what: str
    ) -> tuple[np.ndarray, Fields, Fields]:
        """The words of a projection in their order, and fields of PROJECTION and TRAIN; tables are changed in place."""
        if not self.streamed(tag):
            return order, {}, {}
        columns = len(order) // groups
        column = self.space.take("stream_sources", columns, what)
        away = (column - self._first[tag]) % (1 << bits_for(self.config.weight_depth))
        history = self._history[self.network.projections[tag].target]
        self._streams[tag] = Stream(column, columns, history)
        train = {"streamed": 1, "column": column, "columns": columns, "history": history}
        return group_by_group(order, synapses, groups), {"streams": 1, "column": away}, train

    def stream(self, tag: int) -> Stream | None:
        """Where the projection's gradient comes from, if it is streamed."""
        return self._streams.get(tag)

    def _stores(self, tag: int) -> bool:
        return self.network.projections[tag].trained and not self.streamed(tag)
