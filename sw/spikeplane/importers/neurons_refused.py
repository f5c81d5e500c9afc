"""Neurons and layers of SpikingJelly and snnTorch that no chip of spikes computes, each with the nearest that it
does."""

#: Why, what to use, and which classes.
SPIKINGJELLY: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("whose membranes move by a product or an exponential of themselves", "use LIFNode or CUBALIFNode",
     ("QIFNode", "EIFNode", "IzhikevichNode", "RAFNode", "HGNode")),
    ("whose second state decides by a product with its spikes", "use LIFNode or CUBALIFNode",
     ("ComplementaryLIFNode", "GatedLIFNode", "AdaptBaseNode")),
    ("whose spikes are -1, 0 and 1", "use IFNode or LIFNode", ("TernaryIFNode", "TernaryLIFNode", "STBIFNode")),
    ("whose outputs are a function of its membranes, no spikes", "use LIFNode", ("LIAFNode",)),
    ("which normalises its membranes", "use LIFNode behind a BatchNorm", ("MPBNLIFNode", "MPBNBaseNode")),
    ("which draws noise", "use CUBALIFNode, or NonSpikingIFNode",
     ("NoisyCUBALIFNode", "NoisyILCCUBALIFNode", "NoisyNonSpikingIFNode", "NoisyBaseNode", "NoisyILCBaseNode", "NoisyNonSpikingBaseNode")),
    ("whose outputs are rates over all steps", "use IFNode or LIFNode", ("DSRIFNode", "DSRLIFNode", "FewSpikeNode")),
    ("which connects its own neurons by weights of groups", "use a LinearRecurrentContainer of the same neurons",
     ("ILCIFNode", "ILCLIFNode", "ILCCUBALIFNode", "ILCBaseNode")),
)  # fmt: skip

#: SpikingJelly's layers and encoders that are none either.
LAYERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("which takes all steps at once", "use LIFNode or ParametricLIFNode", ("FlexSN",)),
    ("whose spikes are whole numbers", "use IFNode or LIFNode", ("ILIFNode",)),
    ("which draws its spikes", "leave it out, and let the chip's host draw them: --encoding rate",
     ("PoissonEncoder", "PopSpikeEncoderRandom")),
    ("which turns pixels into times", "leave it out, and let the chip's host do it: --encoding latency", ("LatencyEncoder",)),
    ("which turns values into spikes", "leave it out, and hand its spikes to the program: --encoding planes",
     ("StatelessEncoder", "StatefulEncoder", "PeriodicEncoder", "WeightedPhaseEncoder", "PopSpikeEncoderDeterministic", "PopEncoder")),
    ("whose currents decay only where no spike comes, by a product", "use CUBALIFNode, whose currents decay in every step",
     ("SynapseFilter",)),
    ("whose gates multiply values", "use LinearRecurrentContainer", ("SpikingLSTM", "SpikingLSTMCell", "SpikingGRU", "SpikingGRUCell")),
    ("which is neither a layer nor a neuron of its own", "use LinearRecurrentContainer", ("SpikingVanillaRNN", "SpikingVanillaRNNCell")),
    ("which multiplies values, as attention over steps, channels and pixels does", "use SpikingSelfAttention, which multiplies spikes",
     ("TemporalWiseAttention", "MultiDimensionalAttention")),
    ("which has weights of its own in each step", "use BatchNorm2d or ThresholdDependentBatchNorm2d",
     ("TemporalEffectiveBatchNorm1d", "TemporalEffectiveBatchNorm2d", "BatchNormThroughTime1d", "BatchNormThroughTime2d")),
    ("which normalises by what comes", "use BatchNorm2d", ("NeuNorm",)),
    ("which draws connections anew", "use Linear", ("DropConnectLinear",)),
    ("which has three dimensions of pixels", "use its 2d form: a sample is channels, rows and columns",
     ("Conv3d", "ConvTranspose3d", "MaxPool3d", "AvgPool3d", "AdaptiveAvgPool3d", "BatchNorm3d", "ThresholdDependentBatchNorm3d",
      "TemporalEffectiveBatchNorm3d", "BatchNormThroughTime3d")),
    ("which takes the steps in the last dimension", "use MultiStepContainer or SeqToANNContainer",
     ("TLastMultiStepContainer", "TLastSeqToANNContainer")),
)  # fmt: skip

SNNTORCH: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("whose gates multiply values", "use RLeaky or RSynaptic", ("SLSTM", "SConv2dLSTM")),
    ("which takes all steps at once", "use Leaky, a step at a time", ("LeakyParallel", "StateLeaky", "LinearLeaky", "DeltaLeaky")),
    ("whose weights are one a sample, not one a neuron", "scale the weights of the layer behind", ("GradedSpikes",)),
    ("which keeps products of its inputs", "use RLeaky or RSynaptic", ("AssociativeLeaky",)),
)  # fmt: skip


def reason(kind: type) -> tuple[str, str] | None:
    """Why a class is refused, and what to use; None where it is none of these."""
    package = kind.__module__.partition(".")[0]
    refusals = {"spikingjelly": (*SPIKINGJELLY, *LAYERS), "snntorch": SNNTORCH}.get(package, ())
    return next(((why, cure) for why, cure, names in refusals if kind.__name__ in names), None)
