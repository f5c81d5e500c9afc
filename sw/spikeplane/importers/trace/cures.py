"""What to do in the place of an operator that no chip of spikes computes."""

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.torch_refused import CURES

_GATE = "it is a gate of spikes of 0 and 1 alone: put neurons in front of all that it takes"
_PUT_OUT = "leave it out: apply it to what the program puts out, of which the largest stays the largest"
_STATISTICS = (
    "statistics of each sample are no weights: train with BatchNorm, whose running statistics become weights"
)
_DRAWN = "encode the input before (encoding=..., as rate or random planes), and let forward draw nothing"
#: By an operator's name without _.
_CURES = {
    **{name.lower(): cure for cure, names in CURES.items() for name in names},
    **dict.fromkeys(
        ("copy", "indexput", "slicescatter", "selectscatter"),
        "collect the steps in a list, and torch.stack them",
    ),
    **dict.fromkeys(("amax", "amin", "min"), "use MaxPool2d or AdaptiveMaxPool2d behind neurons, where it is an OR"),
    "max": "leave it out at the end; between layers use MaxPool2d or AdaptiveMaxPool2d behind neurons, an OR",
    **dict.fromkeys(("argmax", "argmin", "topk", "sort", "argsort", "logsumexp"), _PUT_OUT),
    "baddbmm": "use Linear or Conv2d; for attention matmul or bmm",
    **dict.fromkeys(("gt", "ge", "lt", "le", "eq", "ne"), "use a neuron of SpikingJelly or snnTorch, or register yours"),
    **dict.fromkeys(("rand", "randlike", "randn", "randnlike", "bernoulli", "randint", "multinomial"), _DRAWN),
    **dict.fromkeys(("maximum", "minimum", "or", "logicalor", "bitwiseor", "and", "logicaland", "bitwiseand"), _GATE),
    **dict.fromkeys(("xor", "logicalxor", "bitwisexor", "where", "fmax", "fmin"), _GATE),
    **dict.fromkeys(("cumsum", "cumprod"), "return every step's output: the program puts out the sum over the steps"),
    **dict.fromkeys(("flip", "roll"), "turn the input before, or permute the weights of the layer behind"),
    "im2col": "use Conv2d",
    "scaleddotproductattention": "it has a softmax: write (q @ k.transpose(-2, -1)) @ v of spikes, times a number, with neurons behind",
    "maskedfill": "leave it out: of a sample every token meets every other",
    **dict.fromkeys(("linalgvectornorm", "norm", "std", "var", "varmean", "stdmean"), _STATISTICS),
    **dict.fromkeys((f"upsample{mode}" for mode in ("linear1d", "bilinear2d", "bicubic2d")), "use mode='nearest'"),
}  # fmt: skip
_CURE = "use layers, additions, reshapes and means, or register a handler for a layer of your own"


class Anyway(SpikeplaneError):
    """A refusal in whatever shape the input comes: no other needs to be tried."""


def unknown_operator(name: str) -> Anyway:
    """The error for an operator without a rule."""
    cure = _CURES.get(name.replace("_", ""), _CURE)
    return Anyway(f"the model's forward calls '{name}', which Spikeplane cannot represent; {cure}")
