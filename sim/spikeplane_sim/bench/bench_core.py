"""Bench of one core: a program comes as WRITE packets, spikes stream in under stalls, and every
population matches the golden model.

The bench is what the router and the bridge are to a core: packets for the core itself come back to
it, tokens to the host return credits, and a step waits for the credits of its parity.
"""

import random
from collections import deque
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane.host.collect import Collector
from spikeplane.host.driver import Driver
from spikeplane_sim.bench.designs import CORE, NARROW
from spikeplane_sim.bench.programs import NETWORKS, Job, job
from spikeplane_sim.bench.streams import Ends, Mostly, Stall
from spikeplane_sim.golden import GoldenModel

FORM = packet_format(CORE)
_CONFIGS = {"bench_core": CORE, "bench_narrow": NARROW}


def numbers(packets: np.ndarray) -> list[int]:
    """Packets uint8 (n, size) as integers."""
    return [int.from_bytes(row.tobytes(), "little") for row in packets]


def config_of(dut: Any) -> ChipConfig:
    """The chip whose core is simulated."""
    return _CONFIGS[dut._name]


class World:
    """Everything around the core."""

    def __init__(self, dut: Any, work: Job, stalling: bool, out: Stall | None = None) -> None:
        self.ends, self.work, self.form = Ends(dut), work, packet_format(work.config)
        dut.x.value, dut.y.value = 0, 0
        self.into = self.ends.source("i", Stall(never=not stalling))
        self.out = self.ends.sink("o", out or Stall(never=not stalling), self._take)
        self.driver = Driver(None, work.config, work.network, work.placement, work.image)  # type: ignore[arg-type]
        self.collector = Collector(work.config, self.driver._probes())
        self.waiting: deque[int] = deque()  #: from the host, behind barriers
        self.credits = [work.image.credits, work.image.credits]
        self.replies: list[tuple[int, int]] = []

    def _take(self, word: int) -> None:
        kind, fields = self.form.unpack(word)
        if not fields["host"]:
            self.into.queue.append(word)
        elif kind == Kind.CREDIT:
            self.credits[fields["parity"]] += 1
        elif kind == Kind.REPLY:
            self.replies.append((fields["counter"], fields["value"]))
        else:
            packet = np.frombuffer(word.to_bytes(self.form.size, "little"), dtype=np.uint8)
            self.collector.take(packet.reshape(1, self.form.size))
            if kind == Kind.TOKEN:
                back = self.form.pack(Kind.CREDIT, tag=fields["source_slot"], parity=fields["parity"])
                self.into.queue.append(back)
        self.release()

    def release(self) -> None:
        """What the host sends goes in up to the next barrier that lacks credits."""
        while self.waiting:
            kind, fields = self.form.unpack(self.waiting[0])
            if kind == Kind.CONTROL and fields["host"]:
                parity = fields["arg"] & 1
                if self.credits[parity] < self.work.image.credits:
                    return
                self.credits[parity] -= self.work.image.credits
                self.waiting.popleft()
            else:
                self.into.queue.append(self.waiting.popleft())

    async def load(self) -> None:
        """Writes every memory."""
        words = self.work.image.words[0, 0]
        self.into.queue.append(self.form.pack(Kind.CONTROL, op=Control.STOP))
        self.into.queue.extend(numbers(self.driver.write_packets((0, 0), words)))
        self.into.queue.append(self.form.pack(Kind.CONTROL, op=Control.START))
        await self.ends.until(lambda: not self.into.queue, 100_000, "the program taken")

    async def stream(self) -> None:
        """All samples; returns when the host has every population's every step."""
        samples, steps = self._shape()
        for n in range(samples):
            self.waiting.extend(numbers(self.driver.sample_packets(self.work.inputs, n, steps)))
        self.release()
        await self.ends.until(lambda: self.collector.complete == samples * steps, 400_000, "all steps")
        await self.ends.run(200)

    def _shape(self) -> tuple[int, int]:
        """Presentations of all samples, and steps."""
        samples, steps = next(iter(self.work.inputs.values())).shape[:2]
        return samples * self.work.network.presentations, steps

    def check(self) -> None:
        """What comes out is what the golden model says."""
        samples, steps = self._shape()
        for probe in self.collector.probes.values():
            ours = self.driver._stack(probe, samples // self.work.network.presentations, steps)
            golden = self.work.golden[probe.name]
            assert probe.complete == samples * steps, f"{probe.name}: tokens after the last step"
            assert np.array_equal(ours, golden), (
                f"{probe.name}: first at {np.argwhere(ours != golden)[0].tolist()}"
            )

    async def ask(self, counter: Counter) -> int:
        """A counter's value."""
        self.into.queue.append(self.form.pack(Kind.CONTROL, op=Control.QUERY, arg=counter))
        before = len(self.replies)
        await self.ends.until(lambda: len(self.replies) > before, 5000, f"the answer to {counter.name}")
        assert self.replies[-1][0] == counter
        return self.replies[-1][1]


@cocotb.test()
@cocotb.parametrize(name=[*NETWORKS, "by step"], turn=range(4))
async def outputs_are_those_of_the_golden_model(dut: Any, name: str, turn: int) -> None:
    """Turn 0 without stalls; each turn has its own weights, spikes and stalls."""
    work = job(name, config_of(dut), random.randrange(1 << 30))
    assert all(values.any() for values in work.golden.values()), "a population without output checks nothing"
    world = World(dut, work, turn > 0)
    await world.ends.start()
    await world.load()
    await world.stream()
    world.check()
    flags, spikes = await world.ask(Counter.FLAGS), await world.ask(Counter.SPIKES)
    assert flags == 1, "running, and nothing refused or dropped"
    assert spikes > 0


@cocotb.test()
async def nothing_is_lost_behind_a_way_out_that_is_hardly_ever_free(dut: Any) -> None:
    """Every neuron of a long group fires, nine packets each, and in nine cycles of ten nobody takes
    one: the sweep has to wait."""
    work = job("crowded", config_of(dut), random.randrange(1 << 30))
    fired = work.golden["all"]
    assert fired.all(), "the source fires in every neuron and step"
    world = World(dut, work, False, Mostly(0.9))
    await world.ends.start()
    await world.load()
    await world.stream()
    world.check()
    words = fired.size // CORE.lanes
    nonzero = int((work.golden["sum"].reshape(-1, CORE.lanes) != 0).any(1).sum())
    assert await world.ask(Counter.PACKETS) == 9 * words + nonzero
    assert await world.ask(Counter.SPIKES) == fired.size // fired.shape[2] + 8 * words, (
        "constant planes of one channel, aligned masks"
    )
    assert await world.ask(Counter.FLAGS) == 1


@cocotb.test()
@cocotb.parametrize(stalling=[False, True])
async def a_sample_begins_with_the_first_step_wherever_the_last_one_ended(dut: Any, stalling: bool) -> None:
    """Samples of 1 to 4 steps, one behind the other, of a network whose numbers differ from step to step."""
    work = job("by step", config_of(dut), random.randrange(1 << 30))
    world = World(dut, work, stalling)
    await world.ends.start()
    await world.load()
    lengths, expected = [4, 1, 1, 3, 2, 4, 1, 2, 3, 3], []
    for number, length in enumerate(lengths):
        planes = {name: values[number % 3][None, :length] for name, values in work.inputs.items()}
        golden = GoldenModel(work.network, membrane_bits=CORE.membrane_bits, acc_bits=CORE.acc_bits).run(
            planes
        )
        for t in range(length):
            now = {name: values[0, t] for name, values in planes.items()}
            packets = world.driver.step_packets(now, number, t, len(expected) % 2, last=t == length - 1)
            world.waiting.extend(numbers(packets))
            expected.append({name: values[0, t] for name, values in golden.items()})
    world.release()
    await world.ends.until(lambda: world.collector.complete == len(expected), 400_000, "all steps")
    for probe in world.collector.probes.values():
        assert any(each[probe.name].any() for each in expected), f"{probe.name} is never active"
        for step, each in enumerate(expected):
            found = probe.steps.get(step, np.zeros(probe.shape, dtype=np.int64))
            assert np.array_equal(found, each[probe.name]), (
                f"{probe.name}, step {step} of samples of {lengths}"
            )


@cocotb.test()
async def one_program_after_the_other(dut: Any) -> None:
    """STOP, another program, START: nothing of the first is left."""
    for number, name in enumerate(("recurrent", "convolution", "by step", "held", "by step", "recurrent")):
        if number:
            await FallingEdge(dut.clk)
        world = World(dut, job(name, config_of(dut), random.randrange(1 << 30)), True)
        if not number:
            await world.ends.start()
        await world.load()
        await world.stream()
        world.check()


@cocotb.test()
async def a_spike_of_no_projection_is_flagged_until_the_next_start(dut: Any) -> None:
    """The flag stays, whatever else comes."""
    work = job("recurrent", config_of(dut), random.randrange(1 << 30))
    world = World(dut, work, False)
    await world.ends.start()
    for number in range(2):
        await world.load()
        if not number:
            world.into.queue.append(FORM.pack(Kind.SPIKE, tag=CORE.projections - 1, mask=1))
        await world.ends.run(200 * config_of(dut).sweep_turns)  # until memories are set
        assert await world.ask(Counter.FLAGS) == 1 + 4 * (not number)


@cocotb.test()
async def a_write_to_a_running_core_is_refused_and_flagged(dut: Any) -> None:
    """The memories stay as they are."""
    work = job("recurrent", config_of(dut), random.randrange(1 << 30))
    world = World(dut, work, False)
    await world.ends.start()
    await world.load()
    world.into.queue.extend(
        numbers(world.driver.write_packets((0, 0), [(m, a, 0) for m, a, _ in work.image.words[0, 0]]))
    )
    await world.stream()
    world.check()
    assert await world.ask(Counter.FLAGS) == 3
