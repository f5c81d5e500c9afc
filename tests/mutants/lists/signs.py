"""Weights of 1 bit as sums of signs, and blocks of weights that no core stores."""

from mutants.catalogue import Mutant, Part

BLOCKS = ("tests/unit/test_blocks.py",)
PADDED = ("tests/system/test_normalised.py -k one_",)

MUTANTS = (
    Mutant("compiler/signs.py", "TERNARY if zero else 1", "1", "zeros become +1"),
    Mutant("compiler/signs.py", "min(several, room)", "several", "more signs than the packets' shifts leave"),
    Mutant("compiler/signs.py", "max(plain, most) if zero else -most", "-most", "odd numbers stand for zeros"),
    Mutant("compiler/signs.py", "not other or most < 2", "not other", "one sign is -1 bit"),
    Mutant("compiler/signs.py", "alike(weight) and power_apart(step_of(weight), step)", "power_apart(step_of(weight), step)", "weights of several sizes a channel have one sign"),
    Mutant("compiler/signs.py", "unit is not None or weight is not real[main]", "weight is not real[main]", "the largest projection of a stream takes the stream's unit for its step"),
    Mutant("compiler/signs.py", "(rows > _TINY).sum(1)", "rows.shape[1]", "zeros count in the size of the signs"),
    Mutant("compiler/signs.py", "round(float(ratio.mean()))", "float(ratio.mean())", "any common ratio passes for a power of two"),
    Mutant("compiler/signs.py", "max(2, (config.max_shift + _SHARE) // _SHARE)", "SEVERAL[0]", "signs leave values no shifts"),
    Mutant("compiler/steps.py", "REACH + max(0, -n)", "REACH", "a stream's weights are as coarse as the branch beside them"),
    Mutant("compiler/signs.py", "tags <= config.projections", "True", "more terms than the chip has tags"),
    Mutant("compiler/signs.py", "size * _PART <= config.cores * config.weight_depth * config.lanes", "True", "terms fill the weight memories"),
    Mutant("compiler/signs.py", "(whole & 1)[stored]", "(whole & 1)", "blocks of 0 make one size two terms"),
    Mutant("compiler/signs.py", "(whole & 1)[stored].all()", "(whole & 1)[stored].any()", "even numbers pass for odd ones"),
    Mutant("compiler/signs.py", "range(largest.bit_length(), 0, -1)", "range(largest.bit_length() + 1, 0, -1)", "a sign more than are needed"),
    Mutant("compiler/steps.py", "2 * np.floor(ratio / 2) + 1", "2 * np.round(ratio / 2) + 1", "odd numbers are a step too large"),
    Mutant("compiler/steps.py", "(1 << -bits) - 1", "(1 << -bits) - 3", "the largest odd number is left out"),
    Mutant("compiler/steps.py", "min(map(abs, widths))", "min(widths)", "a shortcut's step is the layer's"),
    Mutant("compiler/losses.py", "alike(w) and power_apart(step_of(w), step_of(main))", "True", "one sign for a shortcut is not told"),
    Mutant("compiler/quantise.py", "refuse_one_size(net)", "None", "one sign for a constant population is taken", tests=PADDED),
    Mutant("compiler/signs.py", "power + common", "power", "a common power of two is lost"),
    Mutant("compiler/signs.py", "np.where(rest >= 0, 1, -1) * stored", "np.where(rest >= 0, 1, -1)", "terms fill the blocks of 0"),
    Mutant("compiler/signs.py", "(largest - 1).bit_length()", "largest.bit_length()", "a term more than are needed"),
    Mutant("compiler/quantise.py", "(np.abs(weight) != 1)[stored].any()", "(np.abs(weight) > 1).any()", "zeros are stored as +1"),
    Mutant("compiler/quantise.py", "power + own - 1", "power + own", "signs count twice beside other projections"),
    Mutant("compiler/layers.py", "(weight == 0) & stored", "weight == 0", "groups of whole lanes take two projections"),
    Mutant("compiler/units.py", "unit / 2, grid / 2, [power + 1 for power in above]", "unit, grid, above", "halves of signs are lost below the unit"),
    Mutant("compiler/steps.py", "magnitude.sum(1) / np.maximum(count, 1)", "magnitude.mean(1)", "blocks of 0 make the step of signs smaller"),
    Mutant("program/values.py", "(np.abs(weight) != 1) & stored", "np.abs(weight) > 1", "a program with zeros that are stored as +1 is taken"),
    Mutant("network/blocks.py", "count - int(row[::-1].argmax())", "int(row.sum())", "the last of the groups that are met is left out", tests=BLOCKS),
    Mutant("network/blocks.py", "high * lanes", "linked.shape[0]", "groups behind the last that is met hold zeros"),
    Mutant("compiler/blocks.py", "block[:, :, low:high]", "block[:, :, : high - low]", "weights of the first groups stand for those that are met", tests=BLOCKS),
    Mutant("compiler/synapses.py", "slots if met is None else block", "slots", "the walker goes to the next bit, not to the next group", tests=BLOCKS),
    Mutant("network/projections/dense.py", "weight.any((2, 3))", "weight[..., 0, 0] != 0", "a kernel is looked at in its first position only", tests=BLOCKS),
)  # fmt: skip

PART = Part(
    name="signs",
    folder="sw/spikeplane",
    gateware=False,
    tests={"*": ("tests/unit/test_signs.py", "tests/unit/test_blocks.py")},
    mutants=MUTANTS,
)
