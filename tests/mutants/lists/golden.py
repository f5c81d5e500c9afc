"""The golden model: leak, saturation, thresholds and resets, currents, pooling."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("model.py", "floor + cut", "floor", "a leak that is rounded up is a floor"),
    Mutant("model.py", "floor | cut", "floor", "a leak that is rounded to odd is a floor", within='"odd": floor | cut'),
    Mutant("model.py", "floor | cut", "rounded", "a channel's leak that is no power of two is not rounded to odd", within="rounded, floor | cut)"),
    Mutant("model.py", "(factor & (factor - 1)) == 0", "False", "every channel's own leak is rounded to odd"),
    Mutant("model.py", "v.clamp(min=0)", "v", "membranes go below their floor"),
    Mutant("model.py", "(product & 0xFFFF) != 0", "(product & 0xFFFE) != 0", "the leak's lowest bit is not looked at"),
    Mutant("model.py", "v > theta if neuron.strict else v >= theta", "v >= theta", "v = theta fires where it must not"),
    Mutant("model.py", "(leak(neuron, u, leaks) + current).clamp(*self.limits)", "leak(neuron, u, leaks) + current", "membranes do not saturate"),
    Mutant("model.py", "(1 << (membrane_bits - 1)) - 1", "(1 << (membrane_bits - 1)) - 2", "the upper limit is one too low", within="self.limits = (-(1 << (membrane_bits - 1)), (1 << (membrane_bits - 1)) - 1)"),
    Mutant("model.py", "-(1 << (membrane_bits - 1))", "1 - (1 << (membrane_bits - 1))", "the lower limit is one too high"),
    Mutant("model.py", "v.masked_fill(fired, neuron.v_reset)", "v.masked_fill(fired, 0)", "a hard reset goes to 0"),
    Mutant("model.py", "theta if population.amount is None else self._channels(population.amount, population)", "theta", "a soft reset takes the threshold"),
    Mutant("model.py", "(v - times * amount).clamp(*self.limits)", "torch.zeros_like(v)", "a soft reset is a hard one"),
    Mutant("model.py", "(given.before if projection.delay else given.now)", "given.now", "a delayed projection comes at once"),
    Mutant("model.py", "added.add_(bias)", "added", "a current has no bias"),
    Mutant("synapses.py", "-width % pool[1]", "0", "an incomplete block at the right edge is left out"),
    Mutant("model.py", "sent.clamp(0, 2**neuron.planes - 1)", "sent & (2**neuron.planes - 1)", "values from 0 on wrap"),
    Mutant("model.py", "sent.clamp(-(2 ** (neuron.planes - 1)), 2 ** (neuron.planes - 1) - 1)", "sent.clamp(-(2**neuron.planes), 2**neuron.planes - 1)", "values have a plane too many"),
    Mutant("model.py", "sent >> neuron.low", "sent", "planes that are left out are sent"),
    Mutant("model.py", "sent >> neuron.low", "-(-sent >> neuron.low)", "what is left out is rounded up"),
    Mutant("model.py", "lowest", "0", "a padded window is at least 0", within="value=lowest)"),
    Mutant("model.py", "low < -top - 1 or high > top", "False", "a current may leave the accumulator"),
    Mutant("synapses.py", "bound <= 1 << 24", "bound <= 1 << 30", "large sums are rounded"),
    Mutant("synapses.py", "np.asarray(projection.weight, dtype=np.int64) << projection.pre_shift", "np.asarray(projection.weight, dtype=np.int64)", "the pre-shift is left out"),
)  # fmt: skip

PART = Part(
    name="golden",
    folder="sim/spikeplane_sim/golden",
    gateware=False,
    tests={
        "*": (
            "tests/unit/test_golden.py",
            "tests/unit/test_golden_limits.py",
            "tests/unit/test_planes.py",
            "tests/unit/test_neuron.py",
            "tests/system/test_random.py",
        )
    },
    mutants=MUTANTS,
)
