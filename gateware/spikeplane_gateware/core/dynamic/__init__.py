"""The dynamic memory of a core: rows that a network writes while it runs, and reads as weights."""
