"""Readers of what a network is driven with: image sets, spike planes, event recordings, and their labels."""

from spikeplane.data.events import Events
from spikeplane.data.labels import read_labels
from spikeplane.data.samples import Samples, read_samples
from spikeplane.data.several import read_inputs

__all__ = ["Events", "Samples", "read_inputs", "read_labels", "read_samples"]
