"""Neurons of SpikingJelly and snnTorch that no chip of spikes computes, each with the nearest that it does."""

#: Why, what to use, and which classes.
SPIKINGJELLY: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("which clips its membranes at 0 in every step", "use ParametricLIFNode or LIFNode", ("KLIFNode",)),
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

SNNTORCH: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("whose gates multiply values", "use RLeaky or RSynaptic", ("SLSTM", "SConv2dLSTM")),
    ("which takes all steps at once", "use Leaky, a step at a time", ("LeakyParallel", "StateLeaky", "LinearLeaky", "DeltaLeaky")),
    ("whose weights are one a sample, not one a neuron", "scale the weights of the layer behind", ("GradedSpikes",)),
    ("which keeps products of its inputs", "use RLeaky or RSynaptic", ("AssociativeLeaky",)),
)  # fmt: skip


def reason(kind: type) -> tuple[str, str] | None:
    """Why a class is refused, and what to use; None where it is none of these."""
    package = kind.__module__.partition(".")[0]
    refusals = {"spikingjelly": SPIKINGJELLY, "snntorch": SNNTORCH}.get(package, ())
    return next(((why, cure) for why, cure, names in refusals if kind.__name__ in names), None)
