"""A program without Python: the load stream, memory files, a driver in C."""
