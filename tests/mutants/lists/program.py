"""The program: placement and the host's side of it, bounds, what words hold, memory words in the file."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("values.py", "values >= top", "values > top", "a signed value wraps at its limit"),
    Mutant("values.py", "np.abs(weight) != 1", "np.abs(weight) > 1", "1-bit weights of 0 become 1"),
    Mutant("bounds.py", "down * high + up * low", "down * high", "the least ignores negative values through positive weights"),
    Mutant("bounds.py", "up * high + down * low", "up * high", "the most ignores negative values through negative weights"),
    Mutant("bounds.py", "value * times(projection, source.shape)", "value * projection.pool[0]", "a pooled pixel's worst case is that of one column"),
    Mutant("bounds.py", "found.low < -limit or found.high >= limit", "found.low < -limit or found.high > limit", "a sum of 2^(bits - 1) is allowed"),
    Mutant("bounds.py", "found.low < -limit or found.high >= limit", "found.high >= limit", "sums may be as negative as they like"),
    Mutant("placement.py", "range(x0, x1 + 1)", "range(x0, x1)", "a rectangle covers a core that has no part"),
    Mutant("image.py", "image.credits += len(targets)", "image.credits += 1", "the host waits for one credit a projection"),
    Mutant("words.py", "_check_core(core, ours.words[core], words)", "pass", "words that are another network's are loaded"),
    Mutant("words.py", "found.update(array.tobytes())", "pass", "the digest says nothing of the words"),
    Mutant("source.py", "array.dtype == np.float32", "False", "weights of 32 bits become others"),
    Mutant("source.py", "_widths_plain(source.guard)", "None", "guard bits that were asked for are forgotten"),
    Mutant("source.py", "names is None", "True", "what a calibration measured is forgotten"),
    Mutant("words.py", "0 < shape[0] <= depth", "0 < shape[0] <= depth + 1", "a file holds a word more than the memory"),
)  # fmt: skip

_UNIT = (
    "tests/unit/test_compile_limits.py",
    "tests/unit/test_compile.py",
    "tests/unit/test_compile_losses.py",
)
_CHIP = ("tests/system/test_cores.py", "tests/system/test_random.py")

PART = Part(
    name="program",
    folder="sw/spikeplane/program",
    gateware=False,
    tests={
        "values.py": ("tests/unit/test_pack.py", *_UNIT, *_CHIP),
        "bounds.py": ("tests/unit/test_bounds.py", *_UNIT, *_CHIP),
        "source.py": ("tests/unit/test_upgrade.py",),
        "words.py": ("tests/unit/test_program_words.py",),
        "*": (_CHIP[0], *_UNIT, "tests/unit/test_quantise.py", *_CHIP[1:]),
    },
    mutants=MUTANTS,
)
