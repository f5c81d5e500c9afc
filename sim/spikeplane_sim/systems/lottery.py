"""Pruned by lottery tickets: SpikingJelly's convolutional network of which a tenth of the weights is left, in every layer
those of the largest magnitude. Words of zeros are stored like others."""

import torch
from torch import nn
from torch.nn.utils import prune

from spikeplane_sim.systems import csnn
from spikeplane_sim.systems.system import System, varied

PRUNED = 0.9  #: the share of weights that are 0


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    net = csnn.Csnn(size)
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            prune.l1_unstructured(module, "weight", PRUNED)
            prune.remove(module, "weight")
    return csnn.filled(net, size, seed)


SYSTEM = varied(
    csnn.SYSTEM,
    System(
        name="lottery",
        title="Lottery-ticket pruning",
        paper="Kim et al., Exploring Lottery Ticket Hypothesis in Spiking Neural Networks, ECCV 2022",
        shapes="the CSNN of 28x28, 90 % of the weights of every layer 0",
        model=model,
        assumed=(
            "the network that is pruned: the CSNN, because inference needs nothing but zeros",
            "the ticket: weights of the largest magnitude in each layer, without the search for it",
        ),
    ),
)
