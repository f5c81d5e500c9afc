"""The memories of a core that learns: those of every core (`spikeplane.formats.tables`) in other words, and its own."""

from enum import IntEnum

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.layout import Layout
from spikeplane.formats.training import VALUE_BITS

ENTRIES_BITS = 5  #: of a count of EGRESS entries
BACKWARD_BITS = 6  #: of a counter of the backward
EXPONENT_BITS = 4


class TrainingMemory(IntEnum):
    """Memory ids of a core that learns, beside `tables.Memory`."""

    DELTA = 9  #: lanes x 16 per word, by accumulator word: the deltas of the step under way
    TAPE = 10  #: by step and word of a population: spikes, and above them windows
    GRADIENT = 11  #: lanes x exact_bits per word, by weight word
    BACKWARD = 12  #: counters: slot * 2 for READY, + 1 for back tokens; then by tag for replay tokens
    TRAIN = 13  #: by tag: which weight words an update changes, their limit and momentum
    MOMENTUM = 14  #: lanes x 16 per word, by weight word: the running gradient, on a chip with momentum


def training_population(config: ChipConfig, slot_bits: int) -> Layout:
    """The POPULATION word of a core that learns."""
    training = config.training
    assert training is not None
    acc, egress = bits_for(config.acc_depth), bits_for(config.egress_depth)
    return Layout(
        "population",
        (
            ("valid", 1),
            ("group_last", config.group_bits),  # channel groups held here, less one
            ("group_base", config.group_bits),  # the first one's number in the whole population
            ("y_last", config.coord_bits),
            ("x_last", config.coord_bits),
            ("acc_base", acc),
            ("parameter_base", bits_for(config.parameter_depth)),  # per group: theta, and the window's edges
            ("tape_base", bits_for(training.tape_depth)),
            ("words", acc + 1),  # of all groups: from a step of the tape to the next
            ("leak", VALUE_BITS),  # binary16
            ("readout", 1),  # no spikes: the sums of all steps go to the host
            ("squared", 1),  # of a readout: its errors are made here, of targets; `leak` is 1 / steps
            ("delta_limit", EXPONENT_BITS),  # deltas stay within 2^this
            ("sends", 1),  # backward: spikes again, or windows
            ("sweeps", 1),  # backward: its own deltas
            ("serves", ENTRIES_BITS),  # backward: projections that come in
            ("egress_first", egress),
            ("egress_count", ENTRIES_BITS),
            ("credit_count", ENTRIES_BITS),  # behind them
            ("ready_count", ENTRIES_BITS),  # behind those: sources, whose slot is the tag
        ),
    )


def training_egress(config: ChipConfig, tag_bits: int) -> Layout:
    """The EGRESS word of a core that learns."""
    x, y = bits_for(config.cols), bits_for(config.rows)
    return Layout(
        "egress",
        (
            ("x0", x),
            ("y0", y),
            ("x1", x),
            ("y1", y),
            ("host", 1),
            ("tag", tag_bits),
            ("replay", 1),  # backward: the spikes of the step go there again
            ("window", 1),  # backward: the windows of the step go there
            ("group_first", config.group_bits),  # partial sums of these groups go there
            ("group_last", config.group_bits),
        ),
    )


def backward_layout(config: ChipConfig, slot_bits: int) -> Layout:
    """A counter of the backward. `slot`: the population that waits for it. Of a tag also where its partial sums and
    back tokens go: `count` EGRESS entries from `first` on, whose tag is that of an identity at the source; 0: nowhere."""
    return Layout(
        "backward",
        (
            ("left", BACKWARD_BITS),
            ("expected", BACKWARD_BITS),
            ("ready", 1),
            ("slot", slot_bits),
            ("first", bits_for(config.egress_depth)),
            ("count", ENTRIES_BITS),
        ),
    )


def train_layout(config: ChipConfig) -> Layout:
    """What an update makes of a projection's weights: `count` words from `first` on; 0: it changes none."""
    weight = bits_for(config.weight_depth)
    words = (("first", weight), ("count", weight + 1), ("limit", EXPONENT_BITS))
    return Layout("train", (*words, ("momentum", VALUE_BITS)) if has_momentum(config) else words)


def has_momentum(config: ChipConfig) -> bool:
    """Whether its weights have running gradients beside them."""
    return config.training is not None and config.training.momentum


def training_widths(config: ChipConfig, slot_bits: int) -> dict[TrainingMemory, int]:
    """Bits of a word of its own memories. Empty for a chip that does not learn."""
    if config.training is None:
        return {}
    return {
        TrainingMemory.DELTA: config.lanes * VALUE_BITS,
        TrainingMemory.TAPE: 2 * config.lanes,
        TrainingMemory.GRADIENT: config.lanes * config.training.exact_bits,
        TrainingMemory.BACKWARD: backward_layout(config, slot_bits).width,
        TrainingMemory.TRAIN: train_layout(config).width,
        **({TrainingMemory.MOMENTUM: config.lanes * VALUE_BITS} if has_momentum(config) else {}),
    }


def training_depths(config: ChipConfig) -> dict[TrainingMemory, int]:
    """Words of its own memories."""
    if config.training is None:
        return {}
    return {
        TrainingMemory.DELTA: config.acc_depth,
        TrainingMemory.TAPE: config.training.tape_depth,
        TrainingMemory.GRADIENT: config.weight_depth,
        TrainingMemory.BACKWARD: 2 * config.populations + config.projections,
        TrainingMemory.TRAIN: config.projections,
        TrainingMemory.MOMENTUM: config.weight_depth,
    }
