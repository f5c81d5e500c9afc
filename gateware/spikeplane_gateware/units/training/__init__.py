"""The units of a core that learns: binary16 arithmetic, exact sums (docs/training.md)."""
