"""What rounding does to a layer, taken back on calibration data: a smaller scale of its weights (clipping), a bias and a
threshold that absorb what is left, each where spikes agree more with the float network's.

```
    every layer, on the float network's spikes
        scale ─▶ bias ─▶ threshold     each stage: a few candidates, all channels at once
                                       half of the samples choose, channel by channel
                                       the other half must gain too, and then the layer as a whole
```
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from spikeplane.compiler.built import built, probed
from spikeplane.compiler.calibrated import Calibrated
from spikeplane.compiler.corrected import corrected
from spikeplane.compiler.fit import Placed
from spikeplane.compiler.layers import Layer, per_channel
from spikeplane.compiler.quantise import Made, quantise, quantise_layer
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork
from spikeplane.program import Program
from spikeplane.program.corrections import Correction
from spikeplane.program.scores import scores

#: Candidates: of the unit of least error; parts of the mean error of the currents; parts of the threshold.
SCALES = (1.2, 1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
BIASES = (-0.5, -1.0, -1.5)
THRESHOLDS = (-0.08, -0.04, -0.02, -0.01, 0.01, 0.02, 0.04, 0.08)


def with_corrections(
    program: Program, planes: dict[str, np.ndarray], placed: Placed, say: Callable[[str], None]
) -> Program:
    """The program once more, with the corrections that integer planes (N, T, C, H, W) by input show; itself where
    they show none, and where with them the chip no longer holds the network, which is told."""
    source = program.source
    assert source is not None
    search = Search(Calibrated(program, planes), say)
    net, bits, guard, peaks = source.network, source.weight_bits, source.guard, source.peaks
    quantise(net, source.chip, program.encodings, bits, guard, peaks, search, probed(source))
    left = [_left(name, why) for name, why in search.left.items()]
    if not search.found and not left:
        return program

    def told(rows: list[Assumption]) -> FloatNetwork:
        return replace(net, assumptions=(*net.assumptions, *rows, *left))

    say("finding integers and places of the corrected network")
    try:
        network = told(list(search.told()))
        found = replace(source, network=network, corrections=search.found)
        return built(found, program.encodings, program.name, placed)
    except SpikeplaneError as error:
        none = Assumption(layer=net.output, what="correction", value="none", why=f"with corrections {error}")
        return built(replace(source, network=told([none])), program.encodings, program.name, placed)


def _left(name: str, why: str) -> Assumption:
    return Assumption(layer=name, what="correction", value="none", why=why)


#: Why a layer is left as it is.
_STEPPED = "its numbers differ from step to step, and a correction is one for all steps"
_COUNTED = "what attention counts is exact; its units are not changed"
_LEVELLED = "integer spikes have several thresholds, a correction has one"


def _uncorrected(layer: Layer) -> str:
    """Why a layer is not corrected; "" where it is."""
    if layer.by_step is not None:
        return _STEPPED
    if any(p.dynamic for p in layer.incoming):
        return _COUNTED
    return _LEVELLED if layer.neuron.kind.whole else ""


class Search:
    """Finds a layer's correction when `quantise` asks for it, in the network's order.

    found: by population its correction; left: why none is looked for; agreement: before and behind it, shares of all spikes
    and silences.
    """

    def __init__(self, on: Calibrated, say: Callable[[str], None]) -> None:
        self.on, self.say = on, say
        self.found: dict[str, Correction] = {}
        self.left: dict[str, str] = {}
        self.agreement: dict[str, tuple[float, float]] = {}

    def __call__(self, layer: Layer) -> Correction | None:
        name = layer.population.name
        self.found.pop(name, None)
        if why := _uncorrected(layer):
            self.left[name] = why
        elif layer.incoming and layer.neuron.kind.spikes:
            self.say(f"correcting '{name}'")
            self._spiking(layer)
        elif layer.incoming and name == self.on.net.output:
            self._readout(layer)
        correction = self.found.get(name)
        if layer.population.sends_values:
            self.on.keep(layer, quantise_layer(corrected(layer, correction), self.on.config))
        return correction

    def _spiking(self, layer: Layer) -> None:
        channels = layer.population.shape[0]
        now = Correction.none(channels)
        before = equal = self._equal(layer, now)
        if equal is None or equal.sum() == self.on.real[layer.population.name].size:
            return
        for stage in (self._scales, self._biases, self._thresholds):
            now, equal = self._better(layer, now, equal, stage(layer, now))
        assert before is not None
        if any(now.changed.values()):
            size = self.on.real[layer.population.name].size
            self.found[layer.population.name] = now
            self.agreement[layer.population.name] = before.sum() / size, equal.sum() / size

    def _readout(self, layer: Layer) -> None:
        """Values that are compared: by the share of samples of the float network's class, in both halves."""
        now = Correction.none(layer.population.shape[0])
        tried = [now, *(one for one in self._biases(layer, now) if one.bias.any())]
        same = [self._same(layer, one) for one in tried]
        known = [(each, one) for each, one in zip(same, tried, strict=True) if each is not None]
        if known[0][1] is not now:
            return
        first = known[0][0]
        best, chosen = max(known, key=lambda one: one[0][::2].sum())
        if best[::2].sum() > first[::2].sum() and best[1::2].sum() > first[1::2].sum():
            self.found[layer.population.name] = chosen
            self.agreement[layer.population.name] = float(first.mean()), float(best.mean())

    def _same(self, layer: Layer, correction: Correction) -> np.ndarray | None:
        """Whether the class is the float network's, by sample."""
        made = self._made(layer, correction)
        if made is None:
            return None
        name, fold = layer.population.name, layer.population.fold
        try:
            ours = self.on.outputs(layer, made)
        except SpikeplaneError:
            return None
        classes = (
            scores(self.on.net.readout, np.asarray(each, np.float64), fold).argmax(1)
            for each in (ours, self.on.real[name])
        )
        return np.equal(*classes)

    def told(self) -> Iterator[Assumption]:
        """A row a layer, for the table of assumptions."""
        for name, correction in self.found.items():
            changed = [f"{what} of {count}" for what, count in correction.changed.items() if count]
            before, after = (f"{100 * share:.2f} %" for share in self.agreement[name])
            yield Assumption(
                layer=name,
                what="correction",
                value=f"{', '.join(changed)} of {len(correction.bias)} channels",
                why=f"on the calibration, given the float network's spikes, {before} agreed without it, {after} with it",
            )

    def _scales(self, layer: Layer, now: Correction) -> Iterable[Correction]:
        return [replace(now, scale=np.full_like(now.scale, factor)) for factor in SCALES]

    def _biases(self, layer: Layer, now: Correction) -> Iterable[Correction]:
        made = self._made(layer, now)
        wrong = np.zeros_like(now.bias) if made is None else self.on.wrong(layer, made)
        return [replace(now, bias=part * wrong) for part in BIASES]

    def _thresholds(self, layer: Layer, now: Correction) -> Iterable[Correction]:
        theta = np.abs(per_channel(layer.neuron.threshold, len(now.threshold)))
        return [replace(now, threshold=part * theta) for part in THRESHOLDS]

    def _better(
        self, layer: Layer, now: Correction, equal: np.ndarray, candidates: Iterable[Correction]
    ) -> tuple[Correction, np.ndarray]:
        """The correction mixed channel by channel, and how many spikes are equal with it (N, C)."""
        tried = [(now, equal)]
        for candidate in candidates:
            counted = self._equal(layer, candidate)
            if counted is not None:
                tried.append((candidate, counted))
        # the chip resets to one potential: one scale for all channels
        together = layer.neuron.v_reset != 0
        chosen, held = (
            np.array([counted[first::2].sum(0) for _, counted in tried]) for first in (0, 1)
        )  # (tried, C)
        if together:
            chosen, held = (
                np.broadcast_to(each.sum(1, keepdims=True), each.shape) for each in (chosen, held)
            )
        best = chosen.argmax(0)
        best = np.where(np.take_along_axis(held, best[None], 0)[0] > held[0], best, 0)
        mixed = Correction(
            **{
                name: np.take_along_axis(np.array([getattr(each, name) for each, _ in tried]), best[None], 0)[
                    0
                ]
                for name in ("scale", "bias", "threshold")
            }
        )
        counted = self._equal(layer, mixed) if best.any() else None
        return (now, equal) if counted is None or counted.sum() <= equal.sum() else (mixed, counted)

    def _equal(self, layer: Layer, correction: Correction) -> np.ndarray | None:
        made = self._made(layer, correction)
        try:
            return None if made is None else self.on.equal(layer, made)
        except SpikeplaneError:
            return None

    def _made(self, layer: Layer, correction: Correction) -> Made | None:
        """The layer in integers; None where the chip cannot have it so."""
        try:
            return quantise_layer(corrected(layer, correction), self.on.config)
        except SpikeplaneError:
            return None
