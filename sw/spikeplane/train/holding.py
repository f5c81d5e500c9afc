"""What a chip that learns holds: loaded, stopped, read, and started again.

```
    load, restore --> memories --> START               (gradients become 0)
    STOP --> until nothing is under way --> read --> START keep (gradients stay)
```
"""

from collections.abc import Iterable

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Control, Counter
from spikeplane.formats.tables import Memory
from spikeplane.formats.training import KEEP, VALUE_BITS, TrainingControl
from spikeplane.formats.training_flags import TRAINING_FLAGS
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane.host.channel import Channel
from spikeplane.host.device import Device
from spikeplane.host.memories import read_words
from spikeplane.host.writes import write_packets
from spikeplane.train.image import TrainingImage
from spikeplane.train.kept import Place, bit_rows
from spikeplane.train.network import Learned, LearningNetwork, Optimiser
from spikeplane.train.numbers import read_numbers, write_numbers
from spikeplane.train.routes import Core
from spikeplane.train.stream_reads import read_stream

#: Weight words that a core changes, at the least, while an exchange waits in vain (200,000 cycles of a simulated chip).
_UPDATED = 2000
#: Counters that nobody else asks a core for.
_UNASKED = (Counter.SWEEPS, Counter.PACKETS)
_COUNTERS = (Memory.SCHEDULE, TrainingMemory.BACKWARD)
_CALM = 2  #: times that all cores say so: a packet between them arrives meanwhile
_ROUNDS = 10_000  #: of asking


class LearningChip(Channel):
    """A chip with the memories of `image`, for samples of `steps`."""

    def __init__(
        self,
        device: Device,
        config: ChipConfig,
        network: LearningNetwork,
        optimiser: Optimiser,
        *,
        steps: int,
        image: TrainingImage,
    ) -> None:
        super().__init__(device, config)
        self.network, self.optimiser, self.image, self.steps = network, optimiser, image, steps
        self.iterations = 0

    def load(self) -> None:
        """Write every memory of every core, and start, whatever the chip was doing."""
        self.mark()
        every = [(x, y) for y in range(self.config.rows) for x in range(self.config.cols)]
        self._drop_answers(every)
        self.stop(every)
        self.bridge(Control.STOP)
        for core, words in self.image.words.items():
            self.exchange(write_packets(self.config, core, words))
        self.start()
        self.check_mark()

    def _drop_answers(self, cores: Iterable[Core]) -> None:
        """Those that a session before has asked for and not taken: each would be taken for a later one. They come in front
        of an answer to a question that is asked nowhere else, or are one, of a session that broke off here: so two are asked."""
        for core in cores:
            for counter in _UNASKED:
                self.query(counter, core, self._update_waits())
                self.forget()

    def stop(self, cores: Iterable[Core] | None = None) -> None:
        """STOP, and wait until nothing is under way. Raises SpikeplaneError where it does not end."""
        self.control(Control.STOP)
        wanted, calm = list(self.image.routes.cores if cores is None else cores), 0
        for _ in range(_ROUNDS):
            calm = 0 if any(self.flags(core)["busy"] for core in wanted) else calm + 1
            if calm == _CALM:
                return
        raise SpikeplaneError("the chip was stopped, and does not come to rest; reset it, and load it again")

    def start(self, keep: int = 0) -> None:
        """Counters as they stand before step 0, then START: nothing is under way. With KEEP gradients stay."""
        for core in self.image.routes.cores:
            counters = [word for word in self.image.words[core] if word[0] in _COUNTERS]
            self.exchange(write_packets(self.config, core, counters))
        routes = self.image.routes
        self.bridge(Control.CREDITS, routes.host_due())
        self.bridge(TrainingControl.READIES, routes.host_due(replay=True))
        self.control(Control.START, keep)

    def flags(self, core: Core) -> dict[str, int]:
        """What it says of itself (`TRAINING_FLAGS`), once a change of its weights is done."""
        return TRAINING_FLAGS.unpack(self.query(Counter.FLAGS, core, self._update_waits()))

    def _update_waits(self) -> int:
        """Exchanges in vain that the largest core's update may take."""
        words: dict[Core, int] = {}
        for kept in (kept for parts in self.image.kept.values() for kept in parts):
            words[kept.core] = words.get(kept.core, 0) + len(kept.order)
        return max(words.values()) // _UPDATED

    # --- weights

    def state(self) -> Learned:
        """Weights and momenta as they are on the chip."""
        image, network = self.image, self.network
        self.stop()
        found = Learned(
            read_numbers(self, image, network, Memory.WEIGHT, range(len(network.projections))),
            read_numbers(self, image, network, TrainingMemory.MOMENTUM, self._moved),
        )
        self.start(KEEP)
        return found

    def restore(self, learned: Learned, iterations: int) -> None:
        """Go on from these weights and momenta, behind so many iterations."""
        self.stop()
        write_numbers(self, self.image, Memory.WEIGHT, learned.weights)
        momenta = {tag: learned.momenta[tag] for tag in self._moved}
        write_numbers(self, self.image, TrainingMemory.MOMENTUM, momenta)
        self.start()
        self.iterations = iterations

    @property
    def _moved(self) -> list[int]:
        """The projections that have momenta."""
        trained = (tag for tag, p in enumerate(self.network.projections) if p.trained)
        return list(trained) if self.optimiser.momentum else []

    # --- what is there before an update; the chip is stopped

    def _gradients(self) -> dict[int, np.ndarray]:
        assert self.config.training is not None
        bits, found = self.config.training.exact_bits, {}
        for tag, parts in self.image.kept.items():
            p = self.network.projections[tag]
            if p.trained:
                found[tag] = np.zeros(p.weight.shape, dtype=np.int64)
                for kept in parts:
                    if kept.stream is not None:
                        kept.place_sums(read_stream(self, kept, kept.stream), found[tag])
                        continue
                    words = read_words(self, kept.core, TrainingMemory.GRADIENT, kept.first, len(kept.order))
                    kept.sum_up(words, bits, found[tag])
        return found

    def _tape(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Spikes and windows of a hidden population, (T, C, H, W)."""
        lanes = self.config.lanes

        def rows(place: Place, words: int) -> np.ndarray:
            found = read_words(self, place.part.core, TrainingMemory.TAPE, place.tape, self.steps * words)
            return bit_rows(found, 2 * lanes).reshape(self.steps, words, 2, lanes)

        whole = self._whole(name, [rows(place, words) for place, words in self._sizes(name)])
        return whole[:, 0], whole[:, 1]

    def _deltas(self, name: str) -> np.ndarray:
        """Of the last step that was computed, float16 (C, H, W)."""

        def rows(place: Place, words: int) -> np.ndarray:
            found = read_words(self, place.part.core, TrainingMemory.DELTA, place.acc, words)
            raw = b"".join(word.to_bytes(self.config.lanes * VALUE_BITS // 8, "little") for word in found)
            return np.frombuffer(raw, "<u2").view(np.float16).reshape(1, words, 1, self.config.lanes)

        return self._whole(name, [rows(place, words) for place, words in self._sizes(name)])[0, 0]

    def _sizes(self, name: str) -> list[tuple[Place, int]]:
        """Its places, by the first channel, and how many words each has."""
        _, height, width = self.network.population(name).shape
        places = sorted(self.image.places[name], key=lambda place: place.part.first)
        return [(place, place.part.groups * height * width) for place in places]

    def _whole(self, name: str, rows: list[np.ndarray]) -> np.ndarray:
        """(T, words, kinds, lanes) of each part to (T, kinds, C, H, W)."""
        channels, height, width = self.network.population(name).shape
        found = np.concatenate(rows, axis=1)
        steps, _, kinds, lanes = found.shape
        found = found.reshape(steps, -1, height, width, kinds, lanes).transpose(0, 4, 1, 5, 2, 3)
        return np.ascontiguousarray(found.reshape(steps, kinds, -1, height, width)[:, :, :channels])
