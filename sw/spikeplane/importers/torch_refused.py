"""torch.nn's layers that no chip of spikes computes, each with what to use in its place."""

import numpy as np

from spikeplane.importers.flow import Value
from spikeplane.importers.pointwise import keeps, of_spikes
from spikeplane.importers.registry import Call, Handler, builtin

_EACH = (
    "statistics of each sample are no weights: train with BatchNorm, whose running statistics become weights"
)
_VALUES = "its outputs are values, not spikes: put neurons in its place (IFNode, LIFNode, Leaky)"
_IN_PLACE = "it changes values that another layer may read too; use inplace=False"
_READ = "leave it out: of what the program puts out the largest stays the largest, and in attention a factor takes its place"
_SHUFFLE = "its outputs' pixels are channels: use ConvTranspose2d or Upsample where no neurons need pixels"
_STATE = "its gates multiply values: use RLeaky, RSynaptic or a LinearRecurrentContainer"

#: torch.nn's names and what to do.
CURES: dict[str, tuple[str, ...]] = {
    _EACH: (
        "GroupNorm", "LayerNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LocalResponseNorm", "RMSNorm",
    ),
    _VALUES: (
        "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid",
        "Tanh", "Hardtanh", "Hardsigmoid", "Hardswish", "Softplus", "Softsign", "Softshrink", "Hardshrink", "LogSigmoid",
        "Tanhshrink", "GLU", "Threshold",
    ),
    _READ: ("Softmax", "LogSoftmax", "Softmin", "Softmax2d"),
    _SHUFFLE: ("PixelShuffle", "PixelUnshuffle", "Fold", "Unfold"),
    _STATE: ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"),
    "pad with zeros: pixels outside send no spikes": (
        "ReflectionPad1d", "ReflectionPad2d", "ReplicationPad1d", "ReplicationPad2d", "CircularPad1d", "CircularPad2d",
        "ConstantPad1d",
    ),
    "use MaxPool2d or AvgPool2d": ("LPPool1d", "LPPool2d", "MaxUnpool1d", "MaxUnpool2d", "FractionalMaxPool2d"),
    "use its 2d form: a sample is channels, rows and columns": (
        "Conv3d", "ConvTranspose3d", "BatchNorm3d", "AvgPool3d", "AdaptiveAvgPool3d", "AdaptiveMaxPool3d",
    ),
    "use nearest": ("UpsamplingBilinear2d",),
    "encode them before: the input is spikes or pixels": ("Embedding", "EmbeddingBag"),
    "products of two layers' outputs are not computed: use spikes and synapses": (
        "Bilinear", "MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder", "CosineSimilarity",
        "PairwiseDistance",
    ),
}  # fmt: skip


def install() -> None:
    """Register the handlers."""
    from torch import nn

    for cure, names in CURES.items():
        kinds = [getattr(nn, name) for name in names if hasattr(nn, name)]
        builtin(*kinds)(of_values if cure == _VALUES else _refused(cure))
    builtin(nn.ReLU)(relu)


def each_sample(call: Call) -> Value:
    """A normalisation by each sample's own statistics."""
    raise call.refuse(f"a {type(call.module).__name__}", _EACH)


def of_values(call: Call) -> Value:
    """A function of every value for itself: of spikes alone."""
    module, name = call.module, type(call.module).__name__

    def function(values: np.ndarray) -> np.ndarray:
        import torch

        try:
            return module(torch.tensor(values)).detach().numpy()
        except Exception:  # one parameter a channel
            return np.full(2, np.nan)

    made = of_spikes(call.made, call.layer, call.value, name, function, call.input_bits)
    if made is None and keeps(function):
        return call.value
    if made is None or (getattr(module, "inplace", False) and made is not call.value):
        raise call.refuse(f"a {name}", _VALUES)
    return made


def relu(call: Call) -> Value:
    """A population that sends values, from 0 on; of spikes nothing."""
    made = of_spikes(call.made, call.layer, call.value, "ReLU", _relu, call.input_bits)
    if made is None and call.module.inplace:
        raise call.refuse("a ReLU in place", _IN_PLACE)
    return call.made.rectified(call.layer, call.value) if made is None else made


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0)


def _refused(cure: str) -> Handler:
    def handler(call: Call) -> Value:
        raise call.refuse(f"a {type(call.module).__name__}", cure)

    return handler
