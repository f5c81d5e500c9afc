"""The golden model's int8 path: which parts take it, digits, weights in the kernel's order, numbers of neurons."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("digits.py", "half if signed and i == count - 1 else 0", "half if signed else 0", "every digit has an offset"),
    Mutant("digits.py", "(-low - 1).bit_length()", "(-low - 2).bit_length()", "the lowest value has no digit"),
    Mutant("digits.py", "count > MOST_DIGITS", "False", "values have any number of digits"),
    Mutant("synapses.py", "int(weight.max(initial=0)) <= _HIGH", "True", "weights above 127 are bytes"),
    Mutant("synapses.py", "int(weight.min(initial=0)) >= _LOW", "True", "weights below -128 are bytes"),
    Mutant("synapses.py", "-digit.offset * sums", "0 * sums", "the offset is not taken off"),
    Mutant("synapses.py", "p.pre_shift + digit.place", "p.pre_shift", "all digits count alike"),
    Mutant("synapses.py", "self.low <= low and high <= self.high", "True", "values that no input has are bytes"),
    Mutant("synapses.py", "max(self.high, 0) * area", "max(self.high, 0)", "the sum over a pool has the pixels' digits"),
    Mutant("synapses.py", "step if len(self._made) > 1 else 0", "0", "all steps have the first one's weights"),
    Mutant("synapses.py", "p.pool != (1, 1)", "False", "pools are left out"),
    Mutant("neurons.py", "max(low, 0) if neuron.floor else low", "low", "membranes go below their floor"),
    Mutant("neurons.py", "neuron.least(theta)", "theta", "v = theta fires where it must not"),
    Mutant("neurons.py", "theta if p.amount is None else of_channels(p.amount, p, step)", "theta", "a soft reset takes the threshold"),
    Mutant("neurons.py", "high >= 1 << 15", "False", "products of wide membranes are worked out in 32 bits"),
    Mutant("neurons.py", "(factor & (factor - 1)) != 0", "True", "every channel's own leak is rounded to odd"),
    Mutant("neurons.py", "step if any(map(differs, (p.theta, p.amount, p.leaks))) else 0", "0", "all steps have the first one's thresholds"),
    Mutant("neurons.py", "int(n.max(initial=0)) * times < _MOST", "True", "levels of thresholds beyond 32 bits"),
    Mutant("layer.py", "u is not None and u is self._after", "u is not None", "membranes of another stream are written over"),
    Mutant("layer.py", "population.window is None", "True", "a window's currents go straight to the neurons"),
    Mutant("layer.py", "not model.watched(population)", "True", "nothing looks at currents beyond the accumulators"),
    Mutant("layer.py", "given.before if projection.delay else given.now", "given.now", "a delayed projection comes at once"),
    Mutant("layer.py", "self.model.step if differs(self.population.bias) else 0", "0", "all steps have the first one's bias"),
    Mutant("layer.py", "ends[1:]", "ends", "threads have no images"),
    Mutant("layer.py", "model.wide == torch.int32", "True", "wide currents are added in 32 bits"),
    Mutant("__init__.py", "path or os.environ.get(VARIABLE) or \"auto\"", "os.environ.get(VARIABLE) or path or \"auto\"", "the variable comes before the argument"),
)  # fmt: skip

PART = Part(
    name="golden_int8",
    folder="sim/spikeplane_sim/golden/int8",
    gateware=False,
    tests={"*": ("tests/system/test_golden_paths.py",)},
    mutants=MUTANTS,
)
