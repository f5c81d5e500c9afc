"""The number of steps: the encoding's, which must be the model's where its forward takes a number of its
own."""

from dataclasses import replace

from spikeplane.compiler.time_channels import mixed_steps
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork


def settled(encodings: dict[str, Encoding], net: FloatNetwork, *, given: bool) -> dict[str, Encoding]:
    """The encodings, by input, with the model's steps. given: the steps were asked for. Raises
    SpikeplaneError if they are not the model's then."""
    called = None if net.origin is None else net.origin.called
    steps, mixed = next(iter(encodings.values())).steps, mixed_steps(net)
    wanted = mixed if called is None or called.steps is None else called.steps
    if mixed not in (None, wanted):
        raise SpikeplaneError(
            f"the model's forward takes {wanted} steps, its neurons mix {mixed}; give both the same number"
        )
    if wanted in (None, steps):
        return encodings
    if given:
        what = "neurons mix" if mixed == wanted else "forward takes"
        raise SpikeplaneError(
            f"the model's {what} {wanted} steps, the encoding has {steps}; give {wanted} steps, or none"
        )
    return {name: replace(encoding, steps=wanted) for name, encoding in encodings.items()}
