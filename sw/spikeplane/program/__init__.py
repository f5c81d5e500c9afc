"""A compiled network: the object that every board runs, and the file it is kept in."""

from spikeplane.program.file import seal
from spikeplane.program.program import Program

__all__ = ["Program", "seal"]
