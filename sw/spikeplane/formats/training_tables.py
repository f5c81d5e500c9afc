"""The memories of a core that learns: those of every core (`spikeplane.formats.tables`) in other words, and its own."""

from enum import IntEnum

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.layout import Layout
from spikeplane.formats.training import VALUE_BITS
from spikeplane.training import CHUNK

ENTRIES_BITS = 5  #: of a count of EGRESS entries
BACKWARD_BITS = 6  #: of a counter of the backward
EXPONENT_BITS = 4
CHUNK_STEPS = CHUNK  #: steps of a batch in a word of columns


class TrainingMemory(IntEnum):
    """Memory ids of a core that learns, beside `tables.Memory`."""

    DELTA = 9  #: lanes x 16 per word, by accumulator word: the deltas of the step under way; above, streamed: of all steps
    TAPE = 10  #: by step and word of a population: spikes, and above them windows
    GRADIENT = 11  #: lanes x exact_bits per word, by weight word
    BACKWARD = 12  #: counters: slot * 2 for READY, + 1 for back tokens; then by tag for replay tokens
    TRAIN = 13  #: by tag: which weight words an update changes, their limit and momentum
    MOMENTUM = 14  #: lanes x 16 per word, by weight word: the running gradient, on a chip with momentum
    COLUMNS = 15  #: streamed gradients, read only: by chunk of CHUNK_STEPS steps and source neuron, the steps in which it fired


#: What only the core itself writes.
READ_ONLY = frozenset({TrainingMemory.GRADIENT, TrainingMemory.COLUMNS})


def streams(config: ChipConfig) -> bool:
    """Whether gradients of dense layers are streamed."""
    return config.training is not None and config.training.streamed


def delta_depth(config: ChipConfig) -> int:
    """Words of DELTA: of accumulators, and above them of each target word for every step of a batch."""
    if config.training is None or not config.training.streamed:
        return config.acc_depth
    return config.acc_depth + config.training.stream_targets * config.training.stream_steps


def gradient_depth(config: ChipConfig) -> int:
    """Words of GRADIENT: of each weight word, or as many as a chip with streamed gradients has."""
    if config.training is None or not config.training.streamed:
        return config.weight_depth
    return min(config.training.gradient_depth, config.weight_depth)


def column_word(config: ChipConfig, column: int, chunk: int) -> int:
    """The word of COLUMNS with so many chunks of a column before it."""
    assert config.training is not None
    return (chunk << bits_for(config.training.stream_sources)) + column


def training_projection(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What a PROJECTION word says besides where gradients may be streamed: whether its are, and what lies between its first
    weight word and its first column."""
    return (("streams", 1), ("column", bits_for(config.weight_depth))) if streams(config) else ()


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
            # streamed: its deltas of all steps are kept, from this word of DELTA on
            *((("keeps", 1), ("history", bits_for(delta_depth(config)))) if streams(config) else ()),
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
    words = [("first", weight), ("count", weight + 1), ("limit", EXPONENT_BITS)]
    if has_momentum(config):
        words += [("momentum", VALUE_BITS)]
    if config.training is not None and config.training.streamed:
        # its columns, one a source neuron, and the deltas of its first target word
        column = bits_for(config.training.stream_sources)
        words += [("streamed", 1), ("column", column), ("columns", column + 1)]
        words += [("history", bits_for(delta_depth(config)))]
    return Layout("train", tuple(words))


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
        **(
            {TrainingMemory.GRADIENT: config.lanes * config.training.exact_bits}
            if gradient_depth(config)
            else {}
        ),
        TrainingMemory.BACKWARD: backward_layout(config, slot_bits).width,
        TrainingMemory.TRAIN: train_layout(config).width,
        **({TrainingMemory.MOMENTUM: config.lanes * VALUE_BITS} if has_momentum(config) else {}),
        **({TrainingMemory.COLUMNS: CHUNK_STEPS} if config.training.streamed else {}),
    }


def training_depths(config: ChipConfig) -> dict[TrainingMemory, int]:
    """Words of its own memories."""
    if config.training is None:
        return {}
    return {
        TrainingMemory.DELTA: delta_depth(config),
        TrainingMemory.TAPE: config.training.tape_depth,
        TrainingMemory.GRADIENT: gradient_depth(config),
        TrainingMemory.BACKWARD: 2 * config.populations + config.projections,
        TrainingMemory.TRAIN: config.projections,
        TrainingMemory.MOMENTUM: config.weight_depth,
        TrainingMemory.COLUMNS: column_word(config, 0, config.training.stream_steps // CHUNK_STEPS),
    }
