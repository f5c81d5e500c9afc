"""The host driver: loads a program through the byte link, streams planes, collects what comes back.

One code path for every device: it knows only bytes out and bytes in.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Control, Counter, Kind
from spikeplane.formats.tables import AnyMemory, Memory
from spikeplane.host import memories
from spikeplane.host.channel import Channel, rect_fields
from spikeplane.host.collect import Collector, Part, Probe
from spikeplane.host.device import Device
from spikeplane.host.packets import pack_many, plane_packets
from spikeplane.host.writes import write_packets
from spikeplane.log import logger
from spikeplane.network import Network
from spikeplane.program.image import Image
from spikeplane.program.placement import Placement

_log = logger(__name__)
_ROUNDS = 1000  #: of asking a stopped chip whether it rests
_GROUP = 64  #: cycles that a sweep takes for a group beside its words, with room


class Driver(Channel):
    """A loaded chip. `network`, `placement` and `image` say what runs where; `device` is the board."""

    def __init__(
        self, device: Device, config: ChipConfig, network: Network, placement: Placement, image: Image
    ) -> None:
        super().__init__(device, config)
        self.network, self.placement, self.image = network, placement, image
        self.busy_cycles = 0  #: of the last run, from its first step to its last result
        self._at_rest = True  #: nothing of a run of ours is on its way; loading outlasts one of another's

    def load(self, progress: Callable[[int], None] | None = None, *, verify: bool = False) -> None:
        """Stop the chip and write every memory of every core; with `verify` read all of it back. Raises
        SpikeplaneError if it is reset meanwhile, or holds something else than was written."""
        self.mark()
        self.control(Control.STOP)
        self.bridge(Control.STOP)
        for core, words in self.image.words.items():
            self.exchange(self.write_packets(core, words))
            _log.debug("core %s: %d words", core, len(words))
            if progress:
                progress(len(words))
        self.bridge(Control.CREDITS, self.image.credits)
        self.link.flush()
        if verify:
            memories.verify(self, self.image.words)
        self.check_mark()
        total = sum(len(words) for words in self.image.words.values())
        _log.info("loaded %d words into %d cores", total, len(self.image.words))

    def read(self, core: tuple[int, int], memory: AnyMemory, first: int, count: int) -> list[int]:
        """Words of a memory of a core (x, y) that is stopped (`stop`); see `memories.read_words`."""
        return memories.read_words(self, core, memory, first, count)

    def write_packets(self, core: tuple[int, int], words: Sequence[tuple[AnyMemory, int, int]]) -> np.ndarray:
        """WRITE packets: a seek where memory or address jump, then each word's chunks."""
        return write_packets(self.config, core, words)

    def run(
        self, inputs: dict[str, np.ndarray], progress: Callable[[int], None] | None = None
    ) -> dict[str, np.ndarray]:
        """Run samples: `inputs` per input population, integers (N, T, C, H, W), each presented as often as the network
        takes it. Returns, per probed population, int (N, T, C, H, W), of the last presentation. Raises SpikeplaneError if
        the chip stops answering."""
        samples, steps = next(iter(inputs.values())).shape[:2]
        times = self.network.presentations
        _log.info("running %d samples of %d steps", samples, steps)
        collector = self.start()
        told = 0
        for packets in self._ahead(inputs, samples * times, steps):
            self.exchange(packets)
            whole = collector.complete // (steps * times)
            if progress and whole > told:
                progress(whole - told)
                told = whole
        outputs = self.collect(collector, samples, steps)
        if progress:
            progress(samples - told)
        return outputs

    def collect(self, collector: Collector, samples: int, steps: int) -> dict[str, np.ndarray]:
        """What `run` returns, once the packets of all steps have been sent by whomever. Raises
        SpikeplaneError as `run` does."""
        total = samples * steps * self.network.presentations
        self.wait_for(collector, total)
        self.settle(collector, total)
        self.busy_cycles = (self.query(Counter.RUN_ENDED) - self.query(Counter.RUN_STARTED)) & 0xFFFFFFFF
        self._at_rest = True
        _log.debug("%d samples took %d cycles", samples, self.busy_cycles)
        return {p.name: self._stack(p, samples, steps) for p in collector.probes.values()}

    def wait_for(self, collector: Collector, steps: int) -> None:
        """Until `steps` steps are whole. Raises SpikeplaneError if the chip stops answering."""
        idle = 0
        while collector.complete < steps:
            idle = 0 if self.exchange() else idle + 1
            # as long as for a dead link: a frame may come in many small parts
            if idle > self.device.patience:
                raise SpikeplaneError(
                    f"the chip stopped: {collector.missing}; {collector.complete} of {steps} steps are complete"
                )

    def settle(self, collector: Collector, steps: int) -> None:
        """What every core has sent by now is in: its answer comes behind it. Raises SpikeplaneError
        for more than `steps` steps, for spikes that met no projection, and for a chip that was reset."""
        for core in self.image.cores:
            if self.query(Counter.FLAGS, core) >> 2 & 1:
                raise SpikeplaneError(
                    f"core {core} got spikes that are no projection's: its memories are not the "
                    "program's; load it again"
                )
        extra = collector.beyond(steps)
        if extra:
            raise SpikeplaneError(f"the chip sent {extra}; its memories are not the program's: load it again")
        self.check_mark()

    def start(self) -> Collector:
        """Ready for step 0; returns what sorts the outputs. Counters of tokens and credits go back
        to where they stand before step 0, then
        START: a recurrent network ends elsewhere."""
        self.stop()
        self._at_rest = False
        for core, words in self.image.words.items():
            self.exchange(self.write_packets(core, [word for word in words if word[0] == Memory.SCHEDULE]))
        self.bridge(Control.CREDITS, self.image.credits)
        self.control(Control.START)
        collector = Collector(self.config, self._probes())
        self.on_flow = collector.take
        return collector

    def stop(self) -> None:
        """Stop every core, and wait until nothing of a run that was cut is on its way. Raises
        SpikeplaneError if they do not come to rest."""
        self.on_flow = None
        self.control(Control.STOP)
        if not self._at_rest:
            self._drain()
            self.control(Control.STOP)  # and what came behind the first one is forgotten
        self._at_rest = True

    def _drain(self) -> None:
        """Wait until nothing of a run that was cut is on its way: a stopped core ends its sweep,
        and what it sends would be taken for the next run's. Raises SpikeplaneError if the cores do
        not come to rest."""
        self.query(Counter.IDENTITY)
        self.forget()  # answers to questions of the run that was cut, which would be taken for later ones
        counters = (Counter.OPERATIONS, Counter.SWEEPS, Counter.PACKETS)
        before, since = None, 0
        for _ in range(_ROUNDS):
            now = [self.query(counter, core) for core in self.image.cores for counter in counters]
            cycles = self.query(Counter.CHIP_CYCLES)
            if now != before:
                before, since = now, cycles
            elif (cycles - since) & 0xFFFFFFFF > self.longest_sweep():
                return
        raise SpikeplaneError(f"{self.device.where} does not come to rest after STOP; reset it and run again")

    def longest_sweep(self) -> int:
        """Cycles in which a sweep ends, whatever its neurons do, but for packets that nobody takes."""
        words, turns = 0, self.config.sweep_turns
        group = _GROUP * turns
        for population in self.network.populations:
            channels, height, width = population.current_shape
            window = population.window.size**2 if population.window else 1
            groups = -(-channels // self.config.lanes)
            elements = population.shape[1] * population.shape[2] * window * turns
            words = max(words, groups * (height * width * turns + elements + group))
        return words + group

    def _probes(self) -> dict[int, Probe]:
        probes = {}
        for tag, name in self.image.probes.items():
            parts = [Part(part.first, part.groups, part.core) for part in self.placement.of(name)]
            probes[tag] = Probe(name, self.network.population(name).shape, parts)
        return probes

    def _stack(self, probe: Probe, samples: int, steps: int) -> np.ndarray:
        times = self.network.presentations
        out = np.zeros((samples * times * steps, *probe.shape), dtype=np.int64)
        for step, values in probe.steps.items():
            out[step] = values
        return out.reshape(samples, times, steps, *probe.shape)[:, -1]

    def _ahead(self, inputs: dict[str, np.ndarray], samples: int, steps: int) -> Iterator[np.ndarray]:
        """The packets of each presentation of each sample, the next one's being made while the device works on this one's."""
        with ThreadPoolExecutor(max_workers=1) as maker:
            following = maker.submit(self.sample_packets, inputs, 0, steps)
            for n in range(samples):
                packets = following.result()
                if n + 1 < samples:
                    following = maker.submit(self.sample_packets, inputs, n + 1, steps)
                yield packets

    def sample_packets(self, inputs: dict[str, np.ndarray], n: int, steps: int) -> np.ndarray:
        """All packets of the n-th presentation, of all samples one behind the other: per step the barrier, the spikes, the
        tokens."""
        parts, sample = [], n // self.network.presentations
        for t in range(steps):
            planes = {name: values[sample, t] for name, values in inputs.items()}
            parts.append(self.step_packets(planes, n, t, (n * steps + t) % 2, last=t == steps - 1))
        return np.concatenate(parts)

    def step_packets(
        self,
        planes: dict[str, np.ndarray],
        n: int,
        t: int,
        parity: int,
        *,
        last: bool,
        changed: dict[str, np.ndarray] | None = None,
    ) -> np.ndarray:
        """Step t of sample n: the barrier, the spikes of `planes` (C, H, W) by input, the tokens, which say
        whether it is the sample's last. Currents that are held get `planes` in step 0; in others `changed`, by
        input what has been added to its planes since, where that is said."""
        held = (
            {**{name: self._ones(name) for name in self.image.inputs}, **planes} if t == 0 else changed or {}
        )
        parts = [self.bridge_packet(Control.BARRIER, parity)]
        for name, routes in self.image.inputs.items():
            for tag, rect in routes:
                holds = self.network.population(self.network.projections[tag].target).hold
                values = held.get(name) if holds else planes[name] if name in planes else self._ones(name)
                if values is not None:
                    # a held current is in the bank of its sample
                    fields = {"tag": tag, "parity": n % 2 if holds else parity, **rect_fields(rect)}
                    parts.append(plane_packets(self.config, values, fields))
        for routes in self.image.inputs.values():
            for tag, rect in routes:
                fields = {"tag": tag, "parity": parity, "last": int(last), **rect_fields(rect)}
                parts.append(pack_many(self.form, Kind.TOKEN, 1, fields))
        return np.concatenate(parts)

    def _ones(self, name: str) -> np.ndarray:
        """What a constant population sends."""
        return np.ones(self.network.population(name).shape, dtype=np.uint8)
