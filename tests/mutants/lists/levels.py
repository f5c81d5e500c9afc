"""Integer spikes: in the gateware, the golden model and the software between."""

from mutants.catalogue import Mutant, Part

GATEWARE = (
    Mutant("soma/level_steps.py", "step >> 1", "step", "the later bits are compared with as much as the first"),
    Mutant("soma/level_steps.py", "self.lowest & nothing_left(rest, added)", "0", "a half goes up to an odd level"),
    Mutant("soma/level_steps.py", "self.lowest & nothing_left(rest, added)", "nothing_left(rest, added)", "a half goes down to an odd level"),
    Mutant("soma/level_steps.py", "(one | other) << 1", "(one & other) << 1", "a tie is one where nothing is carried"),
    Mutant("soma/level_steps.py", "(one | other) << 1", "one | other", "a tie is found a place too high"),
    Mutant("soma/level_steps.py", "self.first & self.capped", "0", "levels go beyond a top of one bit"),
    Mutant("soma/level_steps.py", "self.first & self.capped", "self.first", "a top of all bits has the highest alone"),
    Mutant("soma/level_steps.py", "self.first & self.capped", "self.capped", "below its top a level has one bit alone"),
    Mutant("soma/level_steps.py", "full.eq(0)", "full.eq(full)", "a top level is the last that a lane sends"),
    Mutant("soma/level_steps.py", "level.eq(0)", "level.eq(level)", "a level has bits of the one before", equivalent="nobody looks at the bits above those of a level"),
    Mutant("soma/level_steps.py", "Cat(over, level)", "Cat(level, over)", "the bits stand the other way round"),
    Mutant("soma/level_steps.py", "(arrives & ~has) | self.takes", "arrives | self.takes", "a word leaves before its bits are found"),
    Mutant(
        "soma/neuron.py", "over | self.steps.word", "over", "a soft reset takes nothing where v + theta / 2 is below 0",
        equivalent="no bit is 1 there, so what is left is the membrane",
    ),
    Mutant("soma/level_steps.py", "rest.eq(total)", "rest.eq(rest)", "a bit that is 1 takes nothing"),
    Mutant("soma/level_steps.py", "self.busy & (self.left == 0)", "self.busy & (self.left == 1)", "the lowest bit is found while the rest is taken"),
    Mutant("soma/level_steps.py", "step.eq(amount)", "step.eq(amount >> 1)", "the first bit is compared with half of its multiple"),
    Mutant("soma/level_steps.py", "self.left.eq(self.settings.levels)", "self.left.eq(self.settings.levels - 1)", "levels have a bit less than their population"),
    Mutant("soma/neuron.py", "m.d.sync += lower.eq(left)", "", "what is left is half a threshold too much", within="with m.If(self.steps.takes): m.d.sync += lower.eq(left)"),
    Mutant("soma/sweep/masks.py", "self.population.levels != 0", "0", "the membrane's bits are sent in the place of the level's"),
)  # fmt: skip

SOFTWARE = (
    Mutant("network/neurons/levels.py", "least >> 1", "least", "a core rounds up"),
    Mutant("network/neurons/levels.py", "(least << (self.top.bit_length() - 1))", "(least << self.top.bit_length())", "a core halves levels"),
    Mutant("network/neurons/levels.py", "self.top == 1 << (planes - 1)", "0", "a top of one bit is one of all bits"),
    Mutant("network/neurons/levels.py", "(level % 2 == 1)", "(level % 2 == 0)", "the estimate rounds halves to odd"),
    Mutant("program/values.py", "not config.levels", "False", "a chip without them takes integer spikes"),
    Mutant("program/values.py", "(theta % 2 == 1)", "False", "odd thresholds are halved"),
    Mutant("program/values.py", "(theta > limit)", "False", "a membrane need not hold the top level"),
    Mutant("program/values.py", "(theta < 2)", "(theta < 0)", "a threshold of 0 has levels"),
    Mutant("program/values.py", "neuron.reset == \"hard\"", "False", "integer spikes are reset to a number"),
)  # fmt: skip

GOLDEN = (
    Mutant("golden/neurons/levels.py", "twice > middle", "twice >= middle", "a half goes up to an odd level"),
    Mutant("golden/neurons/levels.py", "twice >= middle", "twice > middle", "a half goes down to an odd level", within="else twice >= middle"),
    Mutant("golden/neurons/levels.py", "return self.top", "return 1", "sums of levels are added in too few bits"),
    Mutant("golden/model.py", "v - times * amount", "v - amount", "a soft reset takes one threshold of a level"),
    Mutant("golden/neurons/levels.py", "return sent", "return fired", "a level below the threshold, and every other one, takes one threshold", within='"""The level.""" return sent'),
    Mutant("golden/neurons/levels.py", "(v / theta).clamp(0, self.top)", "(v / theta).clamp(0)", "real levels have no top"),
    Mutant("golden/model.py", "times > 0", "fired", "a half of a threshold that is sent takes nothing", within="torch.where(times > 0, (v"),
    Mutant("golden/float_model.py", "rule.times(sent, fired) * amount", "amount", "a soft reset of real numbers takes one threshold of a level"),
)  # fmt: skip

_TESTS = (
    "tests/unit/test_levels.py",
    "tests/unit/test_level_neurons.py",
    "tests/system/test_random_levels.py",
)

PARTS = (
    Part(name="level neurons", folder="gateware/spikeplane_gateware/core", gateware=True, tests={"*": _TESTS[1:]}, mutants=GATEWARE),
    Part(name="levels", folder="sw/spikeplane", gateware=False, tests={"*": _TESTS}, mutants=SOFTWARE),
    Part(name="golden levels", folder="sim/spikeplane_sim", gateware=False, tests={"*": _TESTS}, mutants=GOLDEN),
)  # fmt: skip
