"""A layer with what calibration data changed in it (`compiler.correct` finds it)."""

from dataclasses import replace

import numpy as np

from spikeplane.compiler.layers import Layer, per_channel
from spikeplane.program.corrections import Correction


def corrected(layer: Layer, correction: Correction | None) -> Layer:
    """The layer with another scale of its weights, bias and threshold. A soft reset subtracts what it did."""
    if correction is None:
        return layer
    neuron, population, channels = layer.neuron, layer.population, layer.population.shape[0]
    if correction.bias.any():
        population = replace(population, bias=per_channel(population.bias, channels) + correction.bias)
    if neuron.threshold is not None and correction.threshold.any():
        subtracted = neuron.threshold if neuron.amount is None else neuron.amount
        neuron = replace(
            neuron,
            threshold=per_channel(neuron.threshold, channels) + correction.threshold,
            amount=np.asarray(subtracted) if neuron.reset == "soft" else neuron.amount,
        )
    scale = correction.scale if (correction.scale != 1).any() else None
    return replace(layer, population=population, neuron=neuron, scale=scale)
