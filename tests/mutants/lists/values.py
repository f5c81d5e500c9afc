"""Streams of values in the compiler and the importers: ties, units, planes, and sums that become populations."""

from mutants.catalogue import Mutant, Part

TIES = (
    Mutant("compiler/ties.py", "_plainness(ratio) <= _MOST_GAIN", "True", "any gain joins two units"),
    Mutant("compiler/ties.py", "gain(a) / gain(b)", "gain(b) / gain(a)", "two identities into neurons join their sources upside down"),
    Mutant("compiler/ties.py", "ratio * in_a / in_b", "ratio * in_b / in_a", "a joined class has the inverse ratio"),
    Mutant("compiler/ties.py", "ratio = ratio * self.ratio[name]", "ratio = self.ratio[name]", "of a chain of identities the last gain alone counts"),
    Mutant("compiler/ties.py", "weight.all()", "True", "a weight of 0 is an identity"),
    Mutant("compiler/ties.py", "population.name == net.output", "False", "a readout has a unit a channel", within="population.name == net.output or (neuron"),
)  # fmt: skip

STREAMS = (
    Mutant("compiler/streams.py", "next(one for one in found if one[0] <= _NEAR * least)", "next(one for one in found if True)", "values have all planes, whatever their readers lose"),
    Mutant("compiler/streams.py", "total < least", "False", "no class gives way to those behind it"),
    Mutant("compiler/streams.py", "highest = (1 << (most + low - 1)) - 1", "highest = (1 << (most + low + 1)) - 1", "usual values do not fit their planes"),
    Mutant("compiler/streams.py", "room -= max(high, -low)", "pass", "the accumulator of an identity's target has no room for it"),
    Mutant("compiler/streams.py", "max(0, min(_MOST_GUARD, self.config.max_shift, int(np.floor(np.log2(room)))))", "0", "a stream that leaks is as coarse as its branches"),
    Mutant("compiler/readers.py", "wrong.sum(1) ** 2 / 2", "0", "errors of one sign are as good as others"),
    Mutant("compiler/readers.py", "(branches.planes(p.source, own, most) - 1)", "0", "a reader's accumulator is not looked at"),
    Mutant("compiler/readers.py", "signal - wrong", "signal", "a reader of which nothing is left is no worse than one of which half is"),
)  # fmt: skip

PLANES = (
    Mutant("compiler/planes.py", "config.max_shift + 1", "99", "values have planes that the shifter does not reach"),
    Mutant("compiler/planes.py", "least >= 0 and neuron.threshold is None", "False", "sums of spikes have a sign plane"),
    Mutant("compiler/planes.py", "least >= 0 and neuron.threshold is None", "neuron.threshold is None", "negative values are sent as 0"),
    Mutant("compiler/planes.py", "gathered(neuron, layer.steps, len(unit))", "np.ones(len(unit))", "a membrane that gathers has the planes of one step"),
    Mutant("compiler/planes.py", "max(1, layer.room + layer.low - relu)", "99", "the planes of a class are not limited"),
    Mutant("compiler/planes.py", "int(high).bit_length() if high > 0 else 0", "int(high).bit_length() - 1 if high > 0 else 0", "a plane too few"),
)  # fmt: skip

LOW = (
    Mutant("compiler/streams.py", "all(rounds(self.net.population(name)) for name in members)", "True", "halves add up in values that last"),
    Mutant("compiler/streams.py", "self._unit(members, most, every - most)", "self._unit(members, most)", "values count as coarsely as they are sent"),
    Mutant("compiler/streams.py", "most + low", "most", "the accumulator of an identity's target has no room for what its source has left out", within="most + low, (1 << low) >> 1"),
    Mutant("compiler/readers.py", "(own * 2.0**low) ** 2 * _ROUND", "own**2 * _ROUND", "planes that are left out cost nothing"),
    Mutant("compiler/readers.py", "coarse * _SLACK", "0 * coarse", "an identity is exact, however coarse its reader is"),
    Mutant("compiler/layers.py", "units * 2.0 ** self.streams.low[projection.source]", "units", "readers take what is sent in the unit of the membranes"),
    Mutant("compiler/layers.py", "(1 << self.low) >> 1", "0", "values are sent as the floor of what they are"),
    Mutant("compiler/planes.py", "layer.room + layer.low - relu", "layer.room - relu", "the planes that are left out are taken from those that are sent"),
    Mutant("compiler/units.py", "min(above[anchor], top(layer.widths[anchor]).bit_length() - 1)", "0", "an identity is lost in a coarser unit"),
    Mutant("compiler/size.py", "p.neuron is not None and p.neuron.low > 0", "False", "the least chip sends all planes"),
    Mutant("compiler/auto.py", "replace(chip, low_planes=True, levels=True, dynamic_depth=0, dynamic_bits=0, gates=False, **most)", "replace(chip, levels=True, dynamic_depth=0, dynamic_bits=0, gates=False, **most)", "a chip that is made for a network never leaves planes out"),
    Mutant("compiler/images.py", "neuron.bits(self.config.membrane_bits) + neuron.low - 1", "neuron.bits(self.config.membrane_bits) - 1", "the highest planes are not sent", tests=("tests/system/test_random.py::test_random_networks[core-8]",)),
    Mutant("program/values.py", "0 <= neuron.low < planes", "0 <= neuron.low", "all planes may be left out"),
    Mutant("program/values.py", "neuron.low and not config.low_planes", "False", "a chip that sends all planes takes a network that leaves some out"),
)  # fmt: skip

SUMS = (
    Mutant("importers/sums.py", "count > 1", "count > 0", "a sum that is taken once becomes a population"),
    Mutant("importers/sums.py", "_same(s.currents.drafts, total.drafts)", "False", "a sum that is made twice is two"),
    Mutant("importers/sums.py", "t.gain * gain", "t.gain", "a sum that is scaled per channel is read unscaled"),
    Mutant("importers/sums.py", "t.gain * term.gain", "t.gain", "a sum inside a scaled sum is read unscaled"),
    Mutant("importers/sums.py", "place == neurons", "place == neurons + 1", "a sum stands in front of what it adds"),
    Mutant("importers/sums.py", "place >= neurons", "False", "a sum at the end is lost"),
    Mutant("importers/sums.py", "all(id(d) in there for d in t.drafts)", "True", "a sum whose synapses have become others is read"),
    Mutant("importers/sums.py", "len(value.drafts) <= FAN", "True", "a layer behind a long sum has a kernel for each of its parts"),
)  # fmt: skip

_SUMS = ("tests/unit/test_import_sums.py",)
_VALUES = (
    "tests/unit/test_value_readers.py",
    "tests/unit/test_planes.py",
    "tests/unit/test_low_planes.py",
    "tests/system/test_values_read.py",
    "tests/unit/test_quantise.py",
)

PART = Part(
    name="values",
    folder="sw/spikeplane",
    gateware=False,
    tests={
        "importers/sums.py": (*_SUMS, "tests/system/test_streams.py"),
        "importers/assembly.py": _SUMS,
        "compiler/ties.py": ("tests/unit/test_ties.py", *_VALUES),
        "*": (*_VALUES, "tests/system/test_streams.py", "tests/unit/test_import_cuba.py"),
    },
    mutants=(*TIES, *STREAMS, *PLANES, *LOW, *SUMS),
)
