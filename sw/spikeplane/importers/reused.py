"""A pooling that a forward uses more than once: an OR of its own each time, `pool.1`, `pool.2`, none of which is the
layer, because a proof that watches the layer sees all of them."""

from collections.abc import Mapping
from dataclasses import replace

from spikeplane.float_network import FloatNetwork


def numbered(layer: str, use: int) -> str:
    """The name of an OR; use: how often the layer was used before."""
    return layer if use == 0 else f"{layer}.{use + 1}"


def apart(uses: Mapping[str, int], net: FloatNetwork) -> FloatNetwork:
    """With the first OR of every layer that was used more than once (`uses`) as `layer.1`."""
    names = {layer: f"{layer}.1" for layer, count in uses.items() if count > 1}

    def other(name: str) -> str:
        return names.get(name, name)

    return replace(
        net,
        populations=tuple(replace(p, name=other(p.name)) for p in net.populations),
        projections=tuple(
            replace(p, source=other(p.source), target=other(p.target), dynamic=p.dynamic and p.dynamic.renamed(other))
            for p in net.projections
        ),
        output=other(net.output),
    ) if names else net  # fmt: skip
