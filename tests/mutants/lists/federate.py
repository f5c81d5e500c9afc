"""Federated learning: the server's arithmetic, what counts as an answer, shards, rounds, workers."""

from mutants.catalogue import Mutant, Part

_PACKAGE = ("tests/unit/test_federate_package.py",)

FEDERATE = (
    Mutant("integers.py", "bits += tie & (bits % 2 == 1)", "", "ties go towards zero"),
    Mutant("integers.py", "2.0**-25", "2.0**-24", "products are rounded at twice their middles"),
    Mutant("integers.py", "negative & (bits > 0)", "negative", "a product may be -0"),
    Mutant("integers.py", "_MIDDLES * parts", "_MIDDLES", "a mean is a sum"),
    Mutant("aggregate.py", "found[tag] + words", "words", "the last gradient counts", within="found[tag] + words if"),
    Mutant("aggregate.py", "made.momenta[tag] = round16(words)", "", "momenta stay 0"),
    Mutant("aggregate.py", "samples * decode(weight)", "decode(weight)", "each worker counts once in a mean"),
    Mutant("aggregate.py", "clamp16(weight, limit)", "weight", "weights have no limit"),
    Mutant("checks.py", 'facts.get("round") != self.number', "False", "an answer to an earlier round counts"),
    Mutant("checks.py", 'facts.get("digest") != self.digest', "False", "an answer for another course counts"),
    Mutant("checks.py", "array.shape != p.weight.shape", "False", "arrays of any shape count"),
    Mutant("checks.py", "array.dtype != dtype", "False", "arrays of any type count"),
    Mutant("checks.py", "not np.isfinite(array).all()", "False", "NaN is told as a type"),
    Mutant("checks.py", "int(array.min(initial=0)) < -most", "False", "gradients may be too negative"),
    Mutant("checks.py", "np.abs(array) > 2.0**limit", "np.abs(array) >= 2.0**limit", "weights at their limit do not count"),
    Mutant("checks.py", "not _whole(samples, self.most)", "False", "an answer counts more samples than a round has"),
    Mutant("rounds.py", "answer.worker in found", "False", "a second answer takes the place of the first", within="if answer.worker in found: raise"),
    Mutant("rounds.py", "self._told.clear()", "", "who was told once is never told again to be missing"),
    Mutant("rounds.py", "terms.workers if whole else least", "least", "strict rounds go on without a worker"),
    Mutant("rounds.py", 'strict or (terms.mode == "step" and terms.settings.momentum > 0)', "strict", "momentum goes on without a worker"),
    Mutant("rounds.py", "samples > most or (whole and samples < most)", "samples > most", "samples that nobody has are not missed"),
    Mutant("rounds.py", "settings.rate_of(training.iterations)", "settings.rate", "the rate does not fall"),
    Mutant("rounds.py", "silent.discard(address)", "", "who answers is told to be silent"),
    Mutant("rounds.py", "self._owing |= silent", "", "who is asked again may not answer both"),
    Mutant("rounds.py", "answer.worker in found and address in self._owing", "answer.worker in found", "a second answer is not told"),
    Mutant("grid.py", "ticket == self._ticket", "True", "an earlier answer ends the wait for one of now"),
    Mutant("shards.py", "int(self.numbers[i])", "int(i)", "a sample's code is of its place on the worker"),
    Mutant("shards.py", "place[self.numbers[place] == numbers]", "place", "a worker learns others' samples"),
    Mutant("worker.py", "Learned(weights, momenta)", "Learned(weights, dict(self.learner.state().momenta))", "a round of mode epoch goes on with the last one's momenta"),
    Mutant("worker.py", "self.terms.settings.order(epoch)", "self.terms.settings.order(0)", "every epoch has one order"),
    Mutant("worker.py", 'task.facts["digest"] != self.digest', "False", "a worker answers another course's task"),
    Mutant("terms.py", "[stated(p, (\"weight\",)), p.weight.shape]", "[stated(p, (\"weight\",))]", "networks of other sizes have one digest"),
    Mutant("reading.py", "1 <= number <= terms.workers", "number <= terms.workers", "there is a worker 0"),
    Mutant("reading.py", "last > settings.samples", "False", "samples that nobody has are learned from"),
    Mutant("reading.py", "np.arange(int(first), last)", "np.arange(len(samples))", "a worker's own samples are taken for the first ones"),
    Mutant("reading.py", "parts[number]", "parts[0]", "every worker has the first one's share"),
    Mutant("package.py", "len(text) > _MOST", "False", "what is too large is sent"),
    Mutant("submit.py", '_COLOURS.sub("", text)', "text", "a line that is coloured is not told"),
    Mutant("submit.py", "failed is None", "True", "what failed is told twice", within="if failed is None:"),
    Mutant("submit.py", "process.wait() or run is None", "process.wait()", "a run that never began is done"),
)  # fmt: skip

PART = Part(
    name="federate",
    folder="sw/spikeplane/train/federate",
    gateware=False,
    tests={
        **dict.fromkeys(("terms.py", "reading.py", "package.py", "submit.py"), _PACKAGE),
        "*": (
            "tests/unit/test_federate_integers.py",
            "tests/unit/test_federate.py",
            "tests/system/test_federate_command.py",
        ),
    },
    mutants=FEDERATE,
)
