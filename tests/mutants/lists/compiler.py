"""The compiler: bounds, placement, routes, tables of synapses, packing, and what is handed out of the memories."""

from mutants.catalogue import Mutant, Part

MEMORY = (
    Mutant("allocate.py", "not words", "False", "nothing at the end of a full memory has an address"),
    Mutant("allocate.py", "self.used[resource] > self.available[resource]", "self.used[resource] > self.available[resource] + 1", "a word too many is handed out"),
    Mutant("allocate.py", "self.used[resource] > self.available[resource]", "self.used[resource] >= self.available[resource]", "a memory cannot be filled"),
    Mutant("pack.py", "0 <= value <= top", "value <= top", "a negative field wraps"),
    Mutant("pack.py", "0 <= value <= top", "0 <= value <= top + 1", "a field wraps at its limit"),
)  # fmt: skip

PLACES = (
    Mutant("place.py", "(total - first) // (len(chosen) - i)", "total // len(chosen)", "groups that do not divide evenly are lost"),
    Mutant("place.py", "slots[core] + len(pairs) < config.populations", "slots[core] + len(pairs) <= config.populations", "a core gets a population too many"),
    Mutant("place.py", "load[core] += units * size * height * width", "pass", "all populations go to the first cores"),
    Mutant("routes.py", "len(self.placement.of(p.source)) or 1", "1", "a step waits for one token a projection"),
    Mutant("routes.py", "self.probed(part) + sum(n for _, n in outgoing)", "sum(n for _, n in outgoing)", "a step does not wait for the host's credit"),
    Mutant("routes.py", "sum(n for delay, n in incoming if delay)", "0", "a recurrent token is waited for before step 0"),
    Mutant("routes.py", "sum(n for delay, n in outgoing if delay)", "0", "a recurrent credit is waited for before step 0"),
    Mutant("routes.py", "count > most", "count > most + 1", "a core counts a connection too many"),
    Mutant("synapses.py", "(place - k) % stride == 0 and 0 <= place - k < out * stride", "0 <= place - k < out * stride", "a strided kernel meets every pixel"),
    Mutant("synapses.py", "0 <= place - k < out * stride", "place - k < out * stride", "a kernel meets outputs before the first"),
    Mutant("synapses.py", "rows < 0 if bits == 1 else rows", "rows > 0 if bits == 1 else rows", "1-bit weights have the other sign"),
)  # fmt: skip

NUMBERS = (
    Mutant("steps.py", "np.clip(nearest, -top(bits), top(bits))", "np.clip(np.trunc(ratio), -top(bits), top(bits))", "weights are truncated"),
    Mutant("steps.py", "np.clip(nearest, -top(bits), top(bits))", "np.clip(np.round(ratio), -top(bits) - 1, top(bits))", "clipped weights are not symmetric"),
    Mutant("thetas.py", "np.floor(ratio + close) if strict else np.ceil(ratio - close)", "np.round(ratio)", "thresholds are rounded to the nearest"),
    Mutant("quantise.py", "np.maximum(np.round(real / unit), real > 0)", "np.round(real / unit)", "a soft reset may subtract nothing"),
    Mutant("units.py", "population.sends_values or neuron.v_reset != 0", "population.sends_values", "channels of a hard reset have scales of their own"),
    Mutant("quantise.py", "np.round(numbers(population.bias, channels) / unit)", "np.floor(numbers(population.bias, channels) / unit)", "biases are rounded down"),
    Mutant("sides.py", "np.maximum(below, above)", "below + above", "weights of both signs add up in the accumulator"),
    Mutant("sides.py", "np.maximum(below, above)", "above", "what inhibition reaches is not looked at"),
    Mutant("sides.py", "below = below + less * high - more * low", "below = below + less * high", "sources below 0 add nothing"),
    Mutant("sides.py", "-np.asarray(bias, np.float64)", "np.zeros(len(bias))", "a bias below 0 has no room"),
    Mutant("units.py", "unit * np.maximum(over, least)", "unit", "what rounding adds to the worst case is left"),
    Mutant("units.py", "np.full_like(over, over.max()) if uniform else over", "over", "channels of one unit are made coarser apart"),
    Mutant("units.py", "(over <= 1).all()", "(over <= 2).all()", "the worst case ends behind the accumulator"),
    Mutant("leaks.py", '"up" if strict else "down"', '"down"', "a strict comparison has a floor as well"),
    Mutant("leaks.py", "math.floor(exact) if strict else math.ceil(exact)", "round(exact)", "a factor is rounded to the nearest"),
    Mutant("parameters.py", "chosen[len(values[at]) :] = -(1 << (self.config.membrane_bits - 1))", "pass", "lanes without a channel may fire"),
    Mutant("parameters.py", "neuron.least(theta)", "theta", "a strict comparison is none"),
    Mutant("images.py", "padding * (width + 1) % wrap", "padding * width % wrap", "a padded window begins a column too far right"),
    Mutant("images.py", "waiting == 0", "False", "nothing is ready before step 0"),
    Mutant("images.py", "builder.cleared() + builder.words", "builder.words", "what the last program left stays"),
    Mutant("parameters.py", "first = part.first * lanes if each else 0", "first = 0", "a part's channels leak as the first ones"),
    Mutant("parameters.py", "odd = odd | ((values & (values - 1)) != 0)", "pass", "a channel's own leak is not rounded to odd"),
    Mutant("parameters.py", "each = population.leaks is not None", "each = False", "every group of channels leaks as the first"),
    Mutant("parameters.py", "(amount < 0).any() or (theta - amount < low).any()", "False", "a soft reset may leave the membrane"),
)  # fmt: skip

_UNIT = (
    "tests/unit/test_compile_limits.py",
    "tests/unit/test_compile.py",
    "tests/unit/test_compile_losses.py",
)
_CHIP = ("tests/system/test_cores.py", "tests/system/test_random.py")

PART = Part(
    name="compiler",
    folder="sw/spikeplane/compiler",
    gateware=False,
    tests={
        "allocate.py": ("tests/unit/test_pack.py", *_UNIT, *_CHIP),
        "pack.py": ("tests/unit/test_pack.py", *_UNIT, *_CHIP),
        "images.py": ("tests/unit/test_core_words.py", *_UNIT, *_CHIP),
        "parameters.py": ("tests/unit/test_core_words.py", *_UNIT, *_CHIP),
        "routes.py": ("tests/unit/test_core_words.py", *_UNIT, *_CHIP),
        "synapses.py": ("tests/unit/test_synapses.py", *_CHIP),
        "quantise.py": ("tests/unit/test_quantise.py", *_UNIT, *_CHIP),
        "sides.py": ("tests/unit/test_sides.py", "tests/unit/test_quantise.py", *_UNIT, *_CHIP),
        "units.py": ("tests/unit/test_quantise.py", "tests/unit/test_sides.py", *_UNIT, *_CHIP),
        "steps.py": ("tests/unit/test_quantise.py", *_UNIT, *_CHIP),
        "leaks.py": (
            "tests/unit/test_guard.py",
            "tests/unit/test_neuron.py",
            "tests/unit/test_quantise.py",
            *_UNIT,
            *_CHIP,
        ),
        "*": (_CHIP[0], *_UNIT, "tests/unit/test_quantise.py", *_CHIP[1:]),
    },
    mutants=(*MEMORY, *PLACES, *NUMBERS),
)
