"""Who learns, by name: the golden model, a simulated chip, a chip at a serial port; each with the same bits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.serial import BAUD, SerialDevice, is_port
from spikeplane.provided import provided
from spikeplane.train.chip import chip_for, placed
from spikeplane.train.course import Settings
from spikeplane.train.driver import TrainingDriver, prepared
from spikeplane.train.file import Summed
from spikeplane.train.loop import Learner
from spikeplane.train.metered import Metered
from spikeplane.train.network import Learned, LearningNetwork
from spikeplane.train.seen import Comparison, Differs

BOARDS = ("golden", "sim")


def open_learner(
    board: str, network: LearningNetwork, settings: Settings, chip: ChipConfig | None = None, verify: int = 0
) -> Learner:
    """The learner of that name, or at that serial port. `chip`: a chip, whose cores share the network (None: one core that holds it);
    `verify`: every so many iterations all weights and momenta are held against the golden model's (0: never). Raises SpikeplaneError
    for a name there is not, and for what the chip cannot learn."""
    steps = settings.encoding.steps
    golden = provided("Trainer")(network, settings.optimiser, batch=settings.batch, steps=steps)
    if board == "golden":
        if chip is not None or verify:
            raise SpikeplaneError(
                "--chip and --verify are of a chip; give --board sim, or the path of a serial port"
            )
        return golden
    if board not in BOARDS and not is_port(board):
        raise SpikeplaneError(f"--board {board}: training runs on golden, sim, or the path of a serial port")
    config = chip_for(network, settings.batch, steps, settings.optimiser) if chip is None else chip
    cores = placed(network, config, steps)
    # before a simulator is built
    image = prepared(network, config, settings.optimiser, batch=settings.batch, steps=steps, cores=cores)
    device = SerialDevice(board, BAUD) if is_port(board) else provided("SimulatedBoard")(config)
    driver = Metered(device, config, network, settings.optimiser, steps=steps, image=image)
    if is_port(board):
        driver.identify()
    driver.load()
    return Verified(driver, golden, verify) if verify else driver


class Verified:
    """A chip that is held against the golden model in every `every`th iteration: what it has before the update (`Seen`), and
    its weights."""

    def __init__(self, driver: TrainingDriver, golden: Any, every: int) -> None:
        self.driver, self.golden, self.every = driver, golden, every
        self.comparison = Comparison(driver.network)

    @property
    def compared(self) -> int:
        """Values so far."""
        return self.comparison.values

    def iterate(
        self, planes: Mapping[str, np.ndarray], labels: np.ndarray, rate: float | None = None
    ) -> Summed:
        """See `Learner`. Raises SpikeplaneError for the first value that is not the golden model's."""
        driver, golden, number = self.driver, self.golden, self.driver.iterations
        if (number + 1) % self.every:
            return driver.iterate(planes, labels, rate)
        golden.restore(driver.state(), number)
        found = driver.accumulate(planes, labels)
        try:
            self.comparison.seen(driver.seen(), golden.seen(planes, labels))
            found.clipped = driver.update(len(labels), rate)
            golden.iterate(planes, labels, rate)
            self.comparison.learned(driver.state(), golden.state())
        except Differs as error:
            raise SpikeplaneError(f"iteration {number}, {error}") from None
        return found

    @property
    def clipped(self) -> int:
        """See `Learner`."""
        return self.driver.clipped

    def readout(self, planes: Mapping[str, np.ndarray]) -> np.ndarray:
        """See `Learner`."""
        return self.driver.readout(planes)

    def state(self) -> Learned:
        """See `Learner`."""
        return self.driver.state()

    def restore(self, learned: Learned, iterations: int) -> None:
        """See `Learner`."""
        self.driver.restore(learned, iterations)
