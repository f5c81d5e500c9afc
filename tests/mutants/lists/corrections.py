"""Corrections from calibration data, and weight bits that are chosen on it."""

from mutants.catalogue import Mutant, Part

CORRECT = ("tests/unit/test_correct.py",)
MUTANTS = (
    Mutant("correct.py", "best = np.where(np.take_along_axis(held, best[None], 0)[0] > held[0], best, 0)", "pass", "the half that chose is believed"),
    Mutant("correct.py", "counted is None or counted.sum() <= equal.sum()", "counted is None", "a layer may get worse as a whole"),
    Mutant("correct.py", "together = layer.neuron.v_reset != 0", "together = False", "channels of one reset have scales of their own"),
    Mutant("correct.py", "BIASES = (-0.5, -1.0, -1.5)", "BIASES = (0.5, 1.0, 1.5)", "the error is added once more"),
    Mutant("correct.py", "SCALES = (1.2, 1.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)", "SCALES = (1.2, 1.1)", "nothing is clipped"),
    Mutant("correct.py", "part * theta", "0 * theta", "thresholds stay"),
    Mutant("correct.py", "best[1::2].sum() > first[1::2].sum()", "True", "a readout's bias need not hold on the other half"),
    Mutant("correct.py", "self.on.keep(layer, quantise_layer(corrected(layer, correction), self.on.config))", "pass", "layers behind values get none"),
    Mutant("corrected.py", 'np.asarray(subtracted) if neuron.reset == "soft" else neuron.amount', "neuron.amount", "a soft reset subtracts the moved threshold"),
    Mutant("corrected.py", "per_channel(population.bias, channels) + correction.bias", "correction.bias", "the layer's own bias is lost"),
    Mutant("calibrated.py", "ours * made.unit - theirs", "ours * made.unit", "the float network's current is not subtracted"),
    Mutant("calibrated.py", "whole.weight * 2.0**whole.pre_shift", "whole.weight * 1.0", "guard bits do not count in the error"),
    Mutant("units.py", "np.where(grid > 0, unit, unit * layer.scale)", "unit * layer.scale", "a trained grid is scaled"),
    Mutant("built.py", "lambda layer: known.get(layer.population.name)", "lambda _: None", "what was found is not built"),
    Mutant("auto_bits.py", "lambda n: agreement[n]", "lambda n: -agreement[n]", "the best layer has the room first"),
    Mutant("auto_bits.py", "now.agreement[name] >= min(share, now.single[name] + GAIN)", "True", "two words that give nothing stay"),
    Mutant("auto_bits.py", "TWICE = 2.5", "TWICE = 1.0", "a second word costs nothing"),
    Mutant("auto_bits.py", "n not in trained and bits[n] < wide", "bits[n] < wide", "a trained layer gets other bits"),
    Mutant("auto_bits.py", "net.population(p.source).sends_values and p.source not in found", "False", "values keep one word"),
    Mutant("auto_bits.py", "max(chip.weight_bits, min(READOUT_BITS, two_parts(chip)))", "chip.weight_bits", "a readout of values has one word"),
    Mutant("widths.py", "max(1, 2 * config.weight_bits - 1)", "max(1, 2 * config.weight_bits)", "two words hold a bit too many"),
)  # fmt: skip

PART = Part(
    name="corrections",
    folder="sw/spikeplane/compiler",
    gateware=False,
    tests={"*": (*CORRECT, "tests/unit/test_auto_bits.py")},
    mutants=MUTANTS,
)
