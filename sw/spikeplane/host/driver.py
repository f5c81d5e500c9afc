"""The host driver: loads a program through the byte link, streams planes, collects what comes back.

One code path for every device: it knows only bytes out and bytes in.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spikeplane.compiler.images import Image
from spikeplane.compiler.place import Placement
from spikeplane.config import ARCHITECTURE, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.host.collect import Collector, Part, Probe
from spikeplane.host.device import Device
from spikeplane.host.link import Link
from spikeplane.host.packets import pack_many, plane_packets, unpack_many
from spikeplane.network import Network

PATIENCE = 3  #: exchanges without a packet until a chip that owes packets is called stuck


class Driver:
    """A loaded chip. `network`, `placement` and `image` say what runs where; `device` is the board."""

    def __init__(self, device: Device, config: ChipConfig, network: Network, placement: Placement, image: Image) -> None:
        self.device, self.config, self.network, self.placement, self.image = device, config, network, placement, image
        self.form = packet_format(config)
        self.link = Link(device, self.form)
        self.busy_cycles = 0  #: of the last run, from its first step to its last result
        self._replies: list[dict[str, int]] = []
        self._all = (0, 0, config.cols - 1, config.rows - 1)

    def identify(self) -> str:
        """The digest that the device reports. Raises SpikeplaneError if it is no Spikeplane chip, or another one."""
        identity = self.query(Counter.IDENTITY)
        if identity != 0x5350 << 16 | ARCHITECTURE:
            raise SpikeplaneError(f"the device does not answer as a Spikeplane chip (identity {identity:#x})")
        digest = f"{self.query(Counter.DIGEST_HIGH) << 32 | self.query(Counter.DIGEST_LOW):016x}"
        if digest != self.config.digest:
            raise SpikeplaneError(
                f"the program is for chip {self.config.digest}, the device is chip {digest}; compile it for that"
            )
        return digest

    def load(self, progress: Callable[[int], None] | None = None) -> None:
        """Stop the chip and write every memory of every core."""
        self._control(Control.STOP)
        self._bridge(Control.STOP)
        for core, words in self.image.words.items():
            self._send(self.write_packets(core, words))
            if progress:
                progress(len(words))
        self._bridge(Control.CREDITS, self.image.credits)
        self.link.flush()

    def write_packets(self, core: tuple[int, int], words: list[tuple[Memory, int, int]]) -> np.ndarray:
        """WRITE packets: a seek where memory or address jump, then each word's chunks."""
        tables, values, seeks = core_tables(self.config), [], []
        expected = None
        for memory, address, word in words:
            if (memory, address) != expected:
                seeks.append(len(values))
                values.append(SEEK.pack(memory=memory, address=address))
            chunks = -(-tables.width(memory) // CHUNK_BITS)
            values += [word >> (CHUNK_BITS * i) & 0xFFFFFFFF for i in range(chunks)]
            expected = (memory, address + 1)
        seek = np.zeros(len(values), dtype=np.int64)
        seek[seeks] = 1
        x, y = core
        fields = {"x0": x, "y0": y, "x1": x, "y1": y, "seek": seek, "data": np.array(values, dtype=np.uint64)}
        return pack_many(self.form, Kind.WRITE, len(values), fields)

    def run(self, inputs: dict[str, np.ndarray], progress: Callable[[int], None] | None = None) -> dict[str, np.ndarray]:
        """Run samples: `inputs` per input population, non-negative integers (N, T, C, H, W). Returns, per probed population,
        int (N, T, C, H, W). Raises SpikeplaneError if the chip stops answering."""
        samples, steps = next(iter(inputs.values())).shape[:2]
        collector = Collector(self.config, self._probes())
        self._start()
        idle, told = 0, 0
        for packets in self._ahead(inputs, samples, steps):
            self._send(packets, collector)
            if progress and collector.complete // steps > told:
                progress(collector.complete // steps - told)
                told = collector.complete // steps
        while collector.complete < samples * steps:
            idle = 0 if self._send(None, collector) else idle + 1
            if idle > PATIENCE:
                raise SpikeplaneError(
                    f"the chip stopped: {collector.missing}; {collector.complete} of {samples * steps} steps are complete"
                )
        if progress:
            progress(samples - told)
        self.busy_cycles = (self.query(Counter.RUN_ENDED) - self.query(Counter.RUN_STARTED)) & 0xFFFFFFFF
        return {p.name: self._stack(p, samples, steps) for p in collector.probes.values()}

    def _start(self) -> None:
        """Counters of tokens and credits back to where they stand before step 0, then START: a recurrent network ends elsewhere."""
        self._control(Control.STOP)
        for core, words in self.image.words.items():
            self._send(self.write_packets(core, [word for word in words if word[0] == Memory.SCHEDULE]))
        self._bridge(Control.CREDITS, self.image.credits)
        self._control(Control.START)

    def query(self, counter: Counter, core: tuple[int, int] | None = None) -> int:
        """Ask the bridge, or a core, for a counter."""
        if core is None:
            self._bridge(Control.QUERY, counter)
        else:
            self._control(Control.QUERY, counter, (*core, *core))
        for _ in range(PATIENCE):
            for reply in self._replies:
                if reply["counter"] == counter:
                    self._replies.remove(reply)
                    return reply["value"]
            self._send()
        raise SpikeplaneError(f"the device does not answer (asked for {counter.name.lower()})")

    def _probes(self) -> dict[int, Probe]:
        probes = {}
        for tag, name in self.image.probes.items():
            parts = [Part(part.first, part.groups, part.core) for part in self.placement.of(name)]
            probes[tag] = Probe(name, self.network.population(name).shape, parts)
        return probes

    def _stack(self, probe: Probe, samples: int, steps: int) -> np.ndarray:
        out = np.zeros((samples * steps, *probe.shape), dtype=np.int64)
        for step, values in probe.steps.items():
            out[step] = values
        return out.reshape(samples, steps, *probe.shape)

    def _ahead(self, inputs: dict[str, np.ndarray], samples: int, steps: int) -> Iterator[np.ndarray]:
        """The packets of each sample, the next one's being made while the device works on this one's."""
        with ThreadPoolExecutor(max_workers=1) as maker:
            following = maker.submit(self._sample, inputs, 0, steps)
            for n in range(samples):
                packets = following.result()
                if n + 1 < samples:
                    following = maker.submit(self._sample, inputs, n + 1, steps)
                yield packets

    def _sample(self, inputs: dict[str, np.ndarray], n: int, steps: int) -> np.ndarray:
        """All packets of one sample: per step the barrier, the spikes, the tokens."""
        parts = []
        for t in range(steps):
            parity, last = (n * steps + t) % 2, int(t == steps - 1)
            parts.append(self._bridge_packet(Control.BARRIER, parity))
            for name, routes in self.image.inputs.items():
                for tag, rect in routes:
                    parts.append(self._spikes(inputs[name][n, t], tag, rect, name, n, t, parity))
            for routes in self.image.inputs.values():
                for tag, rect in routes:
                    parts.append(
                        pack_many(self.form, Kind.TOKEN, 1, {"tag": tag, "parity": parity, "last": last, **_rect(rect)})
                    )
        return np.concatenate(parts)

    def _spikes(self, values: np.ndarray, tag: int, rect: tuple, name: str, n: int, t: int, parity: int) -> np.ndarray:
        """A step's spikes; into a population that holds its current, the first step's only, in the bank of the sample."""
        target = self.network.projections[tag].target
        held = self.network.population(target).hold
        if held and t:
            return np.zeros((0, self.form.size), dtype=np.uint8)
        return plane_packets(self.config, values, {"tag": tag, "parity": n % 2 if held else parity, **_rect(rect)})

    def _control(self, op: Control, arg: int = 0, rect: tuple[int, int, int, int] | None = None) -> None:
        self._send(pack_many(self.form, Kind.CONTROL, 1, {"op": op, "arg": arg, **_rect(rect or self._all)}))

    def _bridge_packet(self, op: Control, arg: int = 0) -> np.ndarray:
        return pack_many(self.form, Kind.CONTROL, 1, {"op": op, "arg": arg, "host": 1})

    def _bridge(self, op: Control, arg: int = 0) -> None:
        self._send(self._bridge_packet(op, arg))

    def _send(self, packets: np.ndarray | None = None, collector: Collector | None = None) -> int:
        """Send packets, or without any wait for some; those that came are sorted. Returns how many came."""
        got = self.link.exchange_packets(packets)
        left = collector.take(got) if collector else got
        if len(left):
            replies = unpack_many(self.form, left, Kind.REPLY)
            for i in np.flatnonzero(replies["kind"] == Kind.REPLY):
                self._replies.append({name: int(values[i]) for name, values in replies.items()})
        return len(got)


def _rect(rect: Iterable[int]) -> dict[str, int]:
    return dict(zip(("x0", "y0", "x1", "y1"), rect, strict=True))
