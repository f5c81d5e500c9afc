"""Streamed gradients: columns and their steps, the deltas that are kept, the update that adds them up; where all of it lies."""

from mutants.catalogue import Mutant, Part

_UNIT = "tests/unit/test_training_streams.py"
_CHIP = "tests/system/test_training_streams_chip.py"

GATEWARE = (
    Mutant("streams.py", "word & (word - 1)", "word - 1", "lower steps than the first are added too", within="m.d.sync += word.eq(word & (word - 1))"),
    Mutant("streams.py", "ram.read_data | found.bit", "found.bit", "a spike takes those of other steps away"),
    Mutant("streams.py", "place == self.chunks - 1", "place == 0", "steps of the first word alone count"),
    Mutant("streams.py", "rest == SETTLES - 1", "rest == 1", "the last deltas come too late"),
    Mutant("streams.py", "at == ram.depth - 1", "at == ram.depth // 2", "columns keep spikes of the batch before"),
    Mutant("streams.py", "index[_PLACE:]", "0", "all steps of a batch are in the first word", within="Cat(of.column, index[_PLACE:])"),
    Mutant("progress.py", "Mux(Array(begun)[slot], read.data, 0)", "read.data", "a batch goes on where the one before ended"),
    Mutant("entry.py", "entry.streamed & works(entry.order, Order.FETCH, Order.DISCARD) & ~entry.settled", "0", "a gradient is taken before its deltas are added"),
    Mutant("entry.py", "works(work, Order.FETCH)", "0", "a sum stays for the next weight", within="touch.touches.eq(works(work, Order.FETCH))"),
    Mutant("lookup.py", "Mux(group.count == 0, 0, 1)", "group.count", "a spike sets bits of other columns"),
    Mutant("sweep.py", "first.eq(first + steps)", "first.eq(first)", "all target words are kept in one place"),
    Mutant("director.py", "self.copies.eq(p.readout)", "self.copies.eq(0)", "the errors are kept for the last step alone"),
    Mutant("update.py", "word.history + training.stream_steps", "word.history", "all target words have the first one's deltas"),
    Mutant("update.py", "update.word.streamed", "0", "gradients of convolutions are forgotten by those of dense layers", within="return over | (update.discard & update.word.streamed)"),
)  # fmt: skip

LOADER = (
    Mutant("loader.py", "reduce(or_, kept)", "kept[0]", "columns may be written", tests=(_CHIP,)),
    Mutant("loader.py", "puts & reduce(or_, kept)", "reduce(or_, kept)", "a READ of gradients is a WRITE refused", tests=("tests/system/test_training_chip.py",)),
)  # fmt: skip

HOST = (
    Mutant("streams.py", "source.value_bits == 1", "True", "values of several bits count as one spike"),
    Mutant("streams.py", "p.pool == (1, 1)", "True", "several pixels of a window count as one spike", equivalent="a kernel as large as a source that is pooled has room on a single pixel only, which sends one spike"),
    Mutant("streams.py", "samples * steps > training.stream_steps", "samples > training.stream_steps", "a batch of too many steps is taken"),
    Mutant("stream_places.py", "config.acc_depth - 1", "config.acc_depth", "gradients are added up in a population's word"),
    Mutant("stream_places.py", "not self._stores(one[0])", "one[0]", "a convolution's gradients lie beyond their memory"),
    Mutant("stream_reads.py", "spikes.sum(axis=0) == 0", "spikes.sum(axis=0) < 0", "deltas that nobody wrote are read", equivalent="whole numbers are multiplied by its spikes, which are 0; numpy may warn of what is no number"),
    Mutant("driver.py", "self._held + len(labels)", "len(labels)", "parts of a batch have more steps than the chip keeps"),
)  # fmt: skip

PARTS = (
    Part(name="training-loader", folder="gateware/spikeplane_gateware/core", gateware=True, tests={"*": (_CHIP,)}, mutants=LOADER),
    Part(name="training-streams", folder="gateware/spikeplane_gateware/units/training", gateware=True, tests={"streams.py": (_UNIT, _CHIP), "progress.py": (_UNIT, _CHIP), "*": (_CHIP,)}, mutants=GATEWARE),
    Part(name="training-streams-host", folder="sw/spikeplane/train", gateware=False, tests={"*": ("tests/unit/test_training_stream_places.py", _CHIP)}, mutants=HOST),
)  # fmt: skip
