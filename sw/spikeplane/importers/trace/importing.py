"""The float network of a module by tracing its whole forward."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.geometry import Shapes
from spikeplane.importers.imported import Imported
from spikeplane.importers.registry import Call, Result, handler_of, samples_first
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.torch_trace import unknown
from spikeplane.importers.trace.anew import check_started_once, started
from spikeplane.importers.trace.calls import Calls
from spikeplane.importers.trace.cures import Anyway
from spikeplane.importers.trace.export import Failed, Graph, Layers, traced
from spikeplane.importers.trace.handed import check_alike, check_come_back, handed_on
from spikeplane.importers.trace.inputs import Input, Inputs, states, trials
from spikeplane.importers.trace.layouts import BATCH, Layout, named_steps
from spikeplane.importers.trace.output import read_out
from spikeplane.importers.trace.places import line_of_forward
from spikeplane.importers.trace.stubs import opaque
from spikeplane.importers.trace.tracing import own_raise
from spikeplane.importers.trace.walk import Walk
from spikeplane.importers.wanted import Wanted

FREE = 3  #: steps of a trace where the model takes as many as come
MANY = 257  #: where it takes a number of its own


def import_traced(module: Any, shape: Shapes, wanted: Wanted) -> Imported:
    """The float network of a module whose forward is more than a step of layers, and how it is called.

    Raises SpikeplaneError, one line, with the line of the model's file where it is known.
    """
    real = evaluated(module)
    layers = opaque(real)
    told: list[tuple[float, SpikeplaneError]] = []
    failed: list[Failed] = []
    of_images: Imported | None = None
    tried = trials(shape)
    for inputs in tried:
        if of_images and not inputs.has_steps:
            continue
        try:
            graph = _graph(module, real, layers, inputs)
        except Failed as failure:
            failed.append(failure)
            tried += [other for other in inputs.of_batch(str(failure.cause)) if other not in tried]
            continue
        walks: list[Walk] = []
        try:
            made = _made(graph, module, real, layers, inputs, wanted, walks)
            if not (wanted.input_steps and _repeats(made)):
                return made
            of_images = made  # unless it takes steps as well
        except SpikeplaneError as error:
            told.append((walks[0].reached if walks else 0.0, error))
            if isinstance(error, Anyway) and walks[0].calls.count:
                break
    if of_images:
        return of_images
    _check_image_steps(module, real, layers, shape, wanted)
    if not told:
        raise _untraced(max(failed, key=lambda f: f.reached), states(module, shape))
    raise _located(module, max(told, key=lambda pair: pair[0])[1])


def _made(
    graph: Graph, module: Any, real: Any, layers: Layers, inputs: Inputs, wanted: Wanted, walks: list[Walk]
) -> Imported:
    """Of one trial; a forward that starts its states itself is tried with those that it returns, too."""
    made = _walked(graph, module, real, layers, inputs, wanted, walks)
    again = handed_on(module, graph, inputs) if walks[0].calls.begin_anew else None
    if again is None:
        return made
    graph = traced(module, real, layers, again.handed(module, FREE), FREE)
    later = _walked(graph, module, real, layers, again, wanted, walks)
    check_alike(made.net, later.net)
    return later


def _repeats(made: Imported) -> bool:
    """Whether the forward makes all steps of one image."""
    return made.called is not None and made.called.steps_at is None and made.called.steps is not None


def _check_image_steps(module: Any, real: Any, layers: Layers, shape: Shapes, wanted: Wanted) -> None:
    """Raise SpikeplaneError with the cure for a forward that takes an image's rows or columns for steps."""
    if isinstance(shape, Mapping) or 1 in shape[1:]:
        return
    channels = shape[0]
    for what, at, steps, size in (("rows", 1, *shape[1:]), ("columns", -1, *shape[:0:-1])):
        if channels == 1:
            own, layout = (size, 1, 1), Layout(True, at, image=True)
        else:
            own, layout = (channels, 1, size), Layout(False, 2 if at == 1 else -1, lines=True)
        inputs = Inputs((Input("", own, layout),))
        try:
            graph = _graph(module, real, layers, inputs)
            _walked(graph, module, real, layers, inputs, wanted, [])
        except (Failed, SpikeplaneError):
            continue
        raise SpikeplaneError(
            f"{line_of_forward(module)}: the model's forward takes the {what} of an image for steps; give them so: "
            f"input_shape={own}, encoding='frames' with steps={steps} and unit=1/255"
        )


def _located(module: Any, error: SpikeplaneError) -> SpikeplaneError:
    """With the line of the forward where the message has none."""
    where = "" if re.match(r"\S+\.py:\d+: ", str(error)) else line_of_forward(module)
    return SpikeplaneError(f"{where}: {error}") if where else error


def _graph(module: Any, real: Any, layers: Layers, inputs: Inputs) -> Graph:
    """Of as few steps as the forward runs with."""
    try:
        return traced(module, real, layers, inputs.handed(module, FREE), FREE)
    except Failed as failure:
        if not inputs.has_steps:
            raise
        own = isinstance(failure.cause, RuntimeError)
        many = named_steps(str(failure.cause), FREE, inputs.batch) if own else [MANY]
        if not many or not isinstance(failure.cause, RuntimeError | IndexError):
            raise
    return traced(module, real, layers, inputs.handed(module, many[0]), many[0])


#: Of what PyTorch says: words of its own parts, which no user knows.
_INNER = re.compile(
    r"Sym(Int|Node|Bool|Float)|Fake|[Pp]roxy|functorch|make_fx|[Dd]ispatch|\bmeta\b|_local_scalar|0-d(im)? tensor"
    r"|subclass|torch\.fx|[Gg]uard|data-dependent|aten::|prims::|internal|INTERNAL"
)


def _untraced(failure: Failed, needed: list[str]) -> SpikeplaneError:
    where = f"{failure.line}: " if failure.line else ""
    if needed and (failure.decides or not isinstance(failure.cause, RuntimeError)):
        names = ", ".join(f"'{name}'" for name in needed)
        return SpikeplaneError(
            f"{where}the model's forward takes {names} behind its input, which must be handed; give each a default value, "
            "and to a state None, which forward then starts itself"
        )
    if failure.decides:
        return SpikeplaneError(
            f"{where}the model's forward decides on values (an if, a loop, int(), item(), tolist() or numpy() of a "
            "tensor), which Spikeplane cannot follow: it must compute the same whatever comes in; take the decision "
            "out of forward"
        )
    cause = failure.cause
    reason = " ".join(str(cause).split())[:120]
    if _INNER.search(f"{type(cause).__name__}: {cause}") and not own_raise(cause):
        return SpikeplaneError(
            f"{where}the model's forward cannot be run on the shapes of tensors alone; use tensors by torch's own "
            "functions, and check input_shape"
        )
    return SpikeplaneError(
        f"{where}the model's forward cannot be traced ({type(cause).__name__}: {reason}); write it without decisions on "
        "values, and check input_shape"
    )


def _walked(
    graph: Graph, module: Any, real: Any, layers: Layers, inputs: Inputs, wanted: Wanted, walks: list[Walk]
) -> Imported:
    made = Assembler()
    if inputs.batch != BATCH:
        made.assume("", "samples", str(inputs.batch), "the model's forward names how many one call takes")
    if module.training:
        made.assume("", "mode", "evaluation", "the model is in training mode; model.eval() says so")
    check_started_once(graph.stubbed.anew, graph.stubbed.calls)
    one = not inputs.has_steps and max(graph.stubbed.calls.values(), default=0) <= 1
    calls = Calls(layers[0], _inner(made, wanted), started(graph.stubbed) if one else None)
    modules = dict(real.named_modules())
    with torch.no_grad():
        given = inputs.items(module, made, graph.inputs, graph.steps)
        walks.append(Walk(graph, made, calls, wanted, modules, frozenset(inputs.still), inputs.has_steps))
        returned = walks[-1].run(given)
        calls.settle()
    if inputs.states:
        check_come_back(graph, calls, returned)
    steps = _steps(graph, calls, inputs.has_steps, modules)
    all_steps = graph.steps if steps is None and inputs.has_steps else steps
    if all_steps is not None:
        many = "all steps" if steps is None else f"all {steps} steps"
        for name in sorted(inputs.still):
            made.assume("", name, f"the same in {many}", "the model's forward takes it once")
    net, how, at = read_out(made, returned, graph.keys, steps, all_steps)
    called = inputs.called(steps=steps, returned=how, returned_at=at)
    called = replace(called, batch=1) if calls.one_a_call else called
    alone = not called.whole and called.batch is None and not called.several
    first = frozenset(path for path in calls.together if samples_first(type(layers[0][path])))
    return Imported(net, None if alone else called, calls.places, first)


def _steps(graph: Graph, calls: Calls, has_steps: bool, modules: dict[str, Any]) -> int | None:
    """How many steps one call of forward takes; None: those of its input, or one."""
    counts = {path: calls.together.get(path, n) for path, n in calls.count.items()}
    if len(set(counts.values())) > 1:
        few, many = min(counts, key=lambda p: counts[p]), max(counts, key=lambda p: counts[p])
        raise SpikeplaneError(
            f"the model's forward calls layer '{few}' {counts[few]} times and layer '{many}' {counts[many]} "
            "times; call each layer once a step"
        )
    steps = next(iter(counts.values()), 1)
    if any(n != graph.stubbed.calls[p] for p, n in calls.count.items()):
        raise SpikeplaneError(
            "the model's forward takes steps that it does not use; return what comes of all of them"
        )
    if steps == 1 and not calls.together:
        if has_steps:
            raise SpikeplaneError("the model's forward takes one of the steps that it gets; take all of them")
        _check_mode(modules)
        return None
    return None if has_steps and steps == graph.steps else steps


def _check_mode(modules: dict[str, Any]) -> None:
    """Raise SpikeplaneError if a layer of a forward of one step expects all of them."""
    modes = {m.step_mode: path for path, m in modules.items() if hasattr(m, "step_mode")}
    if "m" in modes:
        other = f"layer '{modes['s']}' has step mode 's' and " if "s" in modes else ""
        raise SpikeplaneError(
            f"{other}layer '{modes['m']}' has 'm', and the model's forward takes one step; use one: "
            "functional.set_step_mode(net, 's')"
        )


def _inner(made: Assembler, wanted: Wanted) -> Any:
    """What a layer makes of a layer inside it."""

    def walk(path: str, module: Any, value: Any, several_steps: bool, states: int = 0) -> Result:
        handler, _ = handler_of(type(module)) or (None, 0)
        if handler is None:
            raise unknown(path, type(module))
        return handler(
            Call(
                layer=path,
                module=module,
                value=value,
                made=made,
                reset=wanted.reset,
                compare=wanted.compare,
                states=states,
                several_steps=several_steps,
                input_bits=wanted.input_bits,
                walk=walk,
            )
        )

    return walk
