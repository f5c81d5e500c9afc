"""`chip="auto"` and `chip="ulx3s-85f"`: the chip is made for the network, as small as holds it.

A network is quantised for the arithmetic that a chip could have, then placed on the fewest cores whose
memories hold it; what it leaves over of each depth and width is cut (`compiler.size`).
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from spikeplane.compiler.fit import Fitted, Placed
from spikeplane.compiler.size import Shape, least_chip, roomy
from spikeplane.config import PRESETS, RANGES, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.estimate.resources import estimate
from spikeplane.network import Network, Pair
from spikeplane.program.laid import meets
from spikeplane.provided import provided

if TYPE_CHECKING:
    from spikeplane_hw.board import Board

AUTO = "auto"
#: Rows and columns, the fewest cores first.
_MESHES = ((1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8), (8, 8))
_LANES = (16, 8, 32)  #: the usual core first
#: Bits of accumulators and membranes, tried in turn: the wider ones only for a network whose weights vanish in
#: those before.
_WIDTHS = ((18, 16), (24, 16), (24, 18), (32, 24))
#: Words of a core's memories, beyond which more cores are taken: those of the largest preset.
_LONGEST = {name: getattr(PRESETS["large"], name) for name in ("weight_depth", "acc_depth", "membrane_depth")}


class TooLarge(SpikeplaneError):
    """No chip that may be has room for the network, whatever its arithmetic.

    lacks   the nearest chip, and what it would take too much of
    """

    lacks = ""


@dataclass(frozen=True)
class Target:
    """The chips that a network may be compiled for.

    arithmetic   chips whose arithmetic it is quantised for, tried in turn
    placed       finds the chip of a quantised network
    made         the chip is made for the network, with weights of any width
    """

    arithmetic: tuple[ChipConfig, ...]
    placed: Placed
    made: bool = True

    def for_bits(self, weight_bits: object) -> "Target":
        """Chips that are made for a network may store signs, where weights of 1 bit are asked for."""
        if not self.made or isinstance(weight_bits, bool) or weight_bits != 1:
            return self
        return replace(self, arithmetic=tuple(replace(chip, weight_bits=1) for chip in self.arithmetic))


def target(name: str) -> Target:
    """What `chip=name` means where it is no preset's: "auto", or a board's name. Raises SpikeplaneError for
    other names, and for a board that holds no cores."""
    if name == AUTO:
        shapes = [(rows, cols, _LANES[0]) for rows, cols in _MESHES]
        return Target(_arithmetic(ChipConfig()), partial(_any_size, shapes))
    try:
        boards = provided("BOARDS")
    except ModuleNotFoundError:
        boards = {}
    if name in boards:
        return of_board(boards[name])
    close = difflib.get_close_matches(name, [*PRESETS, AUTO, *boards], n=1, cutoff=0.5)
    known = f"choose from {', '.join(sorted(PRESETS))}, {AUTO}, or a board (spikeplane boards)"
    raise SpikeplaneError(f"unknown chip '{name}'; " + (f"did you mean '{close[0]}'?" if close else known))


def of_board(board: "Board") -> Target:
    """The chips that a board holds, by `spikeplane estimate`: its own shape first, then the fewest cores. Raises
    SpikeplaneError for a board that holds no cores."""
    own = board.chip
    if own is None:
        raise SpikeplaneError(f"the board {board.name} holds no network: {board.note}")
    usual = [(rows, cols, lanes) for rows, cols in _MESHES for lanes in _LANES]
    return Target(_arithmetic(own), partial(_on_board, board, [(own.rows, own.cols, own.lanes), *usual]))


def held(chip: ChipConfig, board: "Board") -> bool:
    """Whether the board holds the chip, by the estimate of its resources."""
    return all(use.used <= board.resources[title] for title, use in estimate(chip, board.family).items())


def _any_size(shapes: Sequence[Shape], network: Network, source: ChipConfig, probes: list[str]) -> Fitted:
    """The first chip whose cores are no longer than the largest preset's; that of the most cores where all are. Of
    narrower cores where values of few channels meet weights of 1 bit, and where heads do not lie on those lanes."""
    try:
        *_, last = _until(_usual, shapes, network, source, probes)
    except SpikeplaneError:
        met = _heads_meet(network, shapes[0][2]) or not _heads_meet(network, min(_LANES))
        if source.weight_bits > 1 and met:
            raise
        narrow = [(rows, cols, min(_LANES)) for rows, cols, _ in shapes]
        *_, last = _until(_usual, narrow, network, source, probes)
    return last


def _heads_meet(network: Network, lanes: int) -> bool:
    """Whether the heads of all attention lie on so many lanes."""
    pairs = [(p, p.dynamic) for p in network.projections if isinstance(p.dynamic, Pair)]
    return all(meets(network.population(p.source).shape[0], pair, lanes) for p, pair in pairs)


def _on_board(
    board: "Board", shapes: Sequence[Shape], network: Network, source: ChipConfig, probes: list[str]
) -> Fitted:
    """The first chip that the board holds. Raises SpikeplaneError with what the nearest one lacks."""
    fits = _until(lambda chip: held(chip, board), shapes, network, source, probes)
    if held(fits[-1][0], board):
        return fits[-1]

    def share(fitted: Fitted) -> float:
        uses = estimate(fitted[0], board.family).items()
        return max(use.used / board.resources[title] for title, use in uses if use.used)

    nearest, *_ = min(fits, key=share)
    over = [
        f"{use.used:,} {title} of {board.resources[title]:,}"
        for title, use in estimate(nearest, board.family).items()
        if use.used > board.resources[title]
    ]
    lacks = f"{nearest.rows}x{nearest.cols} cores of {nearest.lanes} lanes would take {', '.join(over)}"
    refused = TooLarge(
        f"the board {board.name} holds no chip for this network: {lacks}; take a larger board (spikeplane boards), "
        f"or chip='{AUTO}'"
    )
    refused.lacks = lacks
    raise refused


def _usual(chip: ChipConfig) -> bool:
    return all(getattr(chip, name) <= most for name, most in _LONGEST.items())


def _until(
    right: Callable[[ChipConfig], bool],
    shapes: Sequence[Shape],
    network: Network,
    source: ChipConfig,
    probes: list[str],
) -> list[Fitted]:
    """The least chip of each shape that holds the network, up to the first that is right. Raises SpikeplaneError
    where no shape holds it."""
    found: list[Fitted] = []
    refused = SpikeplaneError("no shape of a chip was given")
    for shape in dict.fromkeys(shapes):
        try:
            found.append(least_chip(network, roomy(source, shape), probes))
        except SpikeplaneError as error:
            refused = error
            continue
        if right(found[-1][0]):
            return found
    if not found:
        raise refused
    return found


def _arithmetic(base: ChipConfig) -> tuple[ChipConfig, ...]:
    """Chips without a limit but their arithmetic's: as the base has it, then wider. Planes may be left out of values,
    spikes be integers, values go through tables, numbers differ from step to step, samples be presented again: a chip of a network
    that has none of it lacks that (`size.least`)."""
    own = base.acc_bits, base.membrane_bits
    wider = (
        replace(base, acc_bits=acc, membrane_bits=membrane, leak_multiplier=True)
        for acc, membrane in _WIDTHS
        if acc >= own[0] and membrane >= own[1] and (acc, membrane) != own
    )
    most = {name: RANGES[name][1] for name in ("step_bits", "tables", "presentations")}
    plain = (
        replace(chip, low_planes=True, levels=True, dynamic_depth=0, dynamic_bits=0, gates=False, **most)
        for chip in (base, *wider)
    )
    return tuple(roomy(chip, (8, 8, chip.lanes), dynamic=False) for chip in plain)
