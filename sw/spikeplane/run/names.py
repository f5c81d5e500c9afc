"""Boards by the names that people read."""

GOLDEN = "golden model"
BOARDS = {"golden": GOLDEN}  #: names of the command line that read badly in a sentence
