"""Single layers in integers beside the float network, on calibration planes and the float network's spikes.

```
 planes ─▶ FloatModel ─▶ spikes of every layer ─┬─▶ the sources of one layer ─▶ GoldenModel of that layer ─┐
                                                └─▶ its own spikes ◀────────── equal? ─────────────────────┘
```
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from spikeplane.compiler.layers import Layer, per_channel
from spikeplane.compiler.quantise import Made
from spikeplane.config import ChipConfig
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE, Population
from spikeplane.program import Program
from spikeplane.provided import provided

SAMPLES = 128  #: of the calibration, at most
_MOST = 1 << 24  #: values of all populations that are held at a time
Planes = dict[str, np.ndarray]


class Calibrated:
    """The float network of a program, on the first samples of integer planes (N, T, C, H, W) by input.

    real: what its populations send, (N, T, C, H, W), spikes as uint8; values: what those that send values make of that
    in integers, as far as they were `keep`t.
    """

    def __init__(self, program: Program, planes: Planes) -> None:
        assert program.source is not None
        self.net: FloatNetwork = program.source.network
        self.config: ChipConfig = program.source.chip  # the program's own may be cut to what it uses
        self.network = program.network
        count = max(2, min(SAMPLES, _MOST // program.values))
        self.planes = {name: given[:count] for name, given in planes.items()}
        values = {name: given * program.encodings[name].value for name, given in self.planes.items()}
        self.real: Planes = dict(provided("FloatModel")(self.net).run(values))
        for population in self.net.populations:
            if population.neuron is not None and population.neuron.kind.spikes:
                self.real[population.name] = self.real[population.name].astype(np.uint8)
        self.widths = {"membrane_bits": self.config.membrane_bits, "acc_bits": self.config.acc_bits}
        late = any(p.delay and self.net.population(p.source).sends_values for p in self.net.projections)
        self.values: Planes = (
            provided("GoldenModel")(self.network, **self.widths).run(self.planes) if late else {}
        )

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(next(iter(self.planes.values())))

    def outputs(self, layer: Layer, made: Made) -> np.ndarray:
        """What the layer sends in integers, (N, T, C, H, W). Raises SpikeplaneError for currents that no accumulator
        holds."""
        sources = {one.name: one for one in self._sources(layer)}
        given = {name: self._sent(one) for name, one in sources.items() if not one.constant}
        size = *next(iter(self.planes.values())).shape[:2], layer.steps
        parts = [part for parts in made.projections for part in parts]
        run = provided("run_layer")
        return run(made.population, parts, list(sources.values()), given, size, self.widths)

    def keep(self, layer: Layer, made: Made) -> None:
        """What values it sends is what the layers behind are to get."""
        self.values[layer.population.name] = self.outputs(layer, made)

    def equal(self, layer: Layer, made: Made) -> np.ndarray:
        """By sample and channel (N, C) how many spikes and silences are those of the float network."""
        return (self.outputs(layer, made) == self.real[layer.population.name]).sum((1, 3, 4))

    def wrong(self, layer: Layer, made: Made) -> np.ndarray:
        """By how much the currents (C,) are too large on average, in real numbers."""
        means = {one.name: self._mean(self._sent(one), one) for one in self._sources(layer)}
        parts = [
            replace(p, source=whole.source, weight=whole.weight * 2.0**whole.pre_shift)
            for p, found in zip(layer.incoming, made.projections, strict=True)
            for whole in found
        ]
        ours = self._currents(layer, parts, means) + per_channel(made.population.bias, len(made.unit))
        real = {one.name: self._mean(self._real(one), one) for one in self._sources(layer)}
        channels = layer.population.shape[0]
        theirs = self._currents(layer, layer.incoming, real) + per_channel(layer.population.bias, channels)
        return ours * made.unit - theirs

    def _sources(self, layer: Layer) -> Iterable[Population]:
        """Those that come later in the network as the program has them."""
        known = {one.name for one in self.net.populations[: self.net.populations.index(layer.population)]}
        return [s if s.name in known else self.network.population(s.name) for s in layer.sources]

    def _sent(self, source: Population) -> np.ndarray:
        if source.neuron is None:
            return self.planes.get(source.name, np.ones((1, 1, 1, 1, 1)))
        return self.values[source.name] if source.sends_values else self.real[source.name]

    def _real(self, source: Population) -> np.ndarray:
        return self.real.get(source.name, np.ones((1, 1, 1, 1, 1)))

    def _mean(self, sent: np.ndarray, source: Population) -> np.ndarray:
        return np.broadcast_to(sent.mean((0, 1), dtype=np.float64), source.shape)[None, None]

    def _currents(self, layer: Layer, into: Iterable[FloatProjection], means: Planes) -> np.ndarray:
        """The mean currents (C,) of projections that get the means of their sources: currents are linear."""
        name, shape = layer.population.name, layer.population.current_shape
        neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
        given = {f"{source} as given": mean for source, mean in means.items()}
        net = FloatNetwork(
            populations=(
                *(FloatPopulation(name=each, shape=mean.shape[2:]) for each, mean in given.items()),
                FloatPopulation(name=name, shape=shape, neuron=neuron),
            ),
            projections=tuple(replace(p, source=f"{p.source} as given", delay=0) for p in into),
            output=name,
        )
        return provided("FloatModel")(net).run(given)[name].mean((0, 1, 3, 4))
