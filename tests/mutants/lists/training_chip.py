"""The core that learns around its arithmetic: director, sweep, row, serve, update, counters; and the host's side of it."""

from mutants.catalogue import Mutant, Part

_MOMENTUM = ("tests/system/test_training_momentum.py",)
_ROW = ("tests/unit/test_training_row.py",)
_SQUARED = ("tests/system/test_training_squared.py",)
_OVERFLOW = ("tests/system/test_training_overflow.py",)

GATEWARE = (
    Mutant("director.py", "Mux(now.fresh, 0, now.step + 1)", "now.step + 1", "steps are counted on into the next sample"),
    Mutant("director.py", "Mux(now.fresh, p.tape_base, now.tape + p.words)", "p.tape_base", "every step has the same tape"),
    Mutant("director.py", "now.step == 0", "now.step == 1", "the first step has no backward", within="with m.If(now.step == 0):"),
    Mutant("director.py", "now.left != 1", "0", "a population goes on when one of its projections is served", within="with m.If(now.left != 1):"),
    Mutant("pipelined_sweep.py", "~job.first & ~p.readout", "~p.readout", "the carry of step 0 stays"),
    Mutant("pipelined_sweep.py", "~job.last & ~readout", "~readout", "a membrane leaks into the next sample"),
    Mutant("pipelined_sweep.py", "self.offsets[1] - p.words", "self.offsets[1]", "the carry passes by the spikes of its own step"),
    Mutant("pipelined_sweep.py", "self.population.parameter_base + group + (group << 1)", "self.population.parameter_base", "all groups have the first one's thresholds"),
    Mutant("pipelined_sweep.py", "readout & self.sends & self.sent", "readout & self.sent", "tokens count as values of a readout"),
    Mutant("pipelined_sweep.py", "Mux(values, owed == 0, owed != WAITING)", "owed != WAITING", "values of a readout are overwritten by the next word's"),
    Mutant("pipelined_sweep.py", "active & ~begins & (owed == 0)", "active & ~begins", "a sweep ends before its last words do"),
    Mutant("pipelined_sweep.py", "self._at(ORDER_LATENCY) & ~job.initial", "self._at(ORDER_LATENCY)", "what is set to 0 is rounded as well"),
    Mutant("masks.py", "into + self.i.valid", "into", "of the masks that wait the last one is kept"),
    Mutant("entry.py", "(ordered | takes) & held & ~self.done", "(ordered | takes) & ~self.done", "an order of many cycles is not taken behind one of one"),
    Mutant("engine.py", "operands.write_address.eq(late[\"at\"])", "operands.write_address.eq(entry.at)", "deltas go to the word of the order that is new"),
    Mutant("row.py", "v >= theta", "v > theta", "a membrane at its threshold does not fire"),
    Mutant("row.py", "v > low", "v >= low", "the window's lower edge is inside"),
    Mutant("row.py", "v < high", "v <= high", "the window's upper edge is inside"),
    Mutant("row.py", "Mux(number[15], ~number, number ^ 0x8000)", "number", "negative numbers are the largest"),
    Mutant("row.py", "(rules[-1] == Rule.DELTA) | (rules[-1] == Rule.WEIGHT)", "rules[-1] == Rule.DELTA", "weights have no limit"),
    Mutant("row.py", "(rules[-1] == Rule.DELTA) | (rules[-1] == Rule.WEIGHT)", "rules[-1] == Rule.WEIGHT", "deltas have no limit"),
    Mutant("serve.py", "(entry.sum.as_signed() >> 16) + low[15]", "entry.sum.as_signed() >> 16", "a limb's carry is lost"),
    Mutant("replay.py", "Mux(windows, Only.WINDOW, Only.REPLAY)", "Only.REPLAY", "windows go along trained projections only"),
    Mutant("backward_counters.py", "Mux(last, read.data.expected, read.data.left - 1)", "read.data.left - 1", "a counter counts once"),
    Mutant("plain_update.py", "Mux(second, Rule.WEIGHT, Rule.GRADIENT)", "Rule.GRADIENT", "the weight becomes a rounded step"),
    Mutant("plain_update.py", "self.stored.eq(self.stored + 1)", "self.stored.eq(self.stored)", "all weights go to the first word"),
    Mutant("plain_update.py", "self.old.word_select(lane, VALUE_BITS)", "self.weights.word_select(lane, VALUE_BITS)", "the step is taken from a later word's weights"),
    Mutant("plain_update.py", "begins & ~self.discard", "begins", "what is forgotten changes weights"),
    Mutant("plain_update.py", "(word.count == 0) & ~self.valid.any()", "word.count == 0", "the last words of a projection are not waited for"),
    Mutant("row.py", "rules[-1] == Rule.FIRE", "rules[-1] == Rule.GRADIENT", "neurons that fire leak"),
    Mutant("soma.py", "self.director.changes", "self.change", "a change takes the engine from a sweep under way", within="changes = self.director.changes"),
    Mutant("update.py", "w[-1].replicate(update.exact - len(w))", "(w[-1] & 0).replicate(update.exact - len(w))", "negative gradients are large positive ones beside momenta", tests=_MOMENTUM),
    Mutant("update.py", "update.momenta.stores.eq(~second)", "update.momenta.stores.eq(second)", "the weight is kept as momentum", tests=_MOMENTUM),
    Mutant("update.py", "update.momenta.keeps.eq(1)", "update.momenta.keeps.eq(0)", "momenta do not decay", tests=_MOMENTUM),
    Mutant("update.py", "update.row_rule == Rule.GRADIENT", "1", "momenta stand for weights too", within="with m.If(update.row_rule == Rule.GRADIENT):", tests=_MOMENTUM),
    Mutant("row.py", "Mux(row.decays, 0, wide)", "wide", "the gradient decays with the momentum", tests=_MOMENTUM),
    Mutant("row.py", "operand[: row.rounded]", "Cat(operand[:40], operand[39].replicate(len(operand) - 40))[: row.rounded]", "large momenta wrap before they are rounded", tests=_MOMENTUM),
    Mutant("row.py", "number[10:15] >= most", "number[10:15] > most", "steps from 2048 on wrap in 36 bits", tests=_ROW),
    Mutant("momenta.py", "Mux(self.stores, self.address, self.write.address)", "self.write.address", "all momenta are kept in one place", tests=_MOMENTUM),
    Mutant("soma.py", "Mux(self.update.row_decays, self.update.row_factor, rate)", "rate", "momenta decay by the rate", tests=_MOMENTUM),
    Mutant("row.py", "fires & ~self.readout", "fires", "a readout beyond the last threshold has no mean", tests=_SQUARED),
    Mutant("pipelined_sweep.py", "Mux(behind, p.words, 0)", "0", "errors are made among the sums", tests=_SQUARED),
    Mutant("pipelined_sweep.py", "~job.first & ~p.readout", "~job.first", "errors carry into the next sample", tests=_SQUARED),
    Mutant("pipelined_sweep.py", "means & (self.beat == _CLEAR)", "0", "what a sample that was not learned left is an error", tests=_SQUARED),
    Mutant("director.py", "p.readout & ~p.squared", "p.readout", "a readout has the errors of the sample before", within="with m.Elif(p.readout & ~p.squared):", tests=_SQUARED),
    Mutant("pipelined_sweep.py", "holds.eq(readout & ~job.last & ~job.initial)", "holds.eq(readout & ~job.initial)", "the sum stands for its mean", tests=_SQUARED),
    Mutant("wiring.py", "row.spikes.eq(sweep.row_spikes)", "row.spikes.eq(0)", "the carry passes through a reset"),
    Mutant("broadcast.py", "entry.replay | entry.window", "entry.replay", "a layer that does not learn waits for its replay"),
    Mutant("broadcast.py", "entry.replay | entry.window", "entry.window", "a layer behind inputs alone waits for its replay"),
    Mutant("broadcast.py", "self.request.group <= entry.group_last", "1", "partial sums go to the parts behind as well"),
    Mutant("flags.py", "(self.overflow | self.saturated) & ~self.discards & ~self.forgets", "(self.overflow | self.saturated) & ~self.forgets", "what was refused is refused again", tests=_OVERFLOW),
    Mutant("flags.py", "self.saturated & ~self.overflow", "self.saturated", "the last overflow is told", tests=_OVERFLOW),
    Mutant("flags.py", "self.backward.eq(self.in_backward)", "self.backward.eq(0)", "every overflow is in forward", tests=_OVERFLOW),
    Mutant("flags.py", "self.slot.eq(self.in_slot)", "self.slot.eq(0)", "every overflow is in the first layer", tests=_OVERFLOW),
)  # fmt: skip

HOST = (
    Mutant("errors.py", "low != 0", "low == 0", "targets of 0 are told", tests=_SQUARED),
    Mutant("errors.py", "(rest - low) >> VALUE_BITS", "rest >> VALUE_BITS", "a limb's carry is lost", tests=_SQUARED),
    Mutant("image.py", "acc + words * squared", "acc", "targets are taken from the sums", tests=_SQUARED),
    Mutant("image.py", "words * (1 + squared)", "words", "the next population lies where errors are made", tests=_SQUARED),
    Mutant("image.py", "1 / self.steps", "1.0", "the sum stands for its mean", within="1 / self.steps if squared", tests=_SQUARED),
    Mutant("driver.py", "self._ends.clear()", "pass", "a sample ends with the ENDs of the one before", tests=("tests/system/test_training_faults.py",)),
    Mutant("driver.py", "self.start(KEEP)", "self.start()", "what is read before an update is forgotten"),
    Mutant("holding.py", "self.optimiser.momentum", "0", "momenta begin anew when a training goes on", within="return list(trained) if self.optimiser.momentum", tests=_MOMENTUM),
    Mutant("chip.py", "optimiser is not None and optimiser.momentum > 0", "False", "the smallest chip has no momentum", tests=("tests/system/test_train_board.py",)),
    Mutant("driver.py", "reversed(range(self.steps))", "range(self.steps)", "planes are replayed in the order of their sending"),
    Mutant("driver.py", "self._step % 2", "t % 2", "each sample begins with the same bank"),
    Mutant("driver.py", "self.control(TrainingControl.DISCARD)", "", "gradients of a refused iteration stay", within="self._held = 0\n                self.control(TrainingControl.DISCARD)"),
    Mutant("routes.py", "self.network.projections[tag].trained or self.gathers(tag)", "self.network.projections[tag].trained", "a frozen layer passes no delta on", within="return self.network.projections[tag].trained or self.gathers(tag)"),
    Mutant("image.py", "((x, y) for y in range(config.rows) for x in range(config.cols))", "routes.cores", "a core that a network leaves alone keeps the one before"),
    Mutant("image.py", "[_MOST]", "[0]", "lanes without a neuron fire"),
    Mutant("image.py", "self.network.projections[tag].limit", "15", "weights have no limit"),
    Mutant("image.py", "self.network.delta_limit", "15", "deltas have no limit"),
    Mutant("chip.py", "_power(used[what], *RANGES[name])", "_power(1, *RANGES[name])", "the chip is too small"),
    Mutant("seen.py", "bits[0] != bits[1]", "bits[0] > bits[1]", "a smaller weight is not told"),
)  # fmt: skip
_CHIP = ("tests/system/test_training_chip.py",)

PARTS = (
    Part(name="training-core", folder="gateware/spikeplane_gateware/units/training", gateware=True, tests={"*": _CHIP}, mutants=GATEWARE),
    Part(name="training-host", folder="sw/spikeplane/train", gateware=False, tests={"*": (*_CHIP, "tests/system/test_train_board.py")}, mutants=HOST),
)  # fmt: skip
