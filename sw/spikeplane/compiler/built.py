"""A program from a float network and the options that decide what becomes of it: quantised, proved, placed."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from spikeplane.compiler.auto import Target, TooLarge
from spikeplane.compiler.binding import FAR, told_far
from spikeplane.compiler.fit import Placed, fit, mapping_rows
from spikeplane.compiler.losses import LEVELS, check_losses, told_losses, vanished
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.rows import Quantised
from spikeplane.compiler.widths import looped, narrow
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.log import logger
from spikeplane.network import Network
from spikeplane.program import Program
from spikeplane.program.bounds import prove
from spikeplane.program.once import prove_once
from spikeplane.program.source import Source

_log = logger(__name__)


def first_built(source: Source, chips: Target, encodings: Encodings, name: str) -> Program:
    """The program for the first of the chips, by their arithmetic, that has one and keeps the weights' levels;
    where none does, that of the least error. Wide ones come first where rounding comes back. Raises
    SpikeplaneError."""
    found: list[Program] = []
    refused: SpikeplaneError | None = None
    loops, large = bool(looped(source.network)), False
    chosen = sorted(chips.arithmetic, key=lambda one: loops and narrow(one))
    for arithmetic in chosen:
        if large and arithmetic is not source.chip:
            continue  # wider ones are larger still
        try:
            last = arithmetic is chosen[-1]
            one = replace(source, chip=arithmetic)
            found.append(built(one, encodings, name, chips.placed, cured=last))
        except SpikeplaneError as error:
            refused = error
            large = large or isinstance(error, TooLarge)
            _log.info("%s; trying wider accumulators and membranes", error)
            continue
        lost = [row["layer"] for row in found[-1].tables["assumptions"] if row["what"] in (LEVELS, FAR)]
        if not lost:
            return found[-1]
        _log.info("layer '%s' loses levels of its weights; trying wider accumulators and membranes", lost[0])
    if not found:
        assert refused is not None
        raise refused
    best = min(found, key=_error)
    if best is found[-1] or best.source is None:
        return best
    return built(best.source, encodings, name, chips.placed)


def _error(program: Program) -> float:
    """Of the worst layer, of its currents where weights have 1 bit."""
    return max(row.get("off", row["error"]) for row in program.tables["quantisation"])


def built(
    source: Source, encodings: Encodings, name: str, placed: Placed = fit, *, cured: bool = True
) -> Program:
    """The program of a float network: quantised for the source's chip, proved within bounds, placed by
    `placed`. cured: where weights vanish, look for a chip on which they do not. Raises SpikeplaneError."""
    net, quantised = source.network, partial(_quantised, source, encodings)

    def lossless(chip: ChipConfig) -> bool:
        """Whether no weights vanish on it."""
        return not any(vanished(row) for row in quantised(chip)[1])

    network, rows = quantised(source.chip)
    check_losses(net, rows, source.chip, lossless if cured else lambda _: False)
    prove(network, source.chip)
    chosen = _probes(network, source.probes)
    config, placement, image = placed(network, source.chip, chosen)
    bounds, _ = prove(network, config), prove_once(network, config)
    told = told_losses(net, network, rows, config)
    told += told_far(net, rows, source.chip, len(chosen), quantised if cured else None)
    tables: dict[str, list[dict[str, Any]]] = {
        "assumptions": [asdict(a) for a in (*net.assumptions, *told)],
        "quantisation": [row.columns() for row in rows],
        "bounds": [{**asdict(b), "bits": b.bits} for b in bounds],
        "mapping": mapping_rows(placement, image),
        "calibration": [],
    }
    (_, first), *rest = by_input(encodings, [p.name for p in net.inputs]).items()
    others = {} if all(one == first for _, one in rest) else dict(rest)
    return Program(
        name=name,
        config=config,
        network=network,
        placement=placement,
        encoding=first,
        others=others,
        readout=net.readout,
        probes=tuple(chosen),
        tables=tables,
        source=source,
    )


def _quantised(source: Source, encodings: Encodings, chip: ChipConfig) -> tuple[Network, list[Quantised]]:
    known = source.corrections or {}
    return quantise(
        source.network,
        chip,
        encodings,
        source.weight_bits,
        source.guard,
        source.peaks,
        lambda layer: known.get(layer.population.name),
        probed(source),
    )


def probed(source: Source) -> int | None:
    """How many populations are sent to the host; None where all are."""
    if source.probes is None:
        return None
    sends = {p.source for p in source.network.projections}
    sends |= {name for p in source.network.projections if p.dynamic for name in p.dynamic.names}
    neurons = [p.name for p in source.network.populations if p.neuron is not None]
    return sum(n in source.probes or n == source.network.output or n not in sends for n in neurons)


def _probes(network: Network, wanted: Sequence[str] | None) -> list[str]:
    known = [p.name for p in network.populations if p.neuron is not None]
    for name in wanted or []:
        if name not in known:
            raise SpikeplaneError(f"no population '{name}' to probe; there are {', '.join(known)}")
    # Whoever sends nowhere gets no credit either and would stop after two steps: the host takes
    # what no population does.
    ends = [name for name in known if name == network.output or not network.sends(name)]
    return known if wanted is None else [name for name in known if name in wanted or name in ends]
