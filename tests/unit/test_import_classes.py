"""Every layer and neuron that SpikingJelly and snnTorch export, decided: imported as the framework
runs it, or refused by its name."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportReturnType=false

import copy
import inspect
from typing import Any

import pytest
import snntorch
import torch
from frameworks import compared, spread
from spikingjelly.activation_based import ann2snn, layer, neuron, rnn, surrogate
from torch import nn

from spikeplane.compiler.graph import FloatNeuron
from spikeplane.errors import SpikeplaneError
from spikeplane.importers import Call, import_model, register

ROWS, MAPS = (12, 1, 1), (2, 6, 6)
FIRE = neuron.IFNode


def multi(*layers: nn.Module) -> nn.Sequential:
    """A model of step mode "m"."""
    model = nn.Sequential(*layers)
    for module in model.modules():
        if (
            isinstance(getattr(type(module), "step_mode", None), property)
            and "s" in module.supported_step_mode()
        ):
            module.step_mode = "m"
    return model


def rows(*layers: nn.Module) -> tuple[nn.Module, dict]:
    return nn.Sequential(nn.Linear(12, 20), *layers), {"shape": ROWS, "rows": True}


def maps(*layers: nn.Module) -> tuple[nn.Module, dict]:
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), *layers), {"shape": MAPS}


def lines(*layers: nn.Module) -> tuple[nn.Module, dict]:
    """On lines of 9 pixels."""
    return nn.Sequential(layer.Conv1d(2, 4, 3, padding=1), *layers), {"shape": (2, 1, 9), "line": True}


def steps(*layers: nn.Module) -> tuple[nn.Module, dict]:
    return multi(layer.Conv2d(2, 4, 3, padding=1), *layers), {"shape": MAPS, "several": True}


def inside(container: type) -> tuple[nn.Module, dict]:
    """Layers in a container of steps, neurons behind it."""
    part = nn.Sequential(nn.BatchNorm2d(4), nn.MaxPool2d(2))
    return multi(container(nn.Conv2d(2, 4, 3), part), neuron.IFNode()), {"shape": MAPS, "several": True}


def read_out(node: nn.Module) -> tuple[nn.Module, dict]:
    model = multi(layer.Conv2d(2, 4, 3), FIRE(v_threshold=0.5), layer.Flatten(), layer.Linear(64, 5), node)
    return model, {"shape": MAPS, "several": True}


class OnTheWay(nn.Module):
    """A recurrence, and a delay beside a connection that has none."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.fire, self.late, self.two, self.end = (
            nn.Linear(12, 20),
            FIRE(),
            layer.Delay(1),
            nn.Linear(20, 20),
            FIRE(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spikes = self.fire(self.one(x))
        return self.end(self.two(spikes) + self.late(spikes))


RIGHT: dict[type, Any] = {
    neuron.IFNode: lambda: rows(FIRE()),
    neuron.SimpleIFNode: lambda: rows(neuron.SimpleIFNode()),
    neuron.HalfThresholdIFNode: lambda: rows(neuron.HalfThresholdIFNode()),
    neuron.LIFNode: lambda: rows(neuron.LIFNode()),
    neuron.SimpleLIFNode: lambda: rows(neuron.SimpleLIFNode(2.0, True)),
    neuron.ParametricLIFNode: lambda: rows(neuron.ParametricLIFNode()),
    neuron.KLIFNode: lambda: rows(neuron.KLIFNode()),
    neuron.CUBALIFNode: lambda: rows(neuron.CUBALIFNode()),
    neuron.OTTTLIFNode: lambda: rows(neuron.OTTTLIFNode()),
    neuron.SLTTLIFNode: lambda: rows(neuron.SLTTLIFNode()),
    neuron.NonSpikingIFNode: lambda: read_out(neuron.NonSpikingIFNode()),
    neuron.NonSpikingLIFNode: lambda: read_out(neuron.NonSpikingLIFNode(3.0)),
    layer.Linear: lambda: (nn.Sequential(layer.Linear(12, 20), FIRE()), {"shape": ROWS, "rows": True}),
    layer.WSLinear: lambda: (nn.Sequential(layer.WSLinear(12, 20), FIRE(v_threshold=0.2)), {"shape": ROWS, "rows": True}),
    layer.Conv2d: lambda: (nn.Sequential(layer.Conv2d(2, 4, 3), FIRE()), {"shape": MAPS}),
    layer.WSConv2d: lambda: (nn.Sequential(layer.WSConv2d(2, 4, 3), FIRE(v_threshold=0.2)), {"shape": MAPS}),
    layer.BatchNorm1d: lambda: rows(layer.BatchNorm1d(20), FIRE()),
    layer.BatchNorm2d: lambda: maps(layer.BatchNorm2d(4), FIRE()),
    layer.ThresholdDependentBatchNorm1d: lambda: (
        multi(layer.Flatten(), layer.Linear(72, 9), layer.ThresholdDependentBatchNorm1d(1.0, 0.5, 9), FIRE(v_threshold=0.5)),
        {"shape": MAPS, "several": True},
    ),
    layer.ThresholdDependentBatchNorm2d: lambda: steps(layer.ThresholdDependentBatchNorm2d(1.0, 0.5, 4), FIRE(v_threshold=0.5)),
    layer.MaxPool2d: lambda: maps(FIRE(v_threshold=3.0), layer.MaxPool2d(2)),
    layer.AvgPool2d: lambda: maps(FIRE(), layer.AvgPool2d(2), layer.Conv2d(4, 3, 2), FIRE()),
    layer.AdaptiveAvgPool2d: lambda: maps(FIRE(), layer.AdaptiveAvgPool2d(1), layer.Flatten(), nn.Linear(4, 9), FIRE(v_threshold=0.3)),
    layer.Conv1d: lambda: lines(FIRE()),
    layer.AvgPool1d: lambda: lines(FIRE(), layer.AvgPool1d(2), nn.Conv1d(4, 3, 1), FIRE()),
    layer.MaxPool1d: lambda: lines(FIRE(v_threshold=3.0), layer.MaxPool1d(2)),
    layer.AdaptiveAvgPool1d: lambda: lines(layer.AdaptiveAvgPool1d(3), FIRE()),
    layer.ConvTranspose1d: lambda: lines(FIRE(), layer.ConvTranspose1d(4, 3, 3), FIRE(v_threshold=0.3)),
    layer.ConvTranspose2d: lambda: maps(FIRE(), layer.ConvTranspose2d(4, 3, 3), FIRE(v_threshold=0.3)),
    layer.Upsample: lambda: maps(FIRE(), layer.Upsample(scale_factor=2), layer.Flatten(), nn.Linear(576, 3), FIRE(v_threshold=9.0)),
    layer.Flatten: lambda: maps(FIRE(), layer.Flatten(), nn.Linear(144, 3), FIRE(v_threshold=9.0)),
    layer.Dropout: lambda: rows(FIRE(), layer.Dropout(), nn.Linear(20, 6), FIRE()),
    layer.Dropout2d: lambda: maps(layer.Dropout2d(), FIRE()),
    layer.PrintShapeModule: lambda: rows(layer.PrintShapeModule(), FIRE()),
    layer.VotingLayer: lambda: rows(FIRE(), layer.VotingLayer(3)),
    layer.Delay: lambda: (OnTheWay(), {"shape": ROWS, "rows": True}),
    layer.SeqToANNContainer: lambda: inside(layer.SeqToANNContainer),
    layer.MultiStepContainer: lambda: inside(layer.MultiStepContainer),
    layer.StepModeContainer: lambda: inside(lambda *layers: layer.StepModeContainer(False, "m", *layers)),
    layer.LinearRecurrentContainer: lambda: rows(
        FIRE(), layer.LinearRecurrentContainer(neuron.LIFNode(v_threshold=0.5), in_features=20, out_features=20)
    ),
    layer.ElementWiseRecurrentContainer: lambda: rows(layer.ElementWiseRecurrentContainer(FIRE(v_threshold=2.0), torch.add)),
    snntorch.Leaky: lambda: rows(snntorch.Leaky(0.9, init_hidden=True)),
    snntorch.RLeaky: lambda: maps(snntorch.RLeaky(0.7, conv2d_channels=4, kernel_size=3, init_hidden=True)),
    snntorch.Lapicque: lambda: rows(snntorch.Lapicque(0.7, init_hidden=True)),
    snntorch.Synaptic: lambda: rows(snntorch.Synaptic(0.7, 0.6, init_hidden=True)),
    snntorch.RSynaptic: lambda: rows(snntorch.RSynaptic(0.7, 0.6, linear_features=20, init_hidden=True)),
    snntorch.Alpha: lambda: rows(snntorch.Alpha(0.7, 0.6, reset_mechanism="none", init_hidden=True)),
}  # fmt: skip


#: Containers whose forward is traced: a subclass is what its own does.
TRACED = (
    layer.TLastMultiStepContainer,
    layer.TLastSeqToANNContainer,
    layer.SeqToANNContainer,
    layer.OTTTSequential,
)


def exported() -> list[type]:
    """All module classes of the public rooms of both frameworks."""
    found = [c for room in (neuron, layer, rnn, ann2snn, snntorch) for c in vars(room).values()]
    return sorted(
        {c for c in found if inspect.isclass(c) and issubclass(c, nn.Module)},
        key=lambda c: (c.__module__, c.__name__),
    )


def shell(kind: type) -> nn.Module:
    """An object of a class, unbuilt: it must be refused before anything of it is read."""
    if kind is neuron.FlexSN:  # it copies itself
        return neuron.FlexSN(lambda x, v: (x, v), 1)
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    vars(module).update(_memories={}, _memories_rv={})
    return module


def refusal(model: Any, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(model, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


#: Imported, and compared in test_time_channels.
PARALLEL = (neuron.PSN, neuron.MaskedPSN, neuron.SlidingPSN)


def test_what_is_right_is_exported() -> None:
    assert set(RIGHT) <= set(exported())
    assert len(exported()) > 110


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.__name__)
def test_right(kind: type) -> None:
    torch.manual_seed(0)
    model, call = RIGHT[kind]()
    compared(spread(model), **call)


def test_each_sample() -> None:
    model = nn.Sequential(nn.Conv2d(2, 4, 3), layer.GroupNorm(2, 4), FIRE())
    assert "train with BatchNorm, whose running statistics" in refusal(model, input_shape=MAPS)


@pytest.mark.parametrize(
    "kind",
    [k for k in exported() if k not in RIGHT and k is not layer.GroupNorm and k not in (*TRACED, *PARALLEL)],
    ids=lambda kind: kind.__name__,
)
def test_refused(kind: type) -> None:
    message = refusal(nn.Sequential(nn.Linear(12, 20), FIRE(), shell(kind), FIRE()))
    assert message.startswith(f"layer '2' is a {kind.__name__}, "), message
    assert "register a handler" in message


@pytest.mark.parametrize(
    "kind",
    [k for k in (*RIGHT, nn.Linear, nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d) if k not in TRACED],
    ids=lambda kind: kind.__name__,
)
def test_subclasses(kind: type) -> None:
    mine = type("Mine", (kind,), {})
    message = refusal(nn.Sequential(nn.Linear(12, 20), shell(mine), FIRE()))
    assert message == (
        f"layer '1' is a Mine, a subclass of {kind.__name__}, which Spikeplane cannot represent: "
        "it may compute anything else; "
        f"use {kind.__name__} itself, or register a handler for Mine"
    )


def test_registered() -> None:
    """A user's own layer, with a handler: neurons with another threshold than they say."""

    class Mine(neuron.IFNode):
        def single_step_forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().single_step_forward(2 * x)

    @register(Mine)
    def mine(call: Call) -> Any:
        return call.neurons(
            FloatNeuron(threshold=call.per_channel("v_threshold", call.module.v_threshold), reset="hard"),
            gain=2.0,
        )

    compared(spread(nn.Sequential(nn.Linear(12, 20), Mine())), ROWS, rows=True)
    assert mine is not None
    with pytest.raises(SpikeplaneError, match="register takes the class of a layer, not 'Mine'"):
        register("Mine")  # type: ignore[arg-type]


def spiking_surrogates() -> dict[str, Any]:
    found = {
        n: c
        for n, c in vars(surrogate).items()
        if inspect.isclass(c) and issubclass(c, surrogate.SurrogateFunctionBase)
    }
    made = {n: (lambda c=c: c(4)) if n == "MultiLevelSpikeCount" else c for n, c in found.items()}
    return {n: c for n, c in made.items() if c is not surrogate.SurrogateFunctionBase}


@pytest.mark.parametrize("name", spiking_surrogates())
def test_surrogates(name: str) -> None:
    """Each either spikes as the framework does, or is refused; none is taken for a step that is none."""
    function = spiking_surrogates()[name]()
    model = spread(nn.Sequential(nn.Linear(12, 20), neuron.LIFNode(surrogate_function=function)))
    if name in ("PoissonPass", "MultiLevelSpikeCount"):
        assert f"its surrogate function is {name}" in refusal(model)
    else:
        compared(model, ROWS, rows=True)
    quiet = copy.deepcopy(function)
    quiet.spiking = False
    assert "use a surrogate function that spikes (spiking=True)" in refusal(
        nn.Sequential(nn.Linear(12, 20), neuron.LIFNode(surrogate_function=quiet))
    )


@pytest.mark.parametrize(
    "name",
    [
        "straight_through_estimator",
        "triangular",
        "fast_sigmoid",
        "atan",
        "heaviside",
        "sigmoid",
        "spike_rate_escape",
        "SSO",
        "LSO",
        "SFS",
    ],
)
def test_spike_gradients(name: str) -> None:
    function = getattr(snntorch.surrogate, name)()
    model = spread(
        nn.Sequential(nn.Linear(12, 20), snntorch.Leaky(0.9, spike_grad=function, init_hidden=True))
    )
    try:
        import_model(model)
    except SpikeplaneError as error:
        assert name in ("SSO", "LSO")
        assert "use a surrogate function that spikes" in str(error)  # noqa: PT017
    else:
        compared(model, ROWS, rows=True)
