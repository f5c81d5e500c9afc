"""Cycles of attention on a 16-lane core against the least that it needs: heads of a word, 64 tokens, 15 % of K, V and Q.

Of every step the interval from the first word of the pair population's sweep to the last row that is read as weights for
a word of Q; at least: max(words swept, sum over tokens of |k| times words of v that are not 0) + |q|. A cycle of two
intervals counts once. Samples follow each other without a pause. On four cores K, V and Q are beside A, and fed by two words of
spikes a token, so that the host is no slower than they are.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from spikeplane.compiler.images import build_image
from spikeplane.errors import SpikeplaneError
from spikeplane.host.driver import Driver
from spikeplane.program.laid import laid_out, pairs_of
from spikeplane.run.lockstep import compare
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_sim.figures.attention_network import CHIP, PLACES, chip, network, placed
from spikeplane_sim.figures.signals import read_signals
from spikeplane_sim.golden import GoldenModel
from spikeplane_sim.waves.board import TracedBoard

RATE, SAMPLES = 0.15, 2
CASES = [(cores, heads, steps) for cores in PLACES for heads in (1, 2, 4) for steps in (1, 4)]
_SWEEP, _SYNAPSES = "core.soma.sweep", "core.synapses"
SIGNALS = {
    "job": f"{_SWEEP}.active", "state": f"{_SWEEP}.control.fsm_state", "element": f"{_SWEEP}.control.element",
    "sweeps": f"{_SYNAPSES}.sweep__valid", "reads": f"{_SYNAPSES}.dynamic__fetch", "bank": f"{_SYNAPSES}.dynamic__bank",
    "op": f"{_SYNAPSES}.op_valid",
}  # fmt: skip


@dataclass(frozen=True)
class Use:
    """Where the cycles of all steps' intervals go. pair: the pair population's sweep, until all rows are written; wait: then
    until the first row is read; reads; between reads: held, an op waits while a word is swept; others, ops of other
    projections; idle. A cycle is one of these, reads first."""

    bound: int
    pair: int
    wait: int
    reads: int
    held: int
    others: int
    idle: int

    @property
    def cycles(self) -> int:
        """All of them."""
        return self.pair + self.wait + self.reads + self.held + self.others + self.idle

    @property
    def utilisation(self) -> float:
        """Bound over cycles."""
        return self.bound / self.cycles


def measure(cores: int, heads: int, steps: int) -> Use:
    """Run `SAMPLES` samples of so many steps. Raises SpikeplaneError if a spike of A is not the golden model's."""
    config, net = chip(cores), network(heads, steps, spread=cores > 1)
    rng = np.random.default_rng(heads)
    planes = {p.name: (rng.random((SAMPLES, steps, *p.shape)) < RATE).astype(np.uint8) for p in net.inputs}
    laid = laid_out(net, config)
    placement = placed(laid, config, PLACES[cores])
    golden = GoldenModel(net, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(planes)
    (pair,) = pairs_of(laid, "a")
    with tempfile.TemporaryDirectory(prefix="spikeplane-") as folder, TracedBoard(config) as board:
        driver = Driver(board, config, laid, placement, build_image(laid, placement, config, ["a"]))
        driver.load()
        first = board.cycles
        board.write(Path(folder), first, 1 << 62)
        found = driver.run(planes)
        cycles = range(first, board.cycles)
        board.forget()
        names = dict(zip(SIGNALS.values(), SIGNALS, strict=True))
        signals = read_signals(Path(folder) / "core_0_0.vcd", names, cycles)
    result = compare(net, found, {"a": golden["a"]})
    if result.mismatches or not result.spikes:
        raise SpikeplaneError(f"attention of {heads} heads: {result}")
    spikes = {name: golden[name].reshape(SAMPLES * steps, heads, CHIP.lanes, -1) for name in "qkv"}
    slot = placement.of(pair.name)[0].slot
    return use_of({names[name]: values for name, values in signals.items()}, slot, least(spikes))


def table() -> Table:
    """All cases."""
    shown = Table(
        title="Attention, 16 lanes, heads of 16 channels, 64 tokens, 15 % activity", title_justify="left"
    )
    columns = (
        "cores",
        "heads",
        "steps",
        "bound",
        "cycles",
        "utilisation",
        "pair",
        "wait",
        "reads",
        "held",
        "others",
        "idle",
    )
    for column in columns:
        shown.add_column(column, justify="right")
    for case in CASES:
        use = measure(*case)
        parts = (use.pair, use.wait, use.reads, use.held, use.others, use.idle)
        shown.add_row(
            *map(str, case),
            f"{use.bound:,}",
            f"{use.cycles:,}",
            f"{use.utilisation:.3f}",
            *(f"{n:,}" for n in parts),
        )
    return shown


def least(spikes: dict[str, np.ndarray]) -> int:
    """The cycles that all steps need. spikes: (steps, heads, lanes, tokens) of q, k and v; a head is a word."""
    swept = 2 * spikes["k"].shape[1] * spikes["k"].shape[3]
    added = (spikes["k"].sum(2, dtype=np.int64) * spikes["v"].any(2)).sum((1, 2))
    return int(np.maximum(swept, added).sum() + spikes["q"].sum(dtype=np.int64))


def use_of(signals: dict[str, np.ndarray], slot: int, bound: int) -> Use:
    """Where the cycles go. signals: by the names of `SIGNALS`, (n,) each; slot: of the pair population."""
    job = signals["job"]

    def field(name: str) -> np.ndarray:
        return job >> JOB[name].offset & (1 << JOB[name].width) - 1

    sweeps = (field("slot") == slot) & (field("initial") == 0) & (signals["state"] != 0)
    reads, element = signals["reads"] != 0, sweeps & (signals["element"] != 0)
    begins = np.flatnonzero(sweeps & ~np.roll(sweeps, 1))
    inside, between = (np.zeros(len(job), dtype=bool) for _ in range(2))
    for begin, beyond in zip(begins, [*begins[2:], len(job), len(job)], strict=True):
        first = begin + np.flatnonzero(element[begin:])[0]
        mine = reads & (signals["bank"] == field("parity")[begin])
        read = begin + np.flatnonzero(mine[begin:beyond])
        inside[first : read[-1] + 1] = True
        between[read[0] : read[-1] + 1] = True
    parts, left = {}, inside
    op, swept = signals["op"] != 0, signals["sweeps"] != 0
    kinds = {
        "reads": reads,
        "pair": sweeps,
        "wait": ~between,
        "held": op & swept,
        "others": op,
        "idle": inside,
    }
    for name, cycles in kinds.items():
        parts[name] = int((left & cycles).sum())
        left = left & ~cycles
    return Use(bound=bound, **parts)
