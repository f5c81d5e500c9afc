"""From a model's float network to one that learns, and from that to a float network that can be compiled.

What learning neurons have not is refused by name. What binary16 has not is rounded, and told.
"""

from collections.abc import Collection, Iterator

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE, Gate
from spikeplane.train.network import LearningNetwork, LearningPopulation, LearningProjection

#: Behind the name of a population, that of the source of its biases.
_BIAS = ".bias"


def learning(
    net: FloatNetwork, frozen: Collection[str] = (), *, limit: int = 3, delta_limit: int = 2
) -> tuple[LearningNetwork, list[str]]:
    """The network that learns, and a line for each number that binary16 has not. `frozen` names layers, or the
    populations they end in, that keep their weights. Raises SpikeplaneError for what no chip learns."""
    _check_names(net, frozen)
    if net.presentations > 1:
        raise _refused(
            net.output, "takes several presentations of a sample", "use a model without gates over steps"
        )
    populations: list[LearningPopulation] = []
    projections: list[LearningProjection] = []
    told: list[str] = []
    for population in net.populations:
        made = _population(net, population, told)
        into = [_projection(p, frozen, limit, told) for p in net.incoming(population.name)]
        if population.bias is not None and np.any(population.bias):
            source = LearningPopulation(
                name=population.name + _BIAS, shape=(1, *population.shape[1:]), constant=True
            )
            weight = _sixteen(population.bias, f"biases of layer '{population.name}'", told)
            trained = not {population.name, *(p.layer for p in net.incoming(population.name))} & set(frozen)
            populations.append(source)
            into.append(
                LearningProjection(
                    source=source.name,
                    target=made.name,
                    weight=weight.reshape(-1, 1, 1, 1),
                    trained=trained,
                    limit=limit,
                )
            )
        populations.append(made)
        projections += into
    return LearningNetwork(
        populations=tuple(populations),
        projections=tuple(projections),
        output=net.output,
        delta_limit=delta_limit,
    ), told


def float_network(network: LearningNetwork) -> FloatNetwork:
    """The same as a float network, which `spikeplane.compile` takes: its weights are what was learned."""
    biases = {p.target: p.weight for p in network.projections if p.source.endswith(_BIAS)}
    return FloatNetwork(
        populations=tuple(
            FloatPopulation(
                name=p.name,
                shape=p.shape,
                neuron=_neuron(network, p),
                bias=biases[p.name].astype(np.float64).reshape(-1) if p.name in biases else None,
            )
            for p in network.populations
            if not p.name.endswith(_BIAS)
        ),
        projections=tuple(
            FloatProjection(
                source=p.source, target=p.target, weight=p.weight.astype(np.float64), stride=p.stride,
                padding=p.padding, pool=p.pool,
            )
            for p in network.projections
            if not p.source.endswith(_BIAS)
        ),
        output=network.output,
        readout="last",
    )  # fmt: skip


def _neuron(network: LearningNetwork, p: LearningPopulation) -> FloatNeuron | None:
    if p.name == network.output:
        return FloatNeuron(reset="none", kind=MEMBRANE)
    return None if p.theta is None else FloatNeuron(decay=p.leak, threshold=np.asarray(p.theta))


def _check_names(net: FloatNetwork, frozen: Collection[str]) -> None:
    known = {p.name for p in net.populations if p.neuron is not None} | {p.layer for p in net.projections}
    for name in frozen:
        if name not in known or not name:
            raise SpikeplaneError(
                f"--freeze {name}: there is no layer '{name}'; there are {', '.join(sorted(known - {''}))}"
            )


def _refused(where: str, what: str, cure: str) -> SpikeplaneError:
    return SpikeplaneError(f"layer '{where}' {what}, which no chip learns; {cure}")


def _population(net: FloatNetwork, p: FloatPopulation, told: list[str]) -> LearningPopulation:
    neuron = p.neuron
    if p.window is not None:
        raise _refused(p.name, "takes a maximum over a window", "pool with an average")
    if p.fold > 1:
        raise _refused(p.name, "has steps for channels", "train a model of single steps")
    if p.levels is not None:
        raise _refused(p.name, "differ from step to step", "add the same in every step")
    if neuron is None:
        return LearningPopulation(name=p.name, shape=p.shape, constant=p.constant)
    if p.name == net.output:
        if not _adds_up(net, neuron):
            raise _refused(
                p.name, "is no readout that adds up its currents", "end the model in a layer without neurons"
            )
        return LearningPopulation(name=p.name, shape=p.shape)
    for what, cure in _odd(neuron):
        raise _refused(p.name, what, cure)
    decay = float(np.asarray(neuron.decay).flat[0])
    leak = float(np.float16(decay))
    if leak != decay:
        told.append(
            f"layer '{p.name}' keeps {leak:.9g} of its membrane a step, the binary16 number nearest to {decay:.9g}"
        )
    return LearningPopulation(name=p.name, shape=p.shape, theta=np.asarray(neuron.threshold, np.float64), leak=leak)  # fmt: skip


def _adds_up(net: FloatNetwork, neuron: FloatNeuron) -> bool:
    """Whether the readout is the sum of its currents over all steps."""
    plain = not neuron.function and not neuron.floor and neuron.mix is None
    values = not neuron.kind.spikes and neuron.threshold is None and plain
    keeps = net.readout == "last" and not np.any(np.asarray(neuron.decay) != 1)
    relays = net.readout == "sum" and not np.any(neuron.decay)
    return values and (keeps or relays)


def _odd(neuron: FloatNeuron) -> Iterator[tuple[str, str]]:
    """What of these neurons no chip learns, and what to do."""
    decay = np.asarray(neuron.decay)
    if not neuron.kind.spikes or neuron.threshold is None:
        yield "sends values", "use layers that send spikes, and a readout at the end"
    if neuron.mix is not None:
        yield "decides on all steps at once", "use LIF or IF neurons"
    if neuron.reset == "none" and not np.any(decay):
        yield "is a gate of spikes (a maximum, an OR or an AND)", "pool with an average, and add branches up"
    if neuron.reset != "hard" or neuron.v_reset != 0:
        yield (
            f"has the reset '{neuron.reset}' to {neuron.v_reset:g}",
            "give --reset hard, and neurons that reset to 0",
        )
    if neuron.strict:
        yield "fires above its threshold", "give --compare '>='"
    if neuron.floor:
        yield "keeps its membrane from 0 on", "use neurons without a floor"
    if np.any(decay != decay.flat[0]):
        yield "leaks by channel", "use one leak for a layer"


def _projection(
    p: FloatProjection, frozen: Collection[str], limit: int, told: list[str]
) -> LearningProjection:
    if p.delay:
        raise _refused(p.target, "is recurrent", "use layers that feed forward")
    if p.weight.ndim != 4:
        raise _refused(
            p.target,
            "has a weight of its own for each channel (depthwise, or a pooling by itself)",
            "use convolutions",
        )
    if isinstance(p.dynamic, Gate):
        raise _refused(p.target, "has a gate, which multiplies what it gets", "use layers without gates")
    if p.dynamic is not None:
        raise _refused(p.target, "has synapses that are counted from spikes", "use layers without attention")
    if p.up != (1, 1):
        raise _refused(p.target, "puts zeros between pixels", "use strides of 1 or more")
    return LearningProjection(
        source=p.source, target=p.target, weight=_sixteen(p.weight, f"weights of {p.source}->{p.target}", told),
        stride=p.stride, padding=p.padding, pool=p.pool,
        trained=not {p.target, p.layer} & set(frozen), limit=limit,
    )  # fmt: skip


def _sixteen(values: np.ndarray, what: str, told: list[str]) -> np.ndarray:
    """The nearest binary16 numbers; what is too large becomes infinite, and `plan.check` refuses it."""
    with np.errstate(over="ignore"):
        found = np.asarray(values, np.float64).astype(np.float16)
    lost = int(((found == 0) & (values != 0)).sum())
    if lost:
        told.append(f"{lost} {what} are 0 in binary16")
    return found + np.float16(0)
