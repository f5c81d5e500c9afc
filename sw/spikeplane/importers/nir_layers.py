"""NIR's layers of weights and pools: their numbers checked, and handed to the assembler. Lines of pixels
(Conv1d) are rows of maps."""

from typing import Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.assemble import Assembler
from spikeplane.importers.flow import Currents, Value
from spikeplane.importers.geometry import text
from spikeplane.importers.nir_neurons import real

_LARGEST = 1 << 31  #: of sizes and steps: beyond it they are none


def linear(made: Assembler, name: str, node: Any, value: Value) -> Currents:
    """Affine and Linear."""
    return made.linear(name, value, weights(name, node.weight), _biases(name, node))


def convolution(made: Assembler, name: str, node: Any, value: Value) -> Currents:
    """Conv1d and Conv2d."""
    weight = weights(name, node.weight)
    line = weight.ndim == 3
    stride, dilation = (_steps(name, node, what, line) for what in ("stride", "dilation"))
    if line:
        stride, dilation, weight = (1, stride[1]), (1, dilation[1]), weight[:, :, None, :]
    padding: Any = node.padding
    if not isinstance(padding, str):
        padding = _steps(name, node, "padding", line)
    elif padding in ("same", "valid"):
        total = [
            d * (k - 1) if padding == "same" else 0 for k, d in zip(weight.shape[2:], dilation, strict=True)
        ]
        padding = tuple((n // 2, n - n // 2) for n in total)
    else:
        raise made.refuse(name, f"a convolution with padding '{padding}'", "give the padding as numbers")
    return made.convolution(
        name,
        value,
        weight,
        _biases(name, node),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=whole(name, "groups", node.groups, 1, 1)[0],
    )


def pool(made: Assembler, name: str, node: Any, value: Value, *, mean: bool) -> Value:
    """SumPool2d and AvgPool2d."""
    size, stride, padding = (_pair(name, node, what) for what in ("kernel_size", "stride", "padding"))
    return made.pool_sum(name, value, size, stride, padding, mean=mean)


def weights(name: str, weight: Any) -> np.ndarray:
    """Finite numbers. Raises SpikeplaneError."""
    array = real(name, "weights", weight)
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise SpikeplaneError(
            f"layer '{name}': {wrong} of its {array.size} weights are not finite numbers; check "
            "the trained model"
        )
    return array


def whole(name: str, what: str, value: Any, least: int, most: int) -> tuple[int, ...]:
    """`least` to `most` whole numbers. Raises SpikeplaneError for anything else, which numpy would
    cut, or take the first of."""
    array = np.asarray(value).reshape(-1)
    numbers = array.dtype.kind in "iu" or (array.dtype.kind == "f" and bool((array == np.trunc(array)).all()))
    if not numbers or not least <= array.size <= most or (np.abs(array.astype(np.float64)) > _LARGEST).any():
        found = " ".join(str(np.asarray(value).tolist()).split())[:60]
        raise SpikeplaneError(
            f"NIR node '{name}' has the {what} {found}; expected whole numbers, {least} to {most} of them"
        )
    return tuple(int(n) for n in array)


def shape_of(shape: tuple[int, ...], *, lines: bool) -> tuple[int, int, int]:
    """Channels, rows and columns of a NIR shape; of two numbers the first are channels where the graph has lines
    of pixels, and rows where it has not. Raises SpikeplaneError."""
    numbers = [int(n) for n in shape]
    if len(numbers) > 3:
        raise SpikeplaneError(
            f"a NIR shape of {text(tuple(numbers))} has more than channels, height and width"
        )
    if len(numbers) == 2:
        numbers = [numbers[0], 1, numbers[1]] if lines else [1, *numbers]
    padded = [*numbers, 1, 1, 1][: max(3, len(numbers))]
    return padded[0], padded[1], padded[2]


def _biases(name: str, node: Any) -> np.ndarray | None:
    bias = getattr(node, "bias", None)
    return None if bias is None else real(name, "biases", bias)


def _pair(name: str, node: Any, what: str) -> tuple[int, int]:
    """A node's numbers for rows and columns; one counts for both."""
    numbers = whole(name, what, getattr(node, what), 1, 2)
    return numbers[0], numbers[-1]


def _steps(name: str, node: Any, what: str, line: bool) -> tuple[int, int]:
    """As `_pair`; of a line the columns' alone."""
    if not line:
        return _pair(name, node, what)
    return 0, whole(name, what, getattr(node, what), 1, 1)[0]
