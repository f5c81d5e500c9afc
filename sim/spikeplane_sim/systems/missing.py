"""Systems that do not run yet, and what each lacks."""

from spikeplane_sim.systems.system import System

_GATES = "products of values (gates)"


def _missing(name: str, title: str, paper: str, shapes: str, lacks: str) -> System:
    return System(name=name, title=title, paper=paper, shapes=shapes, lacks=lacks)


SYSTEMS = (
    _missing("ma-snn", "MA-SNN", "Yao et al., Attention Spiking Neural Networks, IEEE TPAMI 2023",
             "a residual block 16x8x8 with its gates, T 1", _GATES),
    _missing("ta-snn", "TA-SNN", "Yao et al., Temporal-wise Attention Spiking Neural Networks for Event Streams Classification, ICCV 2021",
             "16x16 events, 2-16-32-32, T 8", _GATES),
    _missing("asa-snn", "ASA-SNN", "Yao et al., Inherent Redundancy in Spiking Neural Networks, ICCV 2023",
             "16x16 events, T 8", f"{_GATES}; masks of the largest"),
    _missing("event-depth-gates", "Event-camera depth, MSS-DepthNet", "Wu et al., MSS-DepthNet: Depth Prediction with Multi-Step "
             "Spiking Neural Network, 2022: read from its abstract only", "16x16 U-Net with attention over channels and pixels", _GATES),
)  # fmt: skip
