"""Systems that do not run yet, and what each lacks."""

from spikeplane_sim.systems.system import System


def _missing(name: str, title: str, paper: str, shapes: str, lacks: str, *, part: bool = False) -> System:
    return System(name=name, title=title, paper=paper, shapes=shapes, lacks=lacks, part=part)


SYSTEMS = (
    _missing(
        "sdt",
        "Spike-Driven Transformer",
        "Yao et al., Spike-driven Transformer, NeurIPS 2023",
        "64 tokens x 32, 4 heads, the stem's maximum, head LIF",
        "products of spikes (gates by thresholds)",
    ),
    _missing(
        "t-revsnn",
        "T-RevSNN",
        "Hu et al., High-Performance Temporal Reversible Spiking Neural Networks, ICML 2024",
        "4 sub-networks, channels 8-8-8-8, 32x32",
        "neurons that round",
    ),
    _missing(
        "psn",
        "PSN family",
        "Fang et al., Parallel Spiking Neurons, NeurIPS 2023",
        "two convolutions 8x8x16, T 4",
        "time as channels",
    ),
    _missing(
        "ttfs",
        "TTFS training framework",
        "",
        "14x14 CNN, every neuron fires once at most, T 8",
        "neurons that fire once",
    ),
    _missing(
        "sei",
        "SEI binary-weight SNN",
        "",
        "1-bit MLP 64x32-128-32, T 2, shortcuts",
        "identity shortcuts on 1-bit chips",
    ),
    _missing(
        "qkformer",
        "QKFormer, stages 1 and 2",
        "Zhou et al., QKFormer: Hierarchical Spiking Transformer using Q-K Attention, NeurIPS 2024",
        "token block 8x8x32, 4 heads, behind its patch stage",
        "products of spikes (gates by thresholds)",
        part=True,
    ),
)
