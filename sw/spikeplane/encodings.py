"""Networks of several inputs: an encoding and samples for each, by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spikeplane.data.events import Events
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

#: One for all inputs, or one for each by its name.
Encodings = Encoding | Mapping[str, Encoding]


def by_input(encodings: Encodings, names: Sequence[str]) -> dict[str, Encoding]:
    """The encoding of each input. Raises SpikeplaneError for names that are no inputs, inputs without an
    encoding and encodings of different numbers of steps."""
    if isinstance(encodings, Encoding):
        return dict.fromkeys(names, encodings)
    wrong = [name for name in encodings if name not in names]
    missing = [name for name in names if name not in encodings]
    if wrong or missing:
        said = f"'{wrong[0]}' is no input" if wrong else f"the input '{missing[0]}' has no encoding"
        raise SpikeplaneError(f"{said}; give one encoding for each of {', '.join(names)}, or one for all")
    found = {name: encodings[name] for name in names}
    steps = {name: encoding.steps for name, encoding in found.items()}
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in steps.items())
        raise SpikeplaneError(f"all inputs run the same steps, the encodings have {told}")
    return found


def input_bits(encodings: Encodings) -> int | None:
    """Bits of the values that inputs send, the most of any; None where a model gets something else. Raises
    SpikeplaneError for what is no encoding."""
    if not isinstance(encodings, Encoding | Mapping):
        raise SpikeplaneError(
            f"encoding must be an Encoding, such as Encoding(kind='direct', steps=4), or a mapping of them by input, "
            f"not {encodings!r}"
        )
    every = [encodings] if isinstance(encodings, Encoding) else list(encodings.values())
    return None if not every or any(one.normalises for one in every) else max(one.bits for one in every)


def asked_of_import(encodings: Encodings) -> dict[str, Any]:
    """The options of `import_model` that encodings decide. Raises SpikeplaneError as `input_bits`."""
    bits = input_bits(encodings)
    every = [encodings] if isinstance(encodings, Encoding) else list(encodings.values())
    return {"input_bits": bits, "input_steps": any(one.kind != "direct" for one in every)}


def samples_by_input(samples: Any, names: Sequence[str]) -> dict[str, Any]:
    """The samples of each input: as they are for one input; for several from a mapping by name, or a list
    or tuple with one item an input. Raises SpikeplaneError for anything else, or different numbers."""
    if isinstance(samples, Mapping):
        if set(samples) != set(names):
            given = ", ".join(f"'{name}'" for name in samples) or "nothing"
            raise SpikeplaneError(f"the inputs are {', '.join(names)}, there are samples of {given}")
        found = {name: samples[name] for name in names}
    elif len(names) == 1:
        return {names[0]: samples}
    elif isinstance(samples, list | tuple) and len(samples) == len(names) and not _recordings(samples):
        found = dict(zip(names, samples, strict=True))
    else:
        raise SpikeplaneError(
            f"the program has the inputs {', '.join(names)}; give a dictionary of samples by input, or a list of "
            f"{len(names)}"
        )
    counts = {name: _length(name, given) for name, given in found.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise SpikeplaneError(f"there must be as many samples of each input, there are of {told}")
    return found


def count(samples: Any, names: Sequence[str]) -> int:
    """How many samples there are. Raises SpikeplaneError as `samples_by_input`."""
    return len(next(iter(samples_by_input(samples, names).values())))


def cut(samples: Any, names: Sequence[str], first: int, last: int) -> Any:
    """Samples `first` to `last` - 1, in the form that they are in."""
    if len(names) == 1 and not isinstance(samples, Mapping):
        return samples[first:last]
    return {name: given[first:last] for name, given in samples_by_input(samples, names).items()}


def _recordings(samples: Any) -> bool:
    return any(isinstance(one, Events) for one in samples)


def _length(name: str, samples: Any) -> int:
    if not isinstance(samples, np.ndarray | list | tuple) or (
        isinstance(samples, np.ndarray) and not samples.ndim
    ):
        raise SpikeplaneError(
            f"samples of the input '{name}' are an array or a list, not a {type(samples).__name__}"
        )
    return len(samples)
