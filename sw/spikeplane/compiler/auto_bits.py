"""`weight_bits="auto"`: the fewest bits of weights with which enough spikes agree, layer by layer.

A chip stores every weight in words of one width, so a layer of fewer bits than the chip's saves nothing. Two things do:
a chip of narrower words, where the chip is made for the network, and one word a weight instead of two.

```
    words of 2, 4, 8 bits, or the chip's ─▶ every layer one word a weight ─▶ agreement by layer, given the float's spikes
            ▲                                                                       │ too little
            └──── still too little: wider ◀── two words a weight, there only ◀──────┘ worst first, while they fit and help
```
Where 2 bits are enough on a chip that is made, 1 bit is tried too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spikeplane.compiler.auto import Target
from spikeplane.compiler.calibrated import SAMPLES
from spikeplane.compiler.widths import READOUT_BITS, population_widths, two_parts, weight_widths
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError, number
from spikeplane.float_network import Assumption, FloatNetwork
from spikeplane.program import Program
from spikeplane.program.source import Source
from spikeplane.provided import provided

AUTO = "auto"
SHARE = 99.0  #: percent of a layer's spikes and silences that are to be the float network's
WORDS = (2, 4, 8)  #: bits of a chip's weights, tried in turn
TWICE = 2.5  #: what two words a weight cost, in words: each spike adds both
KEPT = 0.01  #: relative error of a readout's weights, of signs
GAIN = 0.1  #: percent that two words a weight are to give a layer at least
Make = Callable[[Source, Target], Program]


def share_of(asked: object) -> float | None:
    """The percent that "auto" or "auto:98" asks for; None for anything that is no text. Raises SpikeplaneError for
    another text."""
    if not isinstance(asked, str):
        return None
    word, _, percent = asked.partition(":")
    try:
        share = float(percent) if ":" in asked else SHARE
    except ValueError:
        share = -1.0
    if word != AUTO or not 0 < share <= 100:
        raise SpikeplaneError(f"weight bits are a number, 'auto', or 'auto:98' for percent, not '{asked}'")
    return share


@dataclass(frozen=True)
class _Found:
    """A program, the bits of its layers, and percent of agreement by layer that spikes."""

    program: Program
    words: int  #: bits of the chip's weights
    bits: dict[str, int]
    agreement: dict[str, float]
    single: dict[str, float]  #: with one word a weight

    @property
    def least(self) -> float:
        return min(self.agreement.values(), default=100.0)

    def cost(self, net: FloatNetwork) -> float:
        """Bits of all weights; on a chip of signs, of which a weight may take several, those of all signs."""
        if self.words == 1:
            return float(sum(p.weight.size for p in self.program.network.projections))
        return self.words * sum(
            p.weight.size * (TWICE if self.bits[p.target] > self.words else 1.0) for p in net.projections
        )


def fewest_bits(
    source: Source,
    chips: Target,
    planes: dict[str, np.ndarray],
    share: float,
    make: Make,
    say: Callable[[str], None],
) -> Program:
    """The program of the fewest bits whose layers all agree in `share` percent on planes (N, T, C, H, W) by input; where
    none does, that of the highest least agreement. Raises SpikeplaneError where no program is found."""
    given = {name: values[:SAMPLES] for name, values in planes.items()}
    found: list[_Found] = []
    refused: SpikeplaneError | None = None
    for words in WORDS if chips.made else (source.chip.weight_bits,):
        some = replace(chips, arithmetic=tuple(replace(a, weight_bits=words) for a in chips.arithmetic))
        try:
            found.append(_of_words(source, some, given, share, make))
        except SpikeplaneError as error:
            refused = error
            continue
        say(f"weights of {words} bits: {found[-1].least:.2f} % of spikes agree in the worst layer")
        if found[-1].least >= share and max(found[-1].bits.values()) <= words:
            break  # wider words cost more
    if not found:
        assert refused is not None
        raise refused
    enough = [one for one in found if one.least >= share]
    if chips.made and any(one.words == WORDS[0] for one in enough):
        enough += _of_signs(source, chips, given, share, make)
    if enough:
        return _told(min(enough, key=lambda one: one.cost(source.network)), share)
    return _told(max(found, key=lambda one: one.least), share)


def _of_signs(
    source: Source, chips: Target, planes: dict[str, np.ndarray], share: float, make: Make
) -> list[_Found]:
    """On a chip of 1 bit, where 2 are enough and signs are too: spikes say so of layers that spike, and of a readout of
    values that its weights stay what they are."""
    some = replace(chips, arithmetic=tuple(replace(a, weight_bits=1) for a in chips.arithmetic))
    try:
        found = _of_words(source, some, planes, share, make)
    except SpikeplaneError:
        return []
    output = source.network.output
    (row,) = (row for row in found.program.tables["quantisation"] if row["population"] == output)
    kept = not source.network.population(output).sends_values or row["error"] < KEPT
    return [found] if found.least >= share and kept else []


def _of_words(
    source: Source, chips: Target, planes: dict[str, np.ndarray], share: float, make: Make
) -> _Found:
    """One word a weight, and two where that is too little."""
    net, chip = source.network, chips.arithmetic[0]
    trained = population_widths(net, source.weight_bits)
    bits = weight_widths(net, chip, _one_word(net, chip) | trained)

    def tried(some: dict[str, int]) -> tuple[Program, dict[str, float]]:
        program = make(replace(source, chip=chip, weight_bits=some), chips)
        rows, *_ = provided("agreement")(program, planes)
        return program, {row["layer"]: 100 * row["given"] for row in rows if row["given"] is not None}

    program, agreement = tried(bits)
    now = _Found(program, chip.weight_bits, bits, agreement, agreement)
    wide = two_parts(chip)
    poor = sorted((name for name, found in agreement.items() if found < share), key=lambda n: agreement[n])
    groups = [[n for n in _with_streams(net, name) if n not in trained and bits[n] < wide] for name in poor]
    groups = [group for group in groups if group]
    # all of them first; one by one where the chip has not the room
    for some in [groups] + ([[group] for group in groups] if len(groups) > 1 else []):
        more = {name: wide for group in some for name in group}
        if not more or more.items() <= now.bits.items():
            continue
        try:
            program, agreement = tried({**now.bits, **more})
        except SpikeplaneError:
            continue
        now = replace(now, program=program, bits={**now.bits, **more}, agreement=agreement)
    return _less(now, bits, groups, share, tried)


def _less(
    now: _Found,
    bits: dict[str, int],
    groups: list[list[str]],
    share: float,
    tried: Callable[..., tuple[Program, dict[str, float]]],
) -> _Found:
    """With one word a weight again where two give little."""

    def helped(name: str) -> bool:
        return now.agreement[name] >= min(share, now.single[name] + GAIN)

    chosen = bits | {name: now.bits[name] for group in groups if helped(group[0]) for name in group}
    if chosen == now.bits:
        return now
    program, agreement = tried(chosen)
    return replace(now, program=program, bits=chosen, agreement=agreement)


def _one_word(net: FloatNetwork, chip: ChipConfig) -> dict[str, int]:
    """The bits of one word a weight; a readout of values has two of less than 8 bits, because its sums are compared."""
    bits = weight_widths(net, chip, None)
    if net.population(net.output).sends_values:
        bits[net.output] = max(chip.weight_bits, min(READOUT_BITS, two_parts(chip)))
    return bits


def _with_streams(net: FloatNetwork, name: str) -> list[str]:
    """A layer, and the values that it reads, whose rounding it is too."""
    found = [name]
    for one in found:
        found += [
            p.source
            for p in net.incoming(one)
            if net.population(p.source).sends_values and p.source not in found
        ]
    return found


def _told(found: _Found, share: float) -> Program:
    """With a row a layer in the table of assumptions, in the file too."""
    rows = []
    for name, agreement in found.agreement.items():
        why = f"{agreement:.2f} % of spikes agree on the calibration, given the float network's"
        two = found.bits[name] > found.words
        if two:
            why += f"; {found.single[name]:.2f} % with one word a weight"
        why += "" if agreement >= share else f"; {number(share)} % were asked for"
        text = f"{found.bits[name]} in two words" if two else str(found.bits[name])
        rows.append(Assumption(layer=name, what="weight bits", value=text, why=why))
    program, source = found.program, found.program.source
    assert source is not None
    network = replace(source.network, assumptions=(*source.network.assumptions, *rows))
    shown = [{"layer": r.layer, "what": r.what, "value": r.value, "why": r.why} for r in rows]
    at = len(source.network.assumptions)
    assumed = program.tables["assumptions"]
    return replace(
        program,
        source=replace(source, network=network),
        tables={**program.tables, "assumptions": [*assumed[:at], *shown, *assumed[at:]]},
    )
