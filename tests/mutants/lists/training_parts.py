"""The gateware of training: binary16 arithmetic, gathered sums."""

from mutants.catalogue import Mutant, Part

ARITHMETIC = (
    Mutant("decode.py", "exponent + shift - normal", "exponent + shift - 1", "a subnormal number counts half, or far too much"),
    Mutant("decode.py", "Cat(number[:10], normal)", "Cat(number[:10], 1)", "a subnormal number has a hidden bit"),
    Mutant("decode.py", "number[15] ^ Value.cast(negate)[0]", "number[15] | Value.cast(negate)[0]", "a negative number that is negated stays so"),
    Mutant("decode.py", "s.negative", "0", "a negative addend is a unit too small", within="carry=s.negative"),
    Mutant("rounding.py", "(word ^ negative.replicate(len(word))) + negative", "word ^ negative.replicate(len(word))", "a negative word counts a unit less"),
    Mutant("rounding.py", "f.half & (f.below | f.kept[0])", "f.half", "ties go away from zero"),
    Mutant("rounding.py", "f.half & (f.below | f.kept[0])", "f.half & f.below", "ties go to zero"),
    Mutant("rounding.py", "c.below | below", "c.below", "what is left of the four bits does not count"),
    Mutant("rounding.py", "c.below | below", "below", "what lies below the fifteen bits does not count"),
    Mutant("rounding.py", "f.over | (largest & up)", "f.over", "a carry leaves the largest number"),
    Mutant("rounding.py", "(f.exponent == 29) & f.kept.all()", "f.exponent == 29", "every number near the largest saturates"),
    Mutant("rounding.py", "s.size[_WHOLE:].any()", "0", "words beyond 2^40 do not saturate"),
    Mutant("rounding.py", "~c.part[13:15].any() & c.part[12]", "c.part[12]", "two shifts at once"),
    Mutant("rounding.py", "found[q] & ~Cat(*found[q + 1 :]).any()", "found[q]", "every group of four bits counts as the highest"),
    Mutant("product.py", "s.negative & (s.part[2:].any() | up)", "s.negative", "a product may be -0"),
    Mutant("product.py", "p.zero | (p.exponent < least)", "p.exponent < least", "0 times a large number is not 0"),
    Mutant("product.py", "p.zeros_x + p.zeros_y + _TOP - 21", "p.zeros_x + _TOP - 21", "the zeros above the second mantissa do not count"),
    Mutant("product.py", "~s.part[-1] & s.exponent.any()", "~s.part[-1]", "a subnormal product is doubled"),
    Mutant("product.py", "~s.part[-1] & s.exponent.any()", "0", "a product below 2 keeps a bit too few"),
    Mutant("product.py", "s.below | (~again & s.part[0])", "s.below", "the lowest bit of the shift does not count"),
    Mutant("product.py", "h.part[edge - 1 - k] & (h.shift <= k)", "h.part[edge - 1 - k] & (h.shift < k)", "a bit below the edge is lost"),
    Mutant("product.py", "h.part[edge - 1 - k] & (h.shift <= k)", "h.part[edge - 1 - k]", "bits that were shifted up count below as well"),
    Mutant("product.py", "half & (below | kept[0])", "half", "ties go away from zero"),
    Mutant("product.py", "bits[15] | bits[10:15].all()", "bits[10:15].all()", "large exponents do not saturate"),
    Mutant("product.py", "bits[15] | bits[10:15].all()", "bits[15]", "infinity comes out"),
    Mutant("product.py", "h[10:15] - normal", "h[10:15]", "a normal number counts twice"),
    Mutant("stage.py", "following.valid.eq(valid)", "following.valid.eq(valid | following.valid)", "what was valid once stays so"),
    Mutant("binary16.py", "found.valid & found.overflow", "found.overflow", "an overflow of nothing is told", within='found = mul16(m, "mul", self.valid, self.a, self.b)\n        m.d.comb += [\n            self.out_valid.eq(found.valid),\n            self.number.eq(found.number),\n            self.overflow.eq(found.valid & found.overflow)'),
    Mutant("binary16.py", "number[:15] > limit", "number[:15] >= limit", "a number at its limit counts as limited"),
    Mutant("binary16.py", "Cat(limit, number[15])", "limit", "a limited number is positive"),
)  # fmt: skip

TREE = (
    Mutant("tree.py", "a + b + carry", "a + b", "a lane's carry is lost"),
    Mutant("tree.py", "Mux(fresh, 0, total) + words[0] + left", "Mux(fresh, 0, total) + words[0]", "the last lane's carry is lost"),
    Mutant("tree.py", "Mux(fresh, 0, total)", "total", "a sum goes on into the next source"),
    Mutant("tree.py", "ends", "1", "only the last visit counts", within="fresh.eq(ends)"),
    Mutant("tree.py", "valid & ends", "valid", "every visit gives a sum"),
    Mutant("tree.py", "into == self.depth - 1", "into == self.depth", "the queue is a word longer than its memory"),
    Mutant("tree.py", "out == self.depth - 1", "out == self.depth", "the queue reads behind its memory"),
    Mutant("tree.py", "(waiting != 0) & ~coming & (~self.o.valid | self.o.ready)", "(waiting != 0) & ~coming", "a word that is offered is overwritten"),
    Mutant("tree.py", "(waiting == 0) & ~coming & ~self.o.valid", "(waiting == 0) & ~self.o.valid", "empty while a word comes"),
    Mutant("tree.py", "waiting + self.write - fetch", "waiting + self.write", "words come out again"),
)  # fmt: skip

_PARTS = ("tests/unit/test_training_parts.py",)

PART = Part(
    name="training-parts",
    folder="gateware/spikeplane_gateware/units/training",
    gateware=True,
    tests={
        "tree.py": ("tests/unit/test_training_tree.py",),
        "*": _PARTS,
    },
    mutants=(*ARITHMETIC, *TREE),
)
