"""The integer network step by step: the specification that every chip is held against (docs/design.md, "Arithmetic").

    I  = bias + sum of weight * 2^pre_shift * value    (maximum over a window of currents where the
       population has one; weights of a dynamic projection are counted in the step: `golden.dynamic`)
    v  = saturate(round(u * a / 65536) + I)            (rounded down, up or to odd; with `floor` from 0 on)
    s  = v >= theta, or v > theta
    u' = v_reset | v - amount | v            where it fired;  v where it did not

Neurons of integer spikes send s = round(v / theta), half to even, from 0 to a top, and u' = v - s * amount.

Weights, biases, thetas, amounts and leaks that have an axis of steps are those of the sample's step t, from 0 on.
What is sent of v is limited to the population's planes, and the lowest ones may be left out; or it is what a table has for v.
A sample is presented once, or several times: `steps`.

All values are exact integers (`synapses` says how). CPU or CUDA. This is the plain path; `int8` has a fast one for the CPU, of
the same values.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Neuron, Population
from spikeplane_sim.golden.dynamic import Dynamic
from spikeplane_sim.golden.gate import Gated, by_values, looked_up
from spikeplane_sim.golden.int8 import Given, Moved, fast_populations
from spikeplane_sim.golden.neurons import NEURON_RULES
from spikeplane_sim.golden.reach import reach_of
from spikeplane_sim.golden.steps import most_steps
from spikeplane_sim.golden.synapses import Synapses

Tensor = torch.Tensor
_NARROW = 1 << 30  #: magnitudes below are added in int32, others in int64


class GoldenModel:
    """Executes a `Network` on a batch.

    `network`: the integer network; `membrane_bits`: saturation width of the chip; `acc_bits`: width
    of its accumulators, which no current may leave; `device`: "cpu" or "cuda". `path`: "plain", "int8"
    or "auto", the same values; None: SPIKEPLANE_GOLDEN's, or "auto" (`int8`). Raises SpikeplaneError, in a step, for a
    current that leaves the accumulators.
    """

    def __init__(
        self,
        network: Network,
        *,
        membrane_bits: int,
        acc_bits: int,
        device: str = "cpu",
        path: str | None = None,
    ) -> None:
        self.network, self.device = network, torch.device(device)
        self.limits = (-(1 << (membrane_bits - 1)), (1 << (membrane_bits - 1)) - 1)
        self.acc_bits = acc_bits
        #: steps that a sample has at most, and the one under way
        self.most, self.step = most_steps(network), 0
        self.reach = {
            p.name: reach_of(p, network, membrane_bits) for p in network.populations if p.neuron is not None
        }
        largest = max([1 << (membrane_bits - 1), 1 << (acc_bits - 1), *self.reach.values()])
        #: holds the sum of a membrane and a current
        self.wide = torch.int32 if largest < _NARROW else torch.int64
        #: by tag
        self.synapses: list[Synapses | Dynamic | Gated] = [
            by_values(p, self.wide) or Synapses(p, network, membrane_bits, self.wide, self.device)
            for p in network.projections
        ]
        self.fast = fast_populations(self, path, membrane_bits)

    def steps(
        self, inputs: dict[str, np.ndarray], potentials: dict[str, Tensor] | None = None
    ) -> Iterator[dict[str, Tensor]]:
        """Yield, per step, the output of every population: int32 (N, C, H, W); spikes 0/1 or membrane values.

        `inputs`: per input population an integer array (N, T, C, H, W). State starts at 0. `potentials`: of
        each step filled with v by population, what was decided on, before any reset. A sample is presented
        `Network.presentations` times, and the steps are those of the last one: membranes of populations that are `kept` go
        on from one to the next, all others and what is delayed begin anew.
        """
        planes = {k: torch.as_tensor(np.ascontiguousarray(v), device=self.device) for k, v in inputs.items()}
        apart = [{k: v[:, t] for k, v in planes.items()} for t in range(next(iter(planes.values())).shape[1])]
        membranes: dict[str, Tensor] = {}
        for _ in range(self.network.presentations - 1):
            for _ in self.stream(apart, membranes=membranes):
                pass
            membranes = {p.name: membranes[p.name] for p in self.network.populations if p.kept}
        yield from self.stream(apart, potentials, membranes=membranes)

    def stream(
        self,
        planes: Iterable[dict[str, Tensor]],
        potentials: dict[str, Tensor] | None = None,
        *,
        constant: bool = True,
        membranes: dict[str, Tensor] | None = None,
    ) -> Iterator[dict[str, Tensor]]:
        """As `steps` in one presentation, of steps that come one after the other: per input population integers
        (N, C, H, W). `constant`: an input that `hold` calls constant is; otherwise it may change from step to step.
        `membranes`: by population, where they do not begin at 0; they become those of the end."""
        membranes = {} if membranes is None else membranes
        outputs: dict[str, Tensor] = {}
        held: dict[str, Tensor] = {}
        for self.step, now in enumerate(planes):
            self._check_step()
            previous, outputs, first = outputs, {}, next(iter(now.values()))
            for population in self.network.populations:
                if population.constant:
                    size = (len(first), *population.shape)
                    outputs[population.name] = torch.ones(size, dtype=torch.int32, device=self.device)
                    continue
                if population.neuron is None:
                    outputs[population.name] = now[population.name].to(torch.int32)
                    continue
                # The same input in every step gives the same current: what `hold` means. A bias may differ.
                alike = population.bias is None or np.ndim(population.bias) < 2
                keeps = population.hold and constant and alike
                given = Given(outputs, previous, len(first))
                u, current = membranes.get(population.name), held.get(population.name)
                moved = self._moved(
                    population, given, u, current, apart=keeps, potentials=potentials is not None
                )
                if keeps and moved.current is not None:
                    held[population.name] = moved.current
                membranes[population.name], outputs[population.name] = moved.after, moved.sent
                if potentials is not None and moved.v is not None:
                    potentials[population.name] = moved.v
            yield outputs

    def _moved(
        self,
        population: Population,
        given: Given,
        u: Tensor | None,
        current: Tensor | None,
        *,
        apart: bool,
        potentials: bool,
    ) -> Moved:
        """A step of a population; `current` where it is known."""
        fast = self.fast.get(population.name)
        if fast is not None:
            return fast(given, u, current, apart=apart, potentials=potentials)
        current = self.current(population, given) if current is None else current
        u = torch.zeros_like(current) if u is None else u
        return Moved(*self.fire(population, u, current), current)

    def added(self, tag: int, source: Tensor, now: dict[str, Tensor]) -> Tensor:
        """What one projection adds, from what its source sends and what all populations do."""
        synapses = self.synapses[tag]
        if isinstance(synapses, Synapses):
            return synapses(source, self.step)
        dynamic = self.network.projections[tag].dynamic
        assert dynamic is not None
        return synapses(source, *(now[name] for name in dynamic.names))

    def _check_step(self) -> None:
        if self.step >= self.most:
            raise SpikeplaneError(
                f"the network has weights or thresholds for {self.most} steps of a sample, not for more; end it there"
            )

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All steps: per population int32 (N, T, C, H, W)."""
        collected: dict[str, list[Tensor]] = {}
        for outputs in self.steps(inputs):
            for name, value in outputs.items():
                collected.setdefault(name, []).append(value)
        return {name: torch.stack(values, 1).cpu().numpy() for name, values in collected.items()}

    def current(self, population: Population, given: Given) -> Tensor:
        """What arrives at a population in the step under way, a window's maximum taken."""
        bias = self._channels(population.bias, population)
        total = None
        for tag in self.network.tags_into(population.name):
            projection = self.network.projections[tag]
            source = (given.before if projection.delay else given.now).get(projection.source)
            if source is not None:
                added = self.added(tag, source, given.now)
                total = added.add_(bias) if total is None else total.add_(added)
        if total is None:  # nothing has arrived yet: a recurrent projection at step 0
            total = bias.expand(given.batch, *population.current_shape).clone()
        return self.ended(population, total)

    def ended(self, population: Population, total: Tensor) -> Tensor:
        """Sums as the neurons get them: those that the accumulators hold, a window's maximum."""
        self._check(population, total)
        if population.window is None:
            return total
        window = population.window
        lowest = torch.iinfo(self.wide).min
        padded = F.pad(total, (window.padding,) * 4, value=lowest)
        return (
            padded.unfold(2, window.size, window.stride).unfold(3, window.size, window.stride).amax((-1, -2))
        )

    def watched(self, population: Population) -> bool:
        """Its currents might leave the accumulators; where the worst case fits them there is nothing to look for."""
        return self.reach[population.name] > (1 << (self.acc_bits - 1)) - 1

    def _check(self, population: Population, total: Tensor) -> None:
        """Refuse what the accumulators would not hold."""
        if not self.watched(population):
            return
        top = (1 << (self.acc_bits - 1)) - 1
        low, high = int(total.min()), int(total.max())
        if low < -top - 1 or high > top:
            raise SpikeplaneError(
                f"population '{population.name}': a current of {low if low < -top - 1 else high} "
                f"exceeds the {self.acc_bits}-bit "
                "accumulator; compile the network for this chip, which proves that none does"
            )

    def fire(self, population: Population, u: Tensor, current: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is sent, u' and v."""
        neuron = population.neuron
        assert neuron is not None
        theta = self._channels(population.theta, population)
        leaks = None if population.leaks is None else self._channels(population.leaks, population)
        v = (leak(neuron, u, leaks) + current).clamp(*self.limits)
        if neuron.floor:
            v = v.clamp(min=0)
        rule = NEURON_RULES[neuron.kind.tag]
        fired = v > theta if neuron.strict else v >= theta
        sent = rule.sent(v, theta, fired)
        if neuron.reset == "hard":
            after = v.masked_fill(fired, neuron.v_reset)
        elif neuron.reset == "soft":
            amount = theta if population.amount is None else self._channels(population.amount, population)
            times = rule.times(sent, fired)
            after = torch.where(times > 0, (v - times * amount).clamp(*self.limits), v)
        else:
            after = v
        return limited(neuron, sent.to(torch.int32)), after, v

    def _channels(self, values: np.ndarray | None, population: Population) -> Tensor:
        now = np.asarray(0 if values is None else values, dtype=np.int64)
        array = np.broadcast_to(now[self.step] if now.ndim > 1 else now, population.shape[:1])
        return torch.as_tensor(array.copy(), device=self.device).to(self.wide).view(1, -1, 1, 1)


def limited(neuron: Neuron, sent: Tensor) -> Tensor:
    """What goes out on `planes` bit planes: two's complement, or 0 and more; of these from `low` on. Of a population with a
    table its entry."""
    if neuron.table is not None:
        return looked_up(neuron.table, sent)
    if neuron.relu:
        sent = sent.clamp(0, 2**neuron.planes - 1)
    elif neuron.planes:
        sent = sent.clamp(-(2 ** (neuron.planes - 1)), 2 ** (neuron.planes - 1) - 1)
    return sent >> neuron.low


def leak(neuron: Neuron, u: Tensor, leaks: Tensor | None = None) -> Tensor:
    """leak(u), of u's type: u, 0, or u * leak_value / 65536 rounded down, up or to odd. leaks: instead of
    `leak_value` one a channel (1, C, 1, 1), to odd where it is no power of two."""
    if neuron.leak == "none":
        return u
    if neuron.leak == "memoryless":
        return torch.zeros_like(u)
    factor = torch.as_tensor(neuron.leak_value if leaks is None else leaks).to(torch.int64)
    product = u.to(torch.int64) * factor
    floor, cut = product >> 16, (product & 0xFFFF) != 0
    rounded = {"down": floor, "up": floor + cut, "odd": floor | cut}[neuron.leak_round]
    if leaks is not None:
        rounded = torch.where((factor & (factor - 1)) == 0, rounded, floor | cut)
    return rounded.to(u.dtype)
