"""The number of steps: the encoding's, which must be the model's where its forward takes a number of its
own."""

from dataclasses import replace

from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork


def settled(encodings: dict[str, Encoding], net: FloatNetwork, *, given: bool) -> dict[str, Encoding]:
    """The encodings, by input, with the model's steps. given: the steps were asked for. Raises
    SpikeplaneError if they are not the model's then."""
    called = None if net.origin is None else net.origin.called
    steps = next(iter(encodings.values())).steps
    if called is None or called.steps in (None, steps):
        return encodings
    if given:
        raise SpikeplaneError(
            f"the model's forward takes {called.steps} steps, the encoding has {steps}; give "
            f"{called.steps} steps, or none"
        )
    return {name: replace(encoding, steps=called.steps) for name, encoding in encodings.items()}
