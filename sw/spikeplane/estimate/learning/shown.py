"""What is shown of an estimate of training: a table of variants, lines beside it, and every assumption below."""

from typing import Any

from spikeplane.estimate.learning.energy import DRAM, SCALE
from spikeplane.estimate.learning.traffic import INPUT, KEPT, NEURON, PLANES, WEIGHT
from spikeplane.estimate.learning.whole import CLOCK

COLUMNS = ("memories", "bits", "uJ a sample", "less", "TFLOPS/W", "chip alone")
TEXT = ("memories",)


def rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Cells of each variant, and of dense binary16; `less`: energy saved against the first row of the same bits; rates: of the
    operations of dense training / of those performed."""
    first: dict[int, float] = {}
    cells = []
    for row in [*found["rows"], found["dense"]]:
        base = first.setdefault(row["exact_bits"], row["energy"])
        less = "" if base == row["energy"] else f"{1 - row['energy'] / base:.0%}"
        rates = zip(row["equivalent"], row["performed"], strict=True)
        both = (f"{dense:.2f} / {performed:.2f}" for dense, performed in rates)
        cells.append((row["name"], str(row["exact_bits"]), f"{row['energy'] * 1e-6:,.3f}", less, *both))
    return cells


def lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and text of each figure beside the table."""
    operations, traffic, time = found["operations"], found["traffic_bits"], found["cycles"]
    best = found["rows"][-1]
    shares = ", ".join(
        f"{name} {part / best['energy']:.0%}"
        for name, part in best["parts"].items()
        if part >= best["energy"] / 200
    )
    deltas = f"; {_bits(traffic['deltas'])} more where deltas wait in DRAM ({_less(traffic, traffic['deltas'])} less)"
    return [
        (
            "operations",
            f"{operations['equivalent']:,.0f} a sample as dense training counts them, {operations['performed']:,.0f} performed",
        ),
        (
            "DRAM",
            f"{_bits(traffic['ours'])} a sample, dense binary16 {_bits(traffic['dense'])}: {_less(traffic)} less"
            + (deltas if traffic["deltas"] else ""),
        ),
        ("network", f"{traffic['mesh']:,.0f} packets times routers"),
        (
            "cycles",
            f"{time['total']:,.0f} a sample on one core: "
            + ", ".join(f"{name} {value:,.0f}" for name, value in time.items() if name != "total")
            + f"; {found['samples_per_second']:,.0f} samples/s at {CLOCK:g} MHz",
        ),
        ("energy of the last", shares),
        (
            "spikes of a mask",
            f"{found['combining']:.2f}: so many times less often X is read and written where it stays in the lane",
        ),
        ("activity", found["activity"]),
    ]


def footer(found: dict[str, Any]) -> list[str]:
    """The assumptions, a line each."""
    where = (
        "weights and planes stay on the chip, and DRAM sends the inputs twice"
        if found["inside"]
        else f"planes ({PLANES} bits a neuron and step) and weights ({KEPT} accesses a batch) lie in DRAM"
    )
    return [
        f"T = {found['steps']}, batches of {found['batch']}; sums need {found['exact_bits']} bits (proved); {where}",
        (
            f"45 nm operations and SRAM after Horowitz (ISSCC 2014), times {SCALE} for 28 nm (assumed); DRAM {DRAM} pJ a bit; "
            f"no clock tree, leakage, registers, wires; a packet passes {found['hops']:g} routers"
        ),
        (
            "one bank: 2,048 words of weights and gradients, 1,024 of sums, an access pays for the whole; banks: it pays for its own, "
            "and choosing one is free"
        ),
        (
            "TFLOPS/W: operations as dense training counts them / performed ones; chip alone: without DRAM and network, as published "
            "energy models of spiking training set both to zero"
        ),
        (
            "dense counts two operations a weight and position in forward, gradient and backward; performed: one for each spike's "
            "addition, two for each open window's product"
        ),
        (
            "dense binary16: the same walk without skipping a zero, sums of 16 bits, a product with each addition, X kept over 8 "
            f"channels; in DRAM between kernels {NEURON} accesses a neuron and step, {INPUT} an input, {WEIGHT} a weight and batch: a "
            "count, no measured GPU, whose cache may hold a small network"
        ),
    ]


def _less(traffic: dict[str, float], more: float = 0.0) -> str:
    return f"{1 - (traffic['ours'] + more) / traffic['dense']:.1%}"


def _bits(value: float) -> str:
    return f"{value / 1e6:,.2f} Mbit" if value >= 1e6 else f"{value / 1e3:,.1f} kbit"
