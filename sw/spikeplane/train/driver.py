"""A chip that learns, behind any device: it does what the golden model's `Trainer` does, with the same bits.

```
    sample: per step a barrier, spikes, tokens --> VALUEs, a token --> errors, a token
            per step back a barrier for READY, the spikes again, tokens --> ENDs
    batch:  flags of every core --> UPDATE --> flags again, which wait until all weights are changed
```
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Control, Kind
from spikeplane.formats.training import (
    BARRIER_READY,
    KEEP,
    STEP_BITS,
    Phase,
    TrainingControl,
    TrainingKind,
)
from spikeplane.host.channel import rect_fields
from spikeplane.host.device import Device
from spikeplane.host.packets import AnyKind, pack_many, plane_packets, unpack_many
from spikeplane.train.errors import error_packets, told
from spikeplane.train.holding import LearningChip
from spikeplane.train.image import TrainingImage, build_training_image
from spikeplane.train.losses import mean_loss
from spikeplane.train.network import LearningNetwork, Optimiser
from spikeplane.train.plan import exact_bits
from spikeplane.train.routes import Cores, Rect
from spikeplane.train.seen import Seen
from spikeplane.train.streams import check_batch


@dataclass
class Figures:
    """Of an iteration; loss: summed over its samples; clipped: 1 if any number was limited since the last start."""

    samples: int = 0
    right: int = 0
    loss: float = 0.0
    clipped: int = 0


@dataclass(frozen=True)
class Gradients:
    """What samples add: `words` by tag, int64 in units of 2^-24, shaped as weights, and figures as those of an iteration."""

    words: dict[int, np.ndarray]
    samples: int
    right: int
    loss: float
    clipped: int


class TrainingDriver(LearningChip):
    """A chip that learns `network` in samples of `steps`. `image`: as `prepared` made it for that."""

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
        super().__init__(device, config, network, optimiser, steps=steps, image=image)
        self.clipped = 0
        self._step = self._held = 0  #: forward steps since START; samples whose gradients are on the chip
        self._values = np.zeros(0, dtype=np.uint16)
        self._tokens, self._ends = 0, set[tuple[int, int, int]]()

    # --- the chip's state

    def start(self, keep: int = 0) -> None:
        """See `LearningChip`."""
        super().start(keep)
        self._held = self._held if keep else 0
        self.on_flow = self._take
        self._step = 0

    # --- learning

    def iterate(
        self, planes: Mapping[str, np.ndarray], labels: np.ndarray, rate: float | None = None
    ) -> Figures:
        """Forward, backward and update of one batch: `planes` (N, T, C, H, W) by input, labels (N,). Raises SpikeplaneError
        and leaves the weights where a rounding saturates, or where the chip stops answering."""
        found = self.accumulate(planes, labels)
        found.clipped = self.update(len(labels), rate)
        return found

    def accumulate(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Figures:
        """Forward and backward of samples, whose gradients add up on the chip until `update`. Raises SpikeplaneError as
        `iterate` does; all gradients are forgotten then."""
        check_batch(self.network, self.config, self._held + len(labels), self.steps)
        readouts = []
        for n in range(len(labels)):
            self._held += 1
            sample = {name: values[n] for name, values in planes.items()}
            readout = self._forward(sample)[None]
            readouts.append(readout)
            self._backward(sample, self._told(readout, labels[n : n + 1])[0])
        self._refuse_overflow()
        scores = np.concatenate(readouts)
        return Figures(
            samples=len(labels),
            right=int((scores.argmax(1) == labels).sum()),
            loss=mean_loss(self.optimiser.loss, scores, labels, self.steps) * len(labels),
        )

    def update(self, samples: int, rate: float | None = None) -> int:
        """Change the weights by the gradients of so many samples; 1 if a number was limited since the last start."""
        step = self.optimiser.step(samples, self.steps, rate)
        self.control(TrainingControl.UPDATE, int(step.view(np.uint16)))
        clipped = self._clipped()
        self._held, self.iterations = 0, self.iterations + 1
        return clipped

    def gradients(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Gradients:
        """Those of samples alone, for somebody else's update: the chip forgets them. Raises SpikeplaneError as
        `accumulate` does."""
        figures = self.accumulate(planes, labels)
        clipped = self._clipped()
        self.stop()
        words = self._gradients()
        self.start()
        return Gradients(words, figures.samples, figures.right, figures.loss, clipped)

    def seen(self) -> Seen:
        """What `accumulate` has left on the chip; it goes on with the same bits."""
        self.stop()
        hidden = (p.name for p in self.network.populations if p.theta is not None)
        planes = {name: self._tape(name) for name in hidden if name in self.image.places}
        back = [name for name in self.image.places if self.image.routes.sweeps(name)]
        found = Seen(
            readout=self._values.view(np.float16).copy(),
            spikes={name: spikes for name, (spikes, _) in planes.items()},
            windows={name: windows for name, (_, windows) in planes.items()},
            deltas={name: self._deltas(name) for name in [*back, self.network.output]},
            gradients=self._gradients(),
        )
        self.start(KEEP)
        return found

    def _clipped(self) -> int:
        clipped = max(self.flags(core)["clipped"] for core in self.image.routes.cores)
        self.clipped = max(self.clipped, clipped)
        return clipped

    def readout(self, planes: Mapping[str, np.ndarray]) -> np.ndarray:
        """float16 (N, classes) of whole numbers (N, T, C, H, W) by input. Raises SpikeplaneError where a rounding saturates."""
        count = len(next(iter(planes.values())))
        samples = ({name: values[n] for name, values in planes.items()} for n in range(count))
        found = np.stack([self._forward(sample) for sample in samples])
        self._refuse_overflow()
        return found

    def _forward(self, sample: Mapping[str, np.ndarray]) -> np.ndarray:
        """The readout float16 (classes,) of one sample."""
        network, routes = self.network, self.image.routes
        self._values = np.zeros(int(np.prod(network.population(network.output).shape)), dtype=np.uint16)
        self._tokens = 0
        parts, inputs = [], routes.inputs()
        for t in range(self.steps):
            parity, last = self._step % 2, int(t == self.steps - 1)
            parts.append(self.bridge_packet(Control.BARRIER, parity))
            parts += self._planes(inputs, sample, t, Kind.SPIKE, parity=parity)
            parts += self._tokens_of(inputs, Phase.FORWARD, parity=parity, last=last)
            self._step += 1
        self.exchange(np.concatenate(parts))
        self._wait(lambda: self._tokens >= routes.count(network.output), "the readout")
        return self._values.view(np.float16)

    def _told(self, readout: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """See `told`; a rule of one's own tells other errors."""
        return told(self.optimiser, readout, labels, self.steps)

    def _backward(self, sample: Mapping[str, np.ndarray], numbers: np.ndarray) -> None:
        routes, squared = self.image.routes, self.optimiser.squared
        self._ends.clear()  # what comes later than it should says nothing of this sample
        parts = [error_packets(self.config, routes, numbers, squared=squared)]
        replays = routes.inputs(replay=True)
        for t in reversed(range(self.steps)) if replays else ():
            parts.append(self.bridge_packet(Control.BARRIER, BARRIER_READY))
            parts += self._planes(replays, sample, t, TrainingKind.REPLAY)
            parts += self._tokens_of(replays, Phase.REPLAY)
        self.exchange(np.concatenate(parts))
        self._wait(lambda: len(self._ends) >= routes.ends, "the end of the backward")

    def _planes(
        self,
        routes: Mapping[str, list[tuple[int, Rect]]],
        sample: Mapping[str, np.ndarray],
        t: int,
        kind: AnyKind,
        parity: int = 0,
    ) -> list[np.ndarray]:
        found = []
        for name, ways in routes.items():
            population = self.network.population(name)
            values = np.ones(population.shape, dtype=np.uint8) if population.constant else sample[name][t]
            for tag, rect in ways:
                fields = {"tag": tag, "parity": parity, **rect_fields(rect)}
                found.append(plane_packets(self.config, values, fields, kind))
        return found

    def _tokens_of(
        self, routes: Mapping[str, list[tuple[int, Rect]]], phase: Phase, parity: int = 0, last: int = 0
    ) -> list[np.ndarray]:
        common = {"phase": phase, "parity": parity, "last": last}
        return [
            pack_many(self.form, Kind.TOKEN, 1, {"tag": tag, **common, **rect_fields(rect)})
            for ways in routes.values()
            for tag, rect in ways
        ]

    # --- what comes back

    def _take(self, packets: np.ndarray) -> np.ndarray:
        """Values, tokens and ENDs; returns the others."""
        kind = unpack_many(self.form, packets, Kind.TOKEN, ("kind",))["kind"]
        value = kind == TrainingKind.VALUE
        if value.any():
            self._put(unpack_many(self.form, packets[value], TrainingKind.VALUE))
        token = kind == Kind.TOKEN
        self._tokens += int(unpack_many(self.form, packets[token], Kind.TOKEN, ("last",))["last"].sum())
        end = kind == TrainingKind.END
        parts = unpack_many(
            self.form, packets[end], TrainingKind.END, ("source_x", "source_y", "source_slot")
        )
        self._ends.update(zip(*(values.tolist() for values in parts.values()), strict=True))
        return packets[~(value | token | end)]

    def _put(self, found: dict[str, np.ndarray]) -> None:
        channels, height, width = self.network.population(self.network.output).shape
        channel = found["group"] * self.config.lanes + found["lane"]
        place = (channel * height + found["y"]) * width + found["x"]
        real = channel < channels
        self._values[place[real]] = found["value"][real]

    def _wait(self, come: Callable[[], bool], what: str) -> None:
        idle = 0
        while not come():
            idle = 0 if self.exchange() else idle + 1
            if idle > self.device.patience:
                raise SpikeplaneError(
                    f"the chip stopped: {what} of a sample did not come in iteration {self.iterations}; load it again"
                )

    def _refuse_overflow(self) -> None:
        for core in self.image.routes.cores:
            flags = self.flags(core)
            if flags["overflow"]:
                self._held = 0
                self.control(TrainingControl.DISCARD)
                name = self.image.routes.on(core)[flags["slot"]].name
                raise SpikeplaneError(
                    f"iteration {self.iterations}, {'backward' if flags['backward'] else 'forward'}: numbers of layer '{name}' left "
                    f"binary16 (65504) on core {core}; the weights are as before it; use a lower rate, or scale the layers"
                )


def prepared(
    network: LearningNetwork,
    config: ChipConfig,
    optimiser: Optimiser,
    *,
    batch: int,
    steps: int,
    cores: Cores | None = None,
) -> TrainingImage:
    """What a chip is loaded with to learn in batches of at most `batch` samples of `steps`; `cores`: see
    `build_training_image`. Raises SpikeplaneError for a network that it cannot learn."""
    if config.training is None:
        raise SpikeplaneError("the chip does not learn: its configuration has no table [training]; add one")
    if optimiser.momentum and not config.training.momentum:
        raise SpikeplaneError(
            "the chip learns without momentum; set momentum = true in its table [training], or use --momentum 0"
        )
    if steps > 1 << STEP_BITS:
        raise SpikeplaneError(f"a chip learns from samples of at most {1 << STEP_BITS} steps, not {steps}")
    optimiser.step(batch, steps)
    needed = exact_bits(network, batch, steps)
    if needed > config.training.exact_bits:
        raise SpikeplaneError(
            f"the network's sums take {needed} bits, and the chip has exact_bits = {config.training.exact_bits}; "
            f"set exact_bits = {needed}"
        )
    check_batch(network, config, batch, steps)
    return build_training_image(network, config, steps, cores, optimiser)
