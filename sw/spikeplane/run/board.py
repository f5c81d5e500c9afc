"""What runs a program: an abstract board, and the one that drives a device through the byte link."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from spikeplane.doors import door
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Counter
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane.host.metered import Metered
from spikeplane.host.stepwise import Stepwise, room
from spikeplane.program import Program

Progress = Callable[[int], None]


class Steps(Protocol):
    """Steps one after the other on a board that runs nothing else meanwhile."""

    @property
    def cycles(self) -> Sequence[int]:
        """Clock cycles of each step so far; empty where there is no clock."""
        ...

    def send(self, planes: dict[str, np.ndarray]) -> None:
        """The next step: per input (C, H, W)."""
        ...

    def take(self) -> tuple[dict[str, np.ndarray], float]:
        """Of the first step that was sent and not taken: per probed population int (C, H, W), and seconds."""
        ...

    def end(self) -> None:
        """No step is missing and none too many. Raises SpikeplaneError."""
        ...


class Board(ABC):
    """Runs one program. Use as a context manager: leaving it gives the device back."""

    name: str
    program: Program
    _streaming: Any = None  #: the last stream

    @abstractmethod
    def run(self, inputs: dict[str, np.ndarray], progress: Progress | None = None) -> dict[str, np.ndarray]:
        """Samples: per input population (N, T, C, H, W) -> per probed population int (N, T, C, H,
        W). `progress` is called with the number of samples done since the last call. Raises
        SpikeplaneError for inputs that `Program.planes` would not give."""

    def figures(self) -> dict[str, Any]:
        """Counts of the last run: cycles, operations, ... Empty for a board that has no clock."""
        return {}

    @property
    def room(self) -> int:
        """Steps of a stream that keep the board busy."""
        return 1

    def begin(self, *, alone: bool = True) -> Steps:  # noqa: ARG002 - others count cycles
        """Ready for step 0 of a stream; `alone`: each is sent when those before it are whole. Raises
        SpikeplaneError for a board that runs samples only."""
        raise SpikeplaneError(
            f"the board '{self.name}' runs whole samples only; stream on golden, sim or a chip"
        )

    def stream(self, samples: Any, *, window: int | None = None, ahead: int | None = None) -> Any:
        """Steps one after the other, without borders between samples and of any number: an iterator, whose items
        hold what each step gave as soon as it is whole (`spikeplane.front.stream.StreamStep`), and whose
        `summary` says how fast it was.

        samples   event recordings, planes (T, C, H, W) or (N, T, C, H, W), a step (C, H, W), or an iterable
                  of any of them; of encodings that make steps of an image, images (C, H, W) or (N, C, H, W); of
                  several inputs a mapping by name of these, or an iterable of mappings
        window    steps that the scores are of, the last ones; where None, those of an image, or all since the
                  beginning
        ahead     steps that may be on their way at once; 1 sends a step when the one before it is whole. Where None,
                  as many as keep the board busy, and 1 for an iterator, which may wait for what a step gave

        Raises SpikeplaneError for what is no step.
        """
        self._streaming = door("stream")(self, samples, window, ahead)
        return self._streaming

    @property
    def streamed(self) -> Any:
        """The `summary` of the last stream. Raises SpikeplaneError where nothing was streamed."""
        if self._streaming is None:
            raise SpikeplaneError("nothing was streamed yet; take steps first")
        return self._streaming.summary

    def close(self) -> None:  # noqa: B027 - most boards hold nothing
        """Give the device back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class DeviceBoard(Board):
    """A chip behind a byte link, simulated or real. Identifies it and loads the program on the first run.
    `verify`: reads every memory back after that."""

    #: Samples handed over at once: enough to keep the link busy, few enough for progress and Ctrl-C.
    BATCH = 4

    def __init__(
        self, device: Device, program: Program, name: str = "device", *, verify: bool = False
    ) -> None:
        self.device, self.program, self.name, self.verify = Metered(device), program, name, verify
        self.driver = Driver(self.device, program.config, program.laid, program.placement, program.image)
        self._loaded, self._figures = False, {}

    def run(self, inputs: dict[str, np.ndarray], progress: Progress | None = None) -> dict[str, np.ndarray]:
        """See Board. Raises SpikeplaneError for another chip, or one that stops answering."""
        self.program.check_planes(inputs)
        self._load()
        outputs = self.driver.run(inputs, progress)
        link = self.device.figures()
        self._figures = {**self._count(len(next(iter(inputs.values())))), "link": link}
        return outputs

    def figures(self) -> dict[str, Any]:
        """samples, cycles, cycles_per_sample, operations (accumulator words), utilisation
        (operations / (cycles * cores in use)), per core: operations, spikes, sweeps,
        packets; and of the link: see `Metered.figures`."""
        return self._figures

    @property
    def room(self) -> int:
        """See Board."""
        return room(self.program.network)

    def begin(self, *, alone: bool = True) -> Steps:
        """See Board. Raises SpikeplaneError for another chip, or one that stops answering."""
        self._load()
        self._figures = {}
        return Stepwise(self.driver, alone=alone)

    def _load(self) -> None:
        """The program is in the chip, and what passes is counted from here on."""
        if not self._loaded:
            self.driver.identify()
            self.driver.load(verify=self.verify)
            self._loaded = True
        self.device.restart()

    def close(self) -> None:
        """Close the device."""
        self.device.close()

    def _count(self, samples: int) -> dict[str, Any]:
        """The busy cycles are those until the last packet of the run, as the driver saw them."""
        counters = (Counter.OPERATIONS, Counter.SPIKES, Counter.SWEEPS, Counter.PACKETS)
        cores = list(self.program.image.cores)
        per_core = [
            {"core": list(core), **{c.name.lower(): self.driver.query(c, core) for c in counters}}
            for core in cores
        ]
        cycles = self.driver.busy_cycles
        operations = sum(row["operations"] for row in per_core)
        return {
            "samples": samples,
            "cycles": cycles,
            "cycles_per_sample": cycles / samples,
            "operations": operations,
            "utilisation": operations / (cycles * len(cores) * self.program.config.spikes_per_cycle)
            if cycles
            else 0.0,
            "cores": per_core,
        }
