"""Steps one after the other on a loaded chip: a sample without an end.

```
 step t:  [ended?] [cycles?] barrier, spikes, tokens ─▶ chip ─▶ spikes, tokens of step t
```
No token says `last`, so no state is cleared; the next START clears it. The counters of a step are asked for in
front of the next one's packets, which costs no turn of its own.

Any number of steps may be on their way: the bridge lets a step in when the one before the last is through the
first layer, the chip takes what it has room for, and here everything that comes is taken.
"""

import time
from collections import deque

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import SLOTS
from spikeplane.formats.packet import Control, Counter
from spikeplane.host.driver import Driver
from spikeplane.host.frames import Handed
from spikeplane.network import Network

KEPT = 100_000  #: steps whose cycles are kept, the last ones
_MASK = 0xFFFFFFFF
Planes = dict[str, np.ndarray]


def room(network: Network) -> int:
    """Steps on their way that keep a chip busy: one a layer, and one a frame that it has place for. More would wait
    in front of the chip."""
    return SLOTS + sum(p.neuron is not None for p in network.populations)


class Stepwise:
    """Runs steps on the chip of `driver` until something else runs there.

    alone   whether the next step is sent when all before it are whole: cycles are then those of one step
    """

    def __init__(self, driver: Driver, *, alone: bool = False) -> None:
        self.driver, self._alone = driver, alone
        self.sent = self.count = 0  #: steps that were sent, and those of them that were taken
        self._cycles: deque[int] = deque(maxlen=KEPT)
        self.collector = driver.start()
        self._mine, self._began = self.collector.take, 0
        driver.on_flow = self._mine
        self._handed: deque[Handed] = deque()
        self._whole: deque[float] = deque()  # when the steps that nobody has taken were whole
        self._before: Planes = {}  # what the held currents are of
        network = driver.network
        targets = [(p.source, p.target) for p in network.projections]
        self._held = {name for name, target in targets if network.population(target).hold} & {
            p.name for p in network.inputs
        }

    @property
    def cycles(self) -> deque[int]:
        """Of each step, the last `KEPT`: from its first packet at the bridge to the last one that the chip sent
        before the next step; where steps overlap, to the first packet of the next one. A step appears with the next
        one, or with `end`."""
        return self._cycles

    def send(self, planes: Planes) -> None:
        """Per input integers (C, H, W): the next step, on its way as soon as the chip has room. Raises
        SpikeplaneError if the chip stops answering, or has run something else since the last step."""
        driver, t = self.driver, self.sent
        self._check()
        changed = {} if not t else {k: planes[k] - self._before[k].astype(np.int64) for k in self._held}
        changed = {name: values for name, values in changed.items() if values.any()}
        if changed:
            self._wait(t)  # a current that is held is read until then
        asked = [Counter.RUN_ENDED] if t and self._alone else []
        questions = [driver.bridge_packet(Control.QUERY, one) for one in (*asked, Counter.CHIP_CYCLES)]
        packets = driver.step_packets(planes, 0, t, t % 2, last=False, changed=changed)
        self._handed.append(driver.post(np.concatenate([*questions, packets])))
        self._before = {name: planes[name] for name in self._held}
        self.sent += 1

    def take(self) -> tuple[Planes, float]:
        """The first step that nobody has taken, when all of it has come: per probed population int64 (C, H, W);
        seconds from its last packet's sending. Raises SpikeplaneError as `send` does."""
        driver, t = self.driver, self.count
        self._check()
        self._wait(t + 1)
        ended = driver.answer(Counter.RUN_ENDED) if t and self._alone else None
        began = driver.answer(Counter.CHIP_CYCLES)
        if t:
            self._ended(began if ended is None else ended)
        self._began, self.count = began, t + 1
        outputs = {
            probe.name: probe.steps.pop(t) if t in probe.steps else np.zeros(probe.shape, np.int64)
            for probe in self.collector.probes.values()
        }
        return outputs, self._whole.popleft() - self._handed.popleft().at

    def end(self) -> None:
        """Nothing is on its way any more. Raises SpikeplaneError if more has come than was owed, and if the
        chip was reset meanwhile."""
        self._check()
        self.driver.settle(self.collector, self.count)
        if self.count:
            self._ended(self.driver.query(Counter.RUN_ENDED))

    def _wait(self, steps: int) -> None:
        """Until `steps` steps are whole."""
        while (whole := self.count + len(self._whole)) < steps:
            self.driver.wait_for(self.collector, whole + 1)
            self._whole.extend([time.perf_counter()] * (self.collector.complete - whole))

    def _ended(self, cycles: int) -> None:
        self._cycles.append((cycles - self._began) & _MASK)

    def _check(self) -> None:
        if self.driver.on_flow is not self._mine:
            raise SpikeplaneError(
                "the stream was cut: its board has run something else; begin another stream"
            )
