"""From an integer network to a chip: placement of populations on cores, and the contents of every memory."""

from spikeplane.compiler.images import Image, build_image
from spikeplane.compiler.place import Part, Placement, place

__all__ = ["Image", "Part", "Placement", "build_image", "place"]
