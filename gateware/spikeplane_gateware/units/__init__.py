"""Units: what stands between host link and bridge of a chip, each with pins, registers and packets of its own
(docs/units.md)."""
