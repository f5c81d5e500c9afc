"""Shifts by multipliers: the factor, the product, which chips may have them, what an estimate says of them."""

from mutants.catalogue import Mutant, Part

GATEWARE = (
    Mutant("accumulate.py", "Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift", "Const(1, bits) << shift", "nothing is negated by a multiplier"),
    Mutant("accumulate.py", "Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift", "Const(-1, bits) << shift", "all is negated by a multiplier"),
    Mutant("accumulate.py", "Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift", "Mux(op.negate, Const(-1, bits), Const(1, bits))", "nothing is shifted by a multiplier"),
    Mutant("accumulate.py", "Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift", "Mux(op.negate, Const(-1, bits), Const(1, bits)) << shift[:-1]", "large shifts are small by a multiplier"),
    Mutant("accumulate.py", "power[:bits]", "power[: bits - 1]", "a factor has lost its sign"),
    Mutant("accumulate.py", "weight * self.factor[lane].as_signed()", "weight * self.factor[lane]", "a factor has no sign"),
    Mutant("accumulate.py", "weight * self.factor[lane].as_signed()", "weight.as_unsigned() * self.factor[lane].as_signed()", "a weight has no sign at the multiplier"),
    Mutant("accumulate.py", "weight * self.factor[lane].as_signed()", "self.factor[lane].as_signed()", "all weights are 1 at the multiplier"),
    Mutant("accumulate.py", "Mux(self.adds[lane], weight * self.factor[lane].as_signed(), 0)", "weight * self.factor[lane].as_signed()", "lanes that are left out add products"),
)  # fmt: skip

SOFTWARE = (
    Mutant("multipliers.py", "config.max_shift > MOST_SHIFT", "config.max_shift >= MOST_SHIFT", "a shift of 16 is refused"),
    Mutant("multipliers.py", "config.training is not None", "False", "a chip that learns may have them"),
    Mutant("estimate/resources.py", "config.lanes * shift * config.shift_multiplier", "config.swept_lanes * shift * config.shift_multiplier", "a narrow sweep shifts fewer lanes"),
    Mutant("estimate/resources.py", "_narrow(config, title) + _multiplied(config, title)", "_narrow(config, title)", "multipliers save nothing"),
    Mutant("estimate/resources.py", "1 - (config.max_shift + 1 - levels) / SHARED_LANES", "1", "a factor is as narrow as shift and sign"),
    Mutant("estimate/resources.py", "config.max_shift + 2", "config.max_shift + 1", "a factor has no bit for its sign", within="-(-(config.max_shift + 2) // wide)"),
)  # fmt: skip

_SUMS = ("tests/unit/test_core_accumulate.py", "tests/formal/test_shifts.py")
_SOFT = ("tests/unit/test_shift_multiplier.py",)

PARTS = (
    Part(name="shifts", folder="gateware/spikeplane_gateware/core/synapses", gateware=True, tests={"*": _SUMS}, mutants=GATEWARE),
    Part(name="shift multipliers", folder="sw/spikeplane", gateware=False, tests={"*": _SOFT}, mutants=SOFTWARE),
)  # fmt: skip
