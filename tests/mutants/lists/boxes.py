"""Boxes of detectors, from the head's integers to a picture; what SpikeYOLO's file needs of the importers, and the testbench's
integer spikes."""

from mutants.catalogue import Mutant, Part

BOXES = ("tests/unit/test_boxes.py",)
COMMAND = ("tests/system/test_detect_command.py",)
IDIOMS = ("tests/unit/test_import_idioms.py -k 'framed or columns or upsampled'",)
PACKETS = ("tests/unit/test_testbench_packets.py",)

FOUND = (
    Mutant("decode.py", "np.stack((x, y)) + 0.5", "np.stack((x, y))", "a box begins at its pixel's corner"),
    Mutant("decode.py", "np.arange(bins)", "np.arange(1, bins + 1)", "bins count from 1"),
    Mutant("decode.py", "logits - logits.max(2, keepdims=True)", "logits", "large values overflow"),
    Mutant("decode.py", "np.divmod(np.arange(high * wide), wide)", "np.divmod(np.arange(high * wide), high)", "rows and columns are taken for each other"),
    Mutant("suppress.py", "best > wanted.threshold", "best >= wanted.threshold", "a score at the threshold is a box"),
    Mutant("suppress.py", "_overlap(corners[first], corners[rest]) <= iou", "_overlap(corners[first], corners[rest]) < iou", "an overlap at the limit is one too many"),
    Mutant("suppress.py", "(number[rest] != number[first])", "False", "a box hides those of other classes"),
    Mutant("suppress.py", "-best[found]", "best[found]", "the worst of an object is left"),
    Mutant("suppress.py", "len(kept) < top", "True", "more boxes than were asked for"),
    Mutant("suppress.py", "[size[1], size[0]]", "[size[0], size[1]]", "boxes are cut to an image on its side"),
    Mutant("head.py", 'row["scale_low"] * 2.0 ** -row["guard"]', 'row["scale_low"]', "guard bits are taken for values"),
    Mutant("head.py", "program.network.steps * program.encoding.fold", "program.network.steps", "steps that are channels are no steps"),
    Mutant("head.py", "last and _of_one_step(program)", "last", "an integrator's sum is taken for its mean"),
    Mutant("head.py", "program.encoding.fold > 1", "False", "a parallel readout's sum is taken for its mean"),
    Mutant("head.py", "sent.sum(1, dtype=np.int64)", "sent[:, -1]", "a sum over steps is the last one"),
    Mutant("draw.py", "scale * side", "side", "boxes are drawn where they were before the picture grew"),
)  # fmt: skip
IMPORTED = (
    Mutant("borders.py", "currents.image + image", "currents.image", "numbers that are written are lost"),
    Mutant("borders.py", "kept[along - 1][places] = 0", "", "what is overwritten stays"),
    Mutant(
        "borders.py",
        "settled(made.populations, made.currents(operation.layer, rest), each=True)",
        "made.currents(operation.layer, rest)",
        "a norm's offset stays beside its border",
    ),
    Mutant("layers.py", "tuple(size[1:])", "tuple(size[:2])", "a depth is taken for rows"),
)
BENCH = (
    Mutant("testbench.py", "planes = population.bits(config.membrane_bits)", "planes = 1", "a testbench waits for spikes of one plane"),
    Mutant("testbench.py", "population.values(config.membrane_bits)[0] < 0", "population.sends_values or planes > 1", "integer spikes have a sign"),
)  # fmt: skip

PARTS = (
    Part(
        name="boxes",
        folder="sw/spikeplane/boxes",
        gateware=False,
        tests={"*": (*BOXES, *COMMAND)},
        mutants=FOUND,
    ),
    Part(
        name="borders",
        folder="sw/spikeplane/importers/trace",
        gateware=False,
        tests={"*": IDIOMS},
        mutants=IMPORTED,
    ),
    Part(
        name="testbench", folder="sw/spikeplane/export", gateware=False, tests={"*": PACKETS}, mutants=BENCH
    ),
)
