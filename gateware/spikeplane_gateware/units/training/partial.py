"""A gathered sum on its way back: whose it is, and its units."""

from amaranth.lib import data

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import tag_bits


def partial_layout(config: ChipConfig) -> data.StructLayout:
    """The tag of the projection, the place of the source's word and the lane in it, and the sum."""
    assert config.training is not None
    place = {"group": config.group_bits, "y": config.coord_bits, "x": config.coord_bits}
    return data.StructLayout(
        {
            "tag": tag_bits(config),
            "place": data.StructLayout(place),
            "lane": bits_for(config.lanes),
            "sum": config.training.exact_bits,
        }
    )
