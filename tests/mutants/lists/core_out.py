"""A core's way out: schedule, sweep, places, neurons, egress."""

from mutants.catalogue import Mutant, Part
from mutants.lists.core import PART as CORE

_CLEAR = "m.d.sync += [s.eq(0) for s in (parity, sample)]"

SCHEDULE = (
    Mutant("soma/counters.py", "(valid & complete) | (loading & incoming.ready)", "valid & complete", "ready bits are not loaded"),
    Mutant("soma/schedule.py", "(parity & ready.ready[1]) | (~parity & ready.ready[0])", "ready.ready[0] | ready.ready[1]", "a population runs at any parity"),
    Mutant("soma/ready.py", "tokens & credits", "tokens", "a population runs without its credits"),
    Mutant("soma/schedule.py", _CLEAR, "m.d.sync += sample.eq(0)", "START leaves the parities"),
    Mutant("soma/schedule.py", _CLEAR, "m.d.sync += parity.eq(0)", "START leaves the samples' banks"),
    Mutant("soma/schedule.py", "ready.clear.eq(1)", "ready.clear.eq(0)", "START leaves the marks of a last step"),
    Mutant("soma/ready.py", "m.d.sync += bits.eq(0)", "", "STOP leaves the ready bits"),
    Mutant("soma/schedule.py", "self.running & ~pending & (eligible != 0)", "~pending & (eligible != 0)", "a stopped core sweeps"),
    Mutant(
        "soma/schedule.py", "self.running & ~pending & (eligible != 0)", "self.running & (eligible != 0)", "a sweep goes before a START that waits",
        equivalent="PICK looks at a START first; only whose turn it is after that START differs, and turns decide no result",
    ),
    Mutant("soma/schedule.py", "Mux(ends, mine, 0)", "0", "the sample's bank never changes"),
    Mutant("soma/schedule.py", "initial.eq(2 * slots)", "initial.eq(slots)", "half of the populations are initialised"),
    Mutant("soma/schedule.py", "self.idle", "1", "spikes come in before the last initialisation is done", within="with m.Elif(self.idle):"),
    Mutant("soma/ready.py", "bits & ~given", "bits", "a job stays ready"),
    Mutant("soma/counters.py", "valid & last", "last", "a sample ends without its token", within="self.mark.ends.eq(valid & last)"),
)  # fmt: skip

SWEEP = (
    Mutant("soma/sweep/items.py", "(inflight + queue.level) < SWEEP_ITEMS - 5", "(inflight + queue.level) < SWEEP_ITEMS", "the item FIFO's room is a few words too large"),
    Mutant("soma/sweep/items.py", "(inflight + queue.level) < SWEEP_ITEMS - 5", "1", "the item FIFO's room is not looked at"),
    Mutant("soma/parameter_pointer.py", "Mux(at_leaks, leaks, words)", "words", "the leaks are the next group's thresholds"),
    Mutant("soma/parameter_pointer.py", "leaks.eq(self._of_step(p.leak_base))", "leaks.eq(0)", "every population leaks as the words at 0 say"),
    Mutant("soma/parameter_pointer.py", "leaks + p.leak_each", "leaks", "every group leaks as the first"),
    Mutant("soma/parameter_pointer.py", "leaks + p.leak_each", "leaks + 1", "groups that share a word of leaks take the next one"),
    Mutant("soma/parameter_pointer.py", "self.count >= 2", "self.count >= 3", "the leaks come a cycle late",
           equivalent="the address stands for three cycles, and two are enough"),
    Mutant("soma/sweep/elements.py", "first | ~some", "first", "a padded window begins with the last one's maximum"),
    Mutant("soma/sweep/elements.py", "inside | (some & ~first)", "inside", "a window's maximum is forgotten at its padding"),
    Mutant("soma/sweep/maximum.py", "best.as_signed() < new.as_signed()", "best < new", "the maximum of a window has no sign"),
    Mutant("soma/sweep/job_flags.py", "self.active.initial | self._ends(m)", "self.active.initial", "membranes outlive a sample"),
    Mutant("soma/sweep/job_flags.py", "self.active.initial | self.active.last | ~p.hold", "self.active.initial | ~p.hold", "a held current outlives its sample"),
    Mutant("soma/sweep/requests.py", "Mux(held, self.active.sample, self.active.parity)", "self.active.parity", "a held current is read from the step's bank"),
    Mutant(
        "soma/sweep/requests.py", "self.population.hold & ~self.active.initial", "self.population.hold",
        "initialisation of a held population goes by the sample",
        equivalent="an initial job's `sample` and `parity` are the same bit (schedule.py, INITIAL)",
    ),
    Mutant("soma/sweep/membranes.py", "self.out_valid & ~p.stateless", "self.out_valid", "a population without memory writes another's membranes"),
    Mutant("soma/sweep/items.py", "staged & (self.mask != 0)", "staged", "empty masks are sent"),
    Mutant("soma/sweep/masks.py", "p.membrane_out & planes.highest & ~p.relu", "0", "the sign plane of a membrane is positive"),
    Mutant("soma/sweep/masks.py", "p.membrane_out & planes.highest & ~p.relu", "p.membrane_out & planes.highest", "the highest plane of values from 0 on counts negative"),
    Mutant("soma/plane_counter.py", "p.plane_last + 1", "self.config.membrane_bits", "all planes are sent, whatever a population has"),
    Mutant("soma/plane_counter.py", "one.eq(p.plane_low)", "one.eq(0)", "planes that are left out are sent"),
    Mutant("soma/plane_counter.py", "self.bit == self.population.plane_last", "self.bit == self.population.plane_last - self.population.plane_low", "as many of the highest planes are missing as of the lowest"),
    Mutant("soma/sweep/masks.py", "planes.shift", "planes.bit", "a plane counts what it does in the membrane", within="Mux(p.membrane_out, planes.shift, 0)"),
    Mutant("soma/sweep/limits.py", "Mux(p.relu, positive, fits)", "fits", "values from 0 on are limited to half of their range"),
    Mutant("soma/sweep/limits.py", "differs | (p.relu & sign)", "differs", "negative membranes are sent as large values from 0 on"),
    Mutant("soma/sweep/masks.py", "sign == fill", "~sign", "a membrane far below its planes is sent with a positive sign plane"),
    Mutant("soma/sweep/masks.py", "Mux(beyond, sign == fill, value.bit_select(at, 1))", "value.bit_select(at, 1)", "a membrane beyond its planes wraps"),
    Mutant("soma/sweep/items.py", "p.group_base + number", "number", "a part's groups count from 0"),
    Mutant("soma/sweep/control.py", "(count >= SETTLE) & self.through", "count >= SETTLE", "a group ends before its masks are out"),
    Mutant("soma/sweep/requests.py", "self.clears & (self.clearing | self.single)", "self.clears & self.clearing", "accumulators outlive a step"),
    Mutant("soma/sweep/control.py", "self.active.initial & ~p.stateless", "0", "membranes are not initialised"),
    Mutant("soma/sweep/requests.py", "(self.step & walker.inside) | self.clearing", "self.step | self.clearing", "padding is read from the memory", within="self.valid.eq((self.step & walker.inside) | self.clearing)",
        equivalent="the maximum takes only what lies inside, and a window clears nothing here: the word that is read too much goes nowhere"),
    Mutant("soma/sweep/control.py", "self.swept.eq(~initial)", "self.swept.eq(1)", "initialisations count as sweeps"),
    Mutant("soma/sweep/control.py", "self.element & self.single", "self.element", "the group's first word moves on in a window"),
    Mutant("soma/window_walker.py", "self.start - p.corner", "self.start", "the padding's corner is left out"),
    Mutant("soma/window_walker.py", "(i < p.input_height) & (j < p.input_width)", "i < p.input_height", "columns beyond the edge count as inside"),
    Mutant("soma/window_walker.py", "(i < p.input_height) & (j < p.input_width)", "j < p.input_width", "rows beyond the edge count as inside"),
    Mutant("soma/window_walker.py", "end.eq(last == 0)", "end.eq(0)", "a window of one pixel has no end"),
    Mutant("soma/window_walker.py", "Mux(end, last == 0, count + 1 == last)", "count + 1 == last", "a population of one column ends its first row alone"),
    Mutant("soma/window_walker.py", "Mux(end, last == 0, count + 1 == last)", "Mux(end, 0, count + 1 == last)", "a count that has one value ends once"),
    Mutant("soma/window_walker.py", "count + 1 == last", "count == last", "a count ends one late"),
    Mutant("soma/window_walker.py", "self.step & inner", "self.step", "rows move with columns"),
    Mutant("soma/window_walker.py", "(row == 0) & (column == 0)", "row == 0", "a window's first row is its last pixel alone"),
    Mutant("soma/window_walker.py", "Mux(end_x, -p.padding, left + p.stride)", "left + p.stride", "a row of windows begins where the last one ended"),
    Mutant("soma/window_walker.py", "Mux(~end_x, p.acc_right, p.acc_across)", "p.acc_right", "the pointer does not come back at a row's end"),
)  # fmt: skip

NEURON = (
    Mutant("soma/neuron.py", "leaves & ~self.zero", "leaves", "a sample's last membrane is kept"),
    Mutant("soma/neuron.py", "s.reset == Reset.HARD", "0", "a hard reset is a soft one"),
    Mutant("soma/neuron.py", "over & (s.reset != Reset.NONE)", "over", "a neuron without reset is reset"),
    Mutant("soma/neuron.py", "compared >= 0", "compared > 0", "v = theta does not fire"),
    Mutant("soma/neuron.py", "Mux(sign, above.all(), ~above.any())", "1", "the membrane wraps"),
    Mutant("soma/neuron.py", "Const(low - 1, bits)", "Const(low - 2, bits)", "the upper limit is one too low"),
    Mutant("soma/neuron.py", "Const(low, bits)", "Const(low + 1, bits)", "the lower limit is one too high"),
    Mutant("soma/leak.py", "product[:fraction].any()", "product[1:fraction].any()", "the leak's lowest bit is not looked at"),
    Mutant("soma/leak.py", "whole | (odd & cut)", "whole", "the leak is not rounded to odd"),
    Mutant("soma/leak.py", "s.leak_up & ~odd & cut", "0", "the leak is not rounded up"),
    Mutant("soma/leak.py", "s.leak_up & ~odd & cut", "s.leak_up & cut", "a leak that is rounded to odd is rounded up besides"),
    Mutant("soma/neuron.py", "self._total(m, lane, valids, factor)", "self._total(m, lane, valids, self._factors(m)[0])", "every lane leaks as the first"),
    Mutant("soma/leak.py", "leak[-1]", "~leak[-1]", "lanes round the other way", within="factor, odd = leak[:-1], leak[-1]"),
    Mutant("soma/neuron.py", "s.floor & total[-1]", "0", "membranes go below their floor"),
    Mutant("soma/neuron.py", "s.floor & total[-1]", "total[-1]", "every membrane has a floor"),
    Mutant("soma/neuron.py", "(s.reset == Reset.HARD) | below", "s.reset == Reset.HARD", "a membrane at its floor is subtracted from where it was"),
    Mutant("soma/leak.py", "cut & ~up & (even | ~odd)", "cut & ~up", "without multiplier odd is a floor"),
    Mutant("soma/leak.py", "cut & ~up & (even | ~odd)", "0", "without multiplier all is a ceiling"),
    Mutant("soma/leak.py", "part | (odd & cut)", "part", "without multiplier what is kept is not rounded to odd"),
    Mutant("soma/leak.py", "up & cut", "0", "without multiplier what is kept is not rounded up", within="carry.eq(up & cut)"),
    Mutant("soma/leak.py", "s.leak_shift == NO_MEMORY", "0", "without multiplier a population without memory has some", within="with m.If(s.leak_shift == NO_MEMORY):"),
)  # fmt: skip

EGRESS = (
    Mutant("soma/egress.py", "self.job.parity ^ entry.delay", "self.job.parity", "a delayed packet belongs to its own step"),
    Mutant("soma/egress.py", "self.job.last & ~entry.delay", "self.job.last", "a recurrent token ends the sample"),
    Mutant("soma/egress.py", "entry.delay & last", "0", "recurrent spikes of the last step reach the next sample"),
    Mutant(
        "soma/egress.py", "self.final.eq(count <= 1)", "self.final.eq(count == 1)", "a mask without destination stays for ever",
        equivalent="no program has one: a population that nobody takes and that is not probed is refused (program/check.py)",
    ),
    Mutant("soma/egress.py", "(free | self.none) & self.final", "self.final", "an item is taken before its packet has room"),
    Mutant("soma/egress.py", "(free | self.none) & self.final", "free | self.none", "an item is taken with its first destination"),
    Mutant("soma/egress.py", "~self.o.valid | self.o.ready", "1", "a packet that waits is overwritten"),
    Mutant("soma/egress.py", "self.sent.eq(~silent)", "self.sent.eq(0)", "packets are not counted"),
    Mutant("soma/egress.py", "free & self.cleared if early else free", "free", "a pair's credits go before its accumulators are set"),
    Mutant("soma/egress.py", "self.none & self.finish if early else self.none", "self.none", "a pair ends before its sweep does"),
    Mutant("soma/egress.py", "self.item.valid | ends", "self.item.valid", "a silent population sends no tokens"),
    Mutant("soma/egress.py", "self.job.slot", "0", "a token names another slot", within='"source_slot": self.job.slot'),
)  # fmt: skip

PART = Part(
    name="core",
    folder=CORE.folder,
    gateware=True,
    tests={
        **CORE.tests,
        **{
            f"soma/{name}.py": ("tests/unit/test_core_schedule.py", *CORE.tests["*"])
            for name in ("schedule", "counters", "ready")
        },
        **{
            f"soma/sweep/{name}.py": (
                *CORE.tests["*"][:1],
                "tests/formal/test_items.py -k 'not refuted and not mutant'",
                *CORE.tests["*"][1:],
            )
            for name in ("control", "elements", "items", "masks")
        },
        "soma/neuron.py": ("tests/unit/test_neuron.py", *CORE.tests["*"]),
        "soma/leak.py": ("tests/unit/test_neuron.py", *CORE.tests["*"]),
        "soma/egress.py": ("tests/formal/test_egress.py -k 'proved or vacuous'", *CORE.tests["*"]),
    },
    mutants=(*SCHEDULE, *SWEEP, *NEURON, *EGRESS),
)
