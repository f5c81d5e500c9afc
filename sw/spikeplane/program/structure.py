"""What any network must be, in floats or in integers: whole, in order, of shapes that meet."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import Gate, Network, Population, Projection, is_stepped, most_pixels
from spikeplane.program.dynamic import check_dynamic
from spikeplane.program.gate import check_gate
from spikeplane.shapes import shape_text

#: Pixels that a stride, a padding or a pool may span at most: as many as any chip's coordinates reach.
_SPAN = 1024
MOST_PRESENTATIONS = 16  #: of a sample


def check_structure(net: FloatNetwork | Network) -> None:
    """Raise SpikeplaneError for the first thing that cannot run."""
    names = [p.name for p in net.populations]
    for name in names:
        if names.count(name) > 1:
            raise SpikeplaneError(f"two populations are named '{name}'; give each its own name")
    if not _whole(net.presentations, 1) or net.presentations > MOST_PRESENTATIONS:
        raise SpikeplaneError(
            f"a sample is presented 1 to {MOST_PRESENTATIONS} times, not {net.presentations}"
        )
    for population in net.populations:
        _check_population(population)
    if len({id(p) for p in net.projections}) < len(net.projections):
        raise SpikeplaneError(
            "the same projection object stands twice in the network; add a copy of it, or double its weights"
        )
    for projection in net.projections:
        _check_ends(projection, names, net)
        _check_shapes(projection, net)
        if isinstance(projection.dynamic, Gate):
            check_gate(projection, projection.dynamic, net)
        elif projection.dynamic is not None:
            check_dynamic(projection, projection.dynamic, net)
    for population in net.populations:
        if population.neuron is not None and all(p.delay for p in net.incoming(population.name)):
            raise SpikeplaneError(
                f"population '{population.name}' gets nothing in the step itself, so it would "
                "never be told to run; give it a projection "
                "without delay"
            )
    if net.output not in names or net.population(net.output).neuron is None:
        neurons = [p.name for p in net.populations if p.neuron is not None]
        raise SpikeplaneError(
            f"the output '{net.output}' is no population of neurons; there are {', '.join(neurons) or 'none'}"
        )


def _check_population(population: FloatPopulation | Population) -> None:
    shape = population.shape
    if len(shape) != 3 or not all(_whole(n, 1) for n in shape):
        raise SpikeplaneError(
            f"population '{population.name}': its shape must be (channels, height, width) of 1 or "
            f"more, not {shape_text(shape)}"
        )
    if population.kept and population.neuron is None:
        raise SpikeplaneError(f"population '{population.name}' is an input, which keeps no membranes")
    _check_window(population)


def _check_window(population: FloatPopulation | Population) -> None:
    window, size = population.window, population.input_size
    name = f"population '{population.name}'"
    if (window is None) != (size is None):
        raise SpikeplaneError(f"{name}: window and input_size go together; give both or neither")
    if window is None or size is None:
        return
    if len(size) != 2 or not all(_whole(n, 1) for n in size):
        raise SpikeplaneError(
            f"{name}: input_size must be (height, width) of 1 or more, not {shape_text(size)}"
        )
    if (
        not (_whole(window.size, 2) and _whole(window.stride, 1) and _whole(window.padding, 0))
        or window.padding >= window.size
    ):
        raise SpikeplaneError(
            f"{name}: a window of {window.size} pixels with stride {window.stride} and padding "
            f"{window.padding} is none; use a size of 2 "
            "or more, a stride of 1 or more, and padding below the size"
        )
    expected = tuple((n + 2 * window.padding - window.size) // window.stride + 1 for n in size)
    if expected != tuple(population.shape[1:]):
        raise SpikeplaneError(
            f"{name}: its window makes {shape_text(expected)} pixels, its shape has "
            f"{shape_text(population.shape[1:])}"
        )


def _check_ends(p: FloatProjection | Projection, names: list[str], net: FloatNetwork | Network) -> None:
    what = f"projection '{p.source}' to '{p.target}'"
    for end in (p.source, p.target):
        if end not in names:
            raise SpikeplaneError(f"{what}: there is no population '{end}'; there are {', '.join(names)}")
    source, target = net.population(p.source), net.population(p.target)
    later = names.index(p.source) >= names.index(p.target)
    if target.neuron is None:
        raise SpikeplaneError(
            f"{what}: '{p.target}' is an input and receives nothing; turn the projection round"
        )
    if p.delay not in (0, 1):
        raise SpikeplaneError(f"{what}: a delay must be 0 or 1 steps, not {p.delay}")
    if p.delay and source.neuron is None:
        raise SpikeplaneError(f"{what}: an input arrives at once; use delay 0 and shift the planes")
    if later and not p.delay:
        raise SpikeplaneError(f"{what} goes backwards; list '{p.source}' before '{p.target}', or use delay 1")
    if later and source.sends_values:
        raise SpikeplaneError(f"{what}: membrane values cannot go back; send spikes")


def _check_shapes(p: FloatProjection | Projection, net: FloatNetwork | Network) -> None:
    what = f"projection '{p.source}' to '{p.target}'"
    source, target = net.population(p.source).shape, net.population(p.target).current_shape
    for name, pair, low in (
        ("stride", p.stride, 1),
        ("padding", p.padding, 0),
        ("pool", p.pool, 1),
        ("up", p.up, 1),
    ):
        if len(pair) != 2 or not all(_whole(n, low) and n <= _SPAN for n in pair):
            raise SpikeplaneError(
                f"{what}: {name} must be two whole numbers from {low} to {_SPAN}, not {pair}"
            )
    shape = np.shape(p.weight)[is_stepped(p) :]
    if len(shape) != p.kind.rank or 0 in shape or not p.kind.connects(shape[:-2], source[0], target[0]):
        raise SpikeplaneError(
            f"{what}: weights of shape {shape_text(shape)} do not connect {shape_text(source)} to "
            f"{shape_text(target)}{p.kind.said}"
        )
    grid = (-(-source[1] // p.pool[0]), -(-source[2] // p.pool[1]))
    axes = zip(grid, p.up, p.padding, shape[-2:], p.stride, target[1:], strict=True)
    made = tuple(_made(*axis) for axis in axes)
    if made != tuple(target[1:]):
        raise SpikeplaneError(
            f"{what}: its kernel makes {shape_text(made)} pixels, the target has {shape_text(target[1:])}"
        )


def _made(size: int, up: int, padding: int, kernel: int, stride: int, wanted: int) -> int:
    """Pixels that come out. With zeros between the source's pixels there may be as many behind the last one as
    the target asks for (`most_pixels`)."""
    plane = (size - 1) * up + 1
    if up > 1 and wanted <= most_pixels(size, up, padding, stride):
        return wanted
    return (plane + 2 * padding - kernel) // stride + 1


def _whole(value: Any, low: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= low)
