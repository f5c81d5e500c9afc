"""The float network under the name that models import it by; it lies below the compiler, because program
files keep it."""

from spikeplane.float_network import (
    Assumption,
    FloatNetwork,
    FloatNeuron,
    FloatPopulation,
    FloatProjection,
    Origin,
)

__all__ = ["Assumption", "FloatNetwork", "FloatNeuron", "FloatPopulation", "FloatProjection", "Origin"]
