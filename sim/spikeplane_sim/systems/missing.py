"""Systems that do not run yet, and what each lacks."""

from spikeplane_sim.systems.system import System

_GATES = "products of values (gates)"


def _missing(name: str, title: str, paper: str, shapes: str, lacks: str) -> System:
    return System(name=name, title=title, paper=paper, shapes=shapes, lacks=lacks)


SYSTEMS = (
    _missing("asa-snn", "ASA-SNN", "Yao et al., Inherent Redundancy in Spiking Neural Networks, ICCV 2023",
             "16x16 events, T 8", f"{_GATES}; masks of the largest"),
    _missing("event-depth-gates", "Event-camera depth, MSS-DepthNet", "Wu et al., MSS-DepthNet: Depth Prediction with Multi-Step "
             "Spiking Neural Network, 2022: read from its abstract only", "16x16 U-Net with attention over channels and pixels", _GATES),
)  # fmt: skip
