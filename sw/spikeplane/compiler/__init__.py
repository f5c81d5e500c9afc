"""From an integer network to a chip: placement of populations on cores, and the contents of every memory."""

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.program.image import Image
from spikeplane.program.placement import Part, Placement

__all__ = ["Image", "Part", "Placement", "build_image", "place"]
