"""What would make another network of a model is refused, each in one line with its cure; what only
looks so is imported right."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportIndexIssue=false

import copy
import re
from typing import Any

import pytest
import snntorch
import torch
from frameworks import compared, spread
from snntorch import Leaky
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from spikeplane import Encoding, SpikeplaneError
from spikeplane import compile as compile_model
from spikeplane.importers import import_model

ROWS, MAPS = (12, 1, 1), (2, 6, 6)


def rows(*layers: nn.Module) -> nn.Module:
    return spread(nn.Sequential(nn.Linear(12, 20), *layers))


def maps(*layers: nn.Module) -> nn.Module:
    return spread(nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), *layers))


def changed(module: Any, **fields: Any) -> Any:
    for name, value in fields.items():
        setattr(module, name, value)
    return module


class Made(nn.Module):
    """Layers, used as `do` says."""

    def __init__(self, do: Any) -> None:
        super().__init__()
        self.a, self.b, self.conv, self.drop = (
            nn.Linear(12, 12),
            nn.Linear(12, 12),
            nn.Conv2d(2, 4, 3),
            nn.Dropout(),
        )
        self.n, self.m, self.lif, self.keeps = IFNode(), IFNode(), Leaky(0.9), Leaky(0.9, init_hidden=True)
        self.rec = snntorch.RLeaky(0.9, all_to_all=False, V=0.5, init_hidden=True)
        self.do = do

    def forward(self, x: torch.Tensor) -> Any:
        return self.do(self, x)


class Stated(Made):
    """The same, and a state that the caller keeps."""

    def forward(self, x: torch.Tensor, mem: torch.Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.do(self, x, mem)


def hooked(model: nn.Module, name: str, pre: bool = False) -> nn.Module:
    module = model.get_submodule(name)
    (module.register_forward_pre_hook if pre else module.register_forward_hook)(lambda *_: None)
    return model


def refusal(model: Any, shape: Any = None, **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(model, input_shape=shape, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def in_place(self: Any, x: torch.Tensor) -> torch.Tensor:
    first = self.n(self.a(x))
    second = self.drop(first)
    second += x
    return self.m(self.b(second) + first)


def keeps_in_place(self: Any, x: torch.Tensor) -> torch.Tensor:
    spikes = self.rec(self.a(x))
    spikes += x
    return self.n(self.b(spikes))


HOOK = (
    "has a forward hook (function), which Spikeplane cannot follow; remove it (handle.remove(); "
    "prune.remove, remove_weight_norm "
)
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "hook": (lambda: hooked(rows(IFNode()), "0"), None, f"layer '0' {HOOK}"),
    "pre-hook": (lambda: hooked(rows(IFNode()), "1", pre=True), None, f"layer '1' {HOOK}"),
    "hook of all": (lambda: hooked(rows(IFNode()), ""), None, f"the model {HOOK}"),
    "own forward": (lambda: changed(rows(IFNode()), forward=lambda x: x), None, "the model has a forward set on the object"),
    "its forward": (lambda: rows(changed(IFNode(), forward=lambda x: x)), None, "layer '1' has a forward set on the object"),
    "index": (lambda: Made(lambda s, x: s.n(s.a(x[0]))), None, "takes one of the steps that it gets"),
    "complex": (lambda: changed(rows(IFNode()), **{"0": nn.Linear(12, 3, dtype=torch.complex64)}), None,
                "layer '0': its weights are complex numbers; give real ones"),
    "image pooled": (lambda: spread(nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(2, 4, 3), IFNode())), MAPS,
                     "layer '0' is a maximum of the input, whose values may have several bits"),
    "threshold of the columns": (lambda: maps(Leaky(0.9, threshold=torch.tensor([1.0, 2, 3, 4, 5, 6]), init_hidden=True)), MAPS,
                                 ("layer '1' has values of threshold that differ inside a channel " "(PyTorch broadcasts 6 "
                                                                                                    "over 4x6x6")),
    "betas": (lambda: maps(Leaky(torch.linspace(0.1, 1, 6), init_hidden=True)), MAPS, "layer '1' has values of beta that differ"),
    "at once": (lambda: rows(Leaky(0.9, reset_delay=False, init_hidden=True)), None,
        "layer '1' is a Leaky that subtracts with reset_delay=False"),
    "inhibition": (lambda: rows(Leaky(0.9, inhibition=True, init_hidden=True)), None,
        "layer '1' is a Leaky with inhibition, state_quant or"),
    "state_quant": (lambda: rows(Leaky(0.9, state_quant=torch.round, init_hidden=True)), None, "layer '1' is a Leaky with inhibition"),
    "graded": (lambda: rows(Leaky(0.9, graded_spikes_factor=2.0, init_hidden=True)), None, "layer '1' is a Leaky with inhibition"),
    "reset changed": (lambda: rows(changed(Leaky(0.9, init_hidden=True), reset_mechanism="zero")), None,
                      "layer '1' is a Leaky whose reset_mechanism was changed after it was made"),
    "negative threshold": (lambda: rows(Leaky(0.9, threshold=-0.5, init_hidden=True)), None,
        "layer '1' is a layer that subtracts a negative"),
    "recurrent zero": (lambda: rows(snntorch.RLeaky(0.9, linear_features=20, reset_mechanism="zero", init_hidden=True)), None,
                       "layer '1' is a RLeaky with reset_mechanism 'zero', which drops a step's input too"),
    "Lapicque zero": (lambda: rows(snntorch.Lapicque(0.9, reset_mechanism="zero", init_hidden=True)), None, "layer '1' is a Lapicque with"),
    "Lapicque": (lambda: rows(snntorch.Lapicque(0.2, init_hidden=True)), None,
        "layer '1' is a layer that keeps -0.609438 of its membranes"),
    "tau": (lambda: rows(changed(LIFNode(), tau=0.5)), None, "layer '1' is a layer that keeps -1 of its membranes"),
    "mixed steps": (lambda: rows(layer.Linear(20, 5, step_mode="m"), IFNode()), None, ("layer '2' has step "
                                                                                       "mode 's' " "and layer '1' has 'm'")),
    "steps of torch": (lambda: maps(nn.BatchNorm2d(4), IFNode(step_mode="m")), MAPS,
                       "layer '2' has 'm', and the model's forward takes one step; use one: functional.set_step_mode"),
    "time as samples": (lambda: nn.Sequential(layer.SeqToANNContainer(nn.Linear(12, 4), IFNode()), IFNode(step_mode="m")), ROWS,
                        "layer '0' is a SeqToANNContainer of neurons, which takes steps for samples"),
    "decode": (lambda: nn.Sequential(nn.Linear(12, 4), IFNode(step_mode="m"), neuron.NonSpikingIFNode("max-mem")), ROWS,
               "layer '2' is a readout that decodes 'max-mem'"),
    "unflattened": (lambda: maps(IFNode(), nn.Linear(144, 3)), MAPS, ("layer '2' is a fully " "connected layer on "
                                                                                              "4x6x6 pixels")),
    "dropout on": (lambda: Made(lambda s, x: s.n(torch.dropout(s.a(x), 0.5, True))), None, "layer 'dropout' is a dropout that is on"),
    "row and pixels": (lambda: Made(lambda s, x: s.m(s.n(s.conv(x)).flatten(1) + s.keeps(s.conv(x)))), MAPS,
                       "the model's forward cannot be traced"),
    "in place of a state": (lambda: Made(keeps_in_place), None, "layer 'rec' keeps what the model's forward changes in place"),
    "state of another": (lambda: Stated(lambda s, x, mem: s.n(s.b(s.lif(s.a(x), mem)[0])) + s.lif(s.b(x), mem)[0]), None,
                         "layer 'lif' is handed a state that is not its own from the step before"),
    "membranes go on": (lambda: Made(lambda s, x: s.n(s.b(s.lif(s.a(x))[1]))), None,
        "layer 'b' is called with the membranes of layer 'lif'"),
    "membranes and spikes": (lambda: Made(lambda s, x: (lambda o: (o[1], s.n(s.b(o[0]))))(s.lif(s.a(x)))), None,
                             "layer 'lif' is read out as membranes while its spikes go on"),
    "batch-norm statistics": (lambda: maps(nn.BatchNorm2d(4, track_running_stats=False), IFNode()), MAPS,
                              "layer '1' is a batch-norm without running statistics"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    make, shape, message = REFUSED[name]
    found = re.sub("^test_import_refusals.py:[0-9]+: ", "", refusal(make(), shape))
    assert found.startswith((message, f"the model's forward {message}")), found


@pytest.mark.parametrize("do", [
    lambda s, x: (functional.reset_net(s), s.n(s.a(x)))[1],
    lambda s, x: s.lif(s.a(x), s.lif.init_leaky())[0],
])  # fmt: skip
def test_state_anew(do: Any) -> None:
    """A step that starts its states is one of neurons without memory, and told."""
    net = compared(spread(Made(do)), ROWS, rows=True)
    (told,) = (a for a in net.assumptions if a.what == "state")
    assert told.value == "started anew in each step"
    assert told.why == (
        "nothing is kept from step to step; keep it outside of forward, or init_hidden=True, if that is not meant"
    )
    neurons = net.population(told.layer).neuron
    assert neurons is not None
    assert neurons.decay == 0
    assert not any(p.delay for p in net.projections)


@pytest.mark.parametrize(("fire", "part"), [
    (lambda: snntorch.Synaptic(alpha=0.9, beta=0.8, init_hidden=True), "mem"),
    (lambda: neuron.CUBALIFNode(c_decay=0.5, v_decay=0.5), "v"),
    (lambda: neuron.CUBALIFNode(c_decay=0.5, v_decay=0.5), "c"),
])  # fmt: skip
def test_a_part_of_the_state_anew(fire: Any, part: str) -> None:
    def forward(s: Any, x: torch.Tensor) -> Any:
        setattr(s.two, part, torch.zeros(1, 12))
        return s.two(s.a(x))

    model = changed(Made(forward), two=fire())
    assert refusal(model, ROWS).endswith(
        "layer 'two' is handed some of its states from the step before and others anew, which Spikeplane cannot "
        "represent: hand it all of them, or none; and start all of them, or none"
    )


def test_pruned() -> None:
    model = rows(IFNode())
    prune.l1_unstructured(model[0], "weight", 0.5)
    import_model(model, input_shape=ROWS)
    assert prune.is_pruned(model), "the model itself stays as it is"
    prune.remove(model[0], "weight")
    compared(model, ROWS, rows=True)


def test_hooks_of_all_modules() -> None:
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    try:
        assert refusal(rows(IFNode())) == (
            "forward hooks are registered for all modules, which Spikeplane cannot follow; remove "
            "them (handle.remove())"
        )
    finally:
        handle.remove()


class Rounded(nn.Module):
    """Four-level weights, a scale a channel."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        scale = weight.abs().amax(1, keepdim=True) / 2
        return torch.clamp(torch.round(weight / scale), -2, 1) * scale


@pytest.mark.parametrize("how", ["rounded", "weight_norm", "spectral_norm", "orthogonal"])
def test_parametrizations(how: str) -> None:
    """A layer with parametrizations is its original type with the value they give, in evaluation."""
    model = rows(LIFNode(v_threshold=0.3), nn.Linear(20, 20), LIFNode(v_threshold=0.3))
    if how == "rounded":
        parametrize.register_parametrization(model[2], "weight", Rounded())
    else:
        getattr(parametrizations, how)(model[2])
        model[2](torch.rand(5, 20))
    assert type(model[2]) is not nn.Linear
    compared(model, ROWS, rows=True)
    assert type(model[2]) is not nn.Linear  # the model is as it was


def test_training_mode() -> None:
    """A model in training is evaluated, and left as it is."""
    model = maps(nn.BatchNorm2d(4), nn.Dropout(0.5), IFNode()).train()
    before = copy.deepcopy(model.state_dict())
    net = compared(model, MAPS)
    assert model.training
    assert model[2].training
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
    assert [a.value for a in net.assumptions if a.what == "mode"] == ["evaluation"]


def test_just_trained() -> None:
    """States that hang on autograd's graph."""
    model = rows(LIFNode(v_threshold=0.4))
    model(torch.rand(3, 12)).sum().backward()
    import_model(model)


@pytest.mark.parametrize("do", [
    lambda s, x: s.n(s.conv(x).flatten(1)),
    lambda s, x: s.n(s.conv(x).view(x.size(0), -1)),
    lambda s, x: s.n(s.conv(x).reshape(x.shape[0], 64)),
    lambda s, x: s.n(torch.flatten(s.conv(x), start_dim=1)),
    lambda s, x: s.n(nn.functional.dropout(s.conv(x), 0.5, training=s.training)),
    lambda s, x: s.n(s.conv(x.float().double())),
    lambda s, x: s.n(s.conv(x).float()),
    lambda s, x: s.n(s.conv(x)[:, 0]),
])  # fmt: skip
def test_functions(do: Any) -> None:
    compared(spread(Made(do)), MAPS)


def test_addition_in_place() -> None:
    """What else has the value that was changed sees the change."""
    compared(spread(Made(in_place)), ROWS, rows=True)


def test_subtraction_at_once() -> None:
    """Right where no membrane can reach twice its threshold."""
    compared(rows(Leaky(0.5, threshold=4.0, reset_delay=False, init_hidden=True)), ROWS, rows=True)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_membranes_read_out(reset: str) -> None:
    model = spread(Made(lambda s, x: s.lif(s.b(s.n(s.a(x))))[1]))
    model.lif = Leaky(0.8, reset_mechanism=reset)
    net = compared(model, ROWS, rows=True)
    assert (net.output, net.readout) == ("lif", "last")


@pytest.mark.parametrize("decode", [None, "last_mem", "mean-mem"])
def test_membranes_of_all_steps(decode: Any) -> None:
    """SpikingJelly's readouts, compiled: the proof runs the model too."""
    model = nn.Sequential(
        layer.Flatten(),
        layer.Linear(72, 9),
        IFNode(),
        layer.Linear(9, 5),
        neuron.NonSpikingLIFNode(3.0, decode),
    )
    functional.set_step_mode(model[:4], "m")
    program = compile_model(
        spread(model), chip="tiny", input_shape=MAPS, encoding=Encoding(kind="planes", steps=4)
    )
    assert program.readout == ("sum" if decode == "mean-mem" else "last")
    assert program.tables["import"][0]["source"] == "the PyTorch module Sequential itself, in float64"
    assert [row["compared"] > 1000 for row in program.tables["agreement"]] == [True, True]


def test_pooled_spikes_of_the_input() -> None:
    """A maximum of the input is an OR where the encoding has one bit."""
    model = spread(nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(2, 8, 2), IFNode()), 0.5)
    compared(model, MAPS, input_bits=1)
    compile_model(model, chip="tiny", input_shape=MAPS, encoding=Encoding(kind="planes", steps=4))
    with pytest.raises(SpikeplaneError, match="put a convolution in front, or encode the input as spikes"):
        compile_model(model, chip="tiny", input_shape=MAPS, encoding=Encoding(kind="direct", steps=4))
