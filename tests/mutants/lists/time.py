"""Steps as channels, neurons that fire once, Poisson coding."""

from mutants.catalogue import Mutant, Part

FOLD = ("tests/unit/test_time_channels.py",)
ONCE = ("tests/unit/test_fire_once.py",)
DRAWN = ("tests/unit/test_encode_poisson.py",)

MUTANTS = (
    Mutant("encode_poisson.py", "seed >> 32", "0", "the seed's upper half is lost", tests=DRAWN),
    Mutant("encode_poisson.py", "reduce(_drawn, words, np.zeros((1, 1, 1, 1), np.uint32))", "reduce(_drawn, words[:-1], np.zeros((1, 1, 1, 1), np.uint32))", "neighbours along x are correlated", tests=DRAWN),
    Mutant("encode_poisson.py", "numbers < images[:, None]", "numbers <= images[:, None]", "a black pixel fires", tests=DRAWN),
    Mutant("encode_poisson.py", "(a >> 19)", "(a >> 18)", "another hash", tests=DRAWN),
    Mutant("encode.py", "planes[:, :: encoding.fold]", "planes", "a direct image is sent in every step", tests=FOLD),
    Mutant("encoding.py", "np.tile(array, self.copies)", "np.repeat(array, self.copies)", "means of channels stand in the steps' order", tests=FOLD),
    Mutant("float_network.py", "np.eye(steps, k=-late)", "np.eye(steps, k=late)", "a sliding window looks forward", tests=FOLD),
    Mutant("compiler/time_channels.py", 'np.einsum("utc,ts->usc", blocks, np.eye(self.steps, k=-1))', "blocks", "spikes of the step before come at once", tests=FOLD),
    Mutant("compiler/time_channels.py", "np.cumsum(left[::-1], 0)[::-1]", "left", "a sum of membranes is their last value", tests=FOLD),
    Mutant("compiler/time_channels.py", "blocks.sum(1, keepdims=True)", "blocks[:, :1]", "an image counts in its first step only", tests=FOLD),
    Mutant("compiler/time_channels.py", "shares * np.broadcast_to(p.bias, p.shape[:1])", "np.ones_like(shares) * np.broadcast_to(p.bias, p.shape[:1])", "biases are not mixed", tests=FOLD),
    Mutant("compiler/time_channels.py", "np.repeat(np.broadcast_to(neuron.mix.threshold, (steps,)), channels)", "np.tile(np.broadcast_to(neuron.mix.threshold, (steps,)), channels)", "thresholds of steps stand at channels", tests=FOLD),
    Mutant("compiler/time_channels.py", "np.any(neuron.decay)", "False", "membranes beside neurons that mix are forgotten", tests=FOLD),
    Mutant("program/once.py", "min(window, left) if source.once else left", "min(window, left)", "every source counts as one that fires once", tests=ONCE),
    Mutant("program/once.py", "left * np.maximum(bias, 0)", "np.maximum(bias, 0)", "a bias counts once", tests=ONCE),
    Mutant("program/once.py", "share ** (steps - 1)", "share", "a reset leaks in one step only", tests=ONCE),
    Mutant("program/once.py", "highest >= theta", "highest > theta + 1", "a membrane may come to the threshold", tests=ONCE),
    Mutant("program/once.py", "(outputs[p.name] != 0).sum(1)", "(outputs[p.name] != 0).max(1)", "a second spike is not seen", tests=ONCE),
    Mutant("program/scores.py", "np.arange(values.shape[1], 0, -1, dtype=np.int64)", "np.arange(values.shape[1], dtype=np.int64)", "late spikes score most", tests=ONCE),
    Mutant("compiler/guard.py", '_room(1, drive.again)', "31", "guard bits take the room below the reset", tests=ONCE),
    Mutant("compiler/units.py", "np.maximum(least, _once_unit(layer, above, config))", "least", "the unit is not made coarser for a reset that lasts", tests=ONCE),
)  # fmt: skip

PART = Part(
    name="time",
    folder="sw/spikeplane",
    gateware=False,
    tests={"*": ("tests/unit/test_time_channels.py", "tests/unit/test_fire_once.py")},
    mutants=MUTANTS,
)
