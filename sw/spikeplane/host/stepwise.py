"""Steps one after the other on a loaded chip: a sample without an end.

```
 step t:  [ended?] [cycles?] barrier, spikes, tokens ─▶ chip ─▶ spikes, tokens of step t
```
No token says `last`, so no state is cleared; the next START clears it. The counters of a step are asked for in
front of the next one's packets, which costs no turn of its own.
"""

from collections import deque

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Control, Counter
from spikeplane.host.driver import Driver

KEPT = 100_000  #: steps whose cycles are kept, the last ones
_MASK = 0xFFFFFFFF


class Stepwise:
    """Runs steps on the chip of `driver` until something else runs there."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.count = driver, 0
        self._cycles: deque[int] = deque(maxlen=KEPT)
        self.collector = driver.start()
        self._mine, self._began = self.collector.take, 0
        driver.on_flow = self._mine

    @property
    def cycles(self) -> deque[int]:
        """Of each step, the last `KEPT`: from its first packet at the bridge to the last one that the chip sent
        before the next step. A step appears with the next one, or with `end`."""
        return self._cycles

    def step(self, planes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Per input integers (C, H, W) -> per probed population int64 (C, H, W), when all of it has come.
        Raises SpikeplaneError if the chip stops answering, or has run something else since the last step."""
        driver, t = self.driver, self.count
        self._check()
        asked = [Counter.RUN_ENDED, Counter.CHIP_CYCLES] if t else [Counter.CHIP_CYCLES]
        questions = [driver.bridge_packet(Control.QUERY, counter) for counter in asked]
        driver.exchange(np.concatenate([*questions, driver.step_packets(planes, 0, t, t % 2, last=False)]))
        driver.wait_for(self.collector, t + 1)
        if t:
            self._ended(driver.answer(Counter.RUN_ENDED))
        self._began = driver.answer(Counter.CHIP_CYCLES)
        self.count += 1
        return {
            probe.name: probe.steps.pop(t) if t in probe.steps else np.zeros(probe.shape, np.int64)
            for probe in self.collector.probes.values()
        }

    def end(self) -> None:
        """Nothing is on its way any more. Raises SpikeplaneError if more has come than was owed, and if the
        chip was reset meanwhile."""
        self._check()
        self.driver.settle(self.collector, self.count)
        if self.count:
            self._ended(self.driver.query(Counter.RUN_ENDED))

    def _ended(self, cycles: int) -> None:
        self._cycles.append((cycles - self._began) & _MASK)

    def _check(self) -> None:
        if self.driver.on_flow is not self._mine:
            raise SpikeplaneError(
                "the stream was cut: its board has run something else; begin another stream"
            )
