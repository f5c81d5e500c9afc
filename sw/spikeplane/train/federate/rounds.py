"""The server: it sends the weights, takes in the answers that count, steps, and sends on."""

from collections.abc import Callable
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate.aggregate import mean, stepped, summed
from spikeplane.train.federate.checks import Answer, Check
from spikeplane.train.federate.grid import Grid
from spikeplane.train.federate.message import Message, task
from spikeplane.train.federate.terms import Terms
from spikeplane.train.file import Training
from spikeplane.train.network import Learned

#: How often a round is asked for before it is given up.
TRIES = 3


def _quiet(line: str) -> None:
    """Nobody listens."""


class _Round:
    """The figures of a round, as those of an iteration."""

    def __init__(self, answers: list[Answer]) -> None:
        self.samples = max(1, sum(answer.seen for answer in answers))
        self.right = sum(answer.right for answer in answers)
        self.loss = sum(answer.loss for answer in answers)
        self.clipped = sum(answer.clipped for answer in answers)


class Federation:
    """The server of a federation.

    training  the weights and how far they are; goes on from there
    least     workers that have to answer; strict: all of them, as with momentum in mode step, or the round is repeated
    timeout   seconds that a worker has for an answer
    say       told a line for everything that is not as it should be
    """

    def __init__(
        self,
        terms: Terms,
        training: Training,
        grid: Grid,
        *,
        least: int = 1,
        strict: bool = False,
        timeout: float = 600.0,
        say: Callable[[str], None] = _quiet,
    ) -> None:
        self.terms, self.training, self.grid = terms, training, grid
        whole = strict or (terms.mode == "step" and terms.settings.momentum > 0)
        self.least = terms.workers if whole else least
        self.timeout, self.say = timeout, say
        self.clipped = 0  #: numbers that were limited
        self._digest = terms.digest(training.network)
        self._told: set[str] = set()  #: workers that this round has a line of
        self._owing: set[str] = set()  #: addresses that owe this round an answer more than they are asked for
        self._names: dict[str, int] = {}  #: the worker behind an address, as its last answer said

    @property
    def number(self) -> int:
        """The round that is next, from 0 on."""
        return self.training.iterations // self.terms.iterations

    def round(self) -> None:
        """One round. Raises SpikeplaneError, and leaves the weights, where too few workers answer."""
        answers = self._answers()
        training, settings = self.training, self.terms.settings
        if self.terms.mode == "step":
            samples = sum(answer.samples for answer in answers)
            rate = settings.rate_of(training.iterations)
            step = settings.optimiser.step(samples, settings.encoding.steps, rate)
            gradients = summed(answer.arrays for answer in answers)
            training.learned, limited = stepped(
                training.network, training.learned, gradients, step, settings.momentum
            )
            self.clipped += limited
        else:
            weights = mean((answer.samples, answer.arrays) for answer in answers)
            training.learned = Learned(training.learned.weights | weights, training.learned.momenta)
        training.iterations += self.terms.iterations
        training.figures.add(_Round(answers))
        self.clipped += sum(answer.clipped for answer in answers)

    def _answers(self) -> list[Answer]:
        """Those that count, by worker."""
        number, settings = self.number, self.terms.settings
        most = len(settings.members(number)) if self.terms.mode == "step" else settings.samples
        check = Check(self.terms, self.training.network, self._digest, number, most)
        asked = task(self.terms.mode, number, self._digest, self.training.learned.weights)
        found: dict[int, Answer] = {}
        self._told.clear()
        self._owing.clear()
        for _ in range(TRIES):
            self._ask(asked, check, found)
            answers = [found[worker] for worker in sorted(found)]
            if len(found) >= self.least and sum(answer.samples for answer in answers):
                for worker in set(range(self.terms.workers)) - set(found):
                    if str(worker + 1) not in self._told:
                        self._left_out(str(worker + 1), "it is not there")
                self._count(answers, most)
                return answers
        raise SpikeplaneError(
            f"round {number + 1}: {len(found)} of {self.terms.workers} workers gave an answer that counts, and {self.least} are needed, "
            "with samples; the weights are as before it; start the missing ones, or ask for fewer with --min-workers"
        )

    def _ask(self, asked: Message, check: Check, found: dict[int, Answer]) -> None:
        """Ask all whose answer is missing."""
        addresses = [one for one in self.grid.addresses() if self._names.get(one) not in found]
        silent = set(addresses)
        for address, message in self.grid.ask(asked, addresses, self.timeout):
            silent.discard(address)
            try:
                answer = check(message)
                if answer.worker in found and address in self._owing:
                    self._owing.discard(address)
                    continue
                if answer.worker in found:
                    raise SpikeplaneError("it answers a second time; the first answer counts")
            except SpikeplaneError as error:
                self._left_out(self._name(address, message), str(error))
                continue
            self._names[address] = answer.worker
            found[answer.worker] = answer
        self._owing |= silent
        for address in sorted(silent):
            self._left_out(self._name(address), f"no answer within {self.timeout:g} s")

    def _left_out(self, worker: str, why: str) -> None:
        self._told.add(worker)
        self.say(f"round {self.number + 1}: worker {worker} is left out: {why}")

    def _name(self, address: str, message: Message | None = None) -> str:
        worker: Any = None if message is None else message.facts.get("worker")
        worker = worker if type(worker) is int else self._names.get(address)
        return address if worker is None else str(worker + 1)

    def _count(self, answers: list[Answer], most: int) -> None:
        """Raises SpikeplaneError where the answers have other samples than there are."""
        samples = sum(answer.samples for answer in answers)
        whole = len(answers) == self.terms.workers
        if samples > most or (whole and samples < most):
            raise SpikeplaneError(
                f"round {self.number + 1}: the workers count {samples} samples together, and it has {most}; give each worker samples "
                "of its own, and all the same split"
            )


def federate(
    federation: Federation,
    *,
    rounds: int | None = None,
    progress: Callable[[int], None] | None = None,
    tested: Callable[[Training], float] | None = None,
    row_done: Callable[[dict[str, Any]], None] | None = None,
    checkpoint: Callable[[Training], None] | None = None,
    every: int = 0,
) -> Training:
    """Go on to the end of the terms, or to the end of round `rounds`.

    progress    told that a round is done
    tested      accuracy on other samples
    row_done    told the figures behind every epoch of all samples, in mode epoch behind every round
    checkpoint  given the training there too, and behind every `every` rounds (0: only there)
    """
    training, terms = federation.training, federation.terms
    end = terms.rounds if rounds is None else min(rounds, terms.rounds)
    while federation.number < end:
        federation.round()
        if progress is not None:
            progress(1)
        whole = training.iterations % terms.settings.an_epoch == 0
        if whole:
            _close(training, tested, row_done)
        if checkpoint is not None and (whole or (every and federation.number % every == 0)):
            checkpoint(training)
    return training


def _close(
    training: Training,
    tested: Callable[[Training], float] | None,
    row_done: Callable[[dict[str, Any]], None] | None,
) -> None:
    figures = training.figures
    seen = max(1, figures.seen)
    epoch = training.iterations // training.settings.an_epoch
    row = {"epoch": epoch, "loss": figures.loss / seen, "accuracy": figures.right / seen}
    if tested is not None:
        row["test"] = tested(training)
    figures.epochs.append(row)
    figures.right, figures.seen, figures.loss = 0, 0, 0.0
    if row_done is not None:
        row_done(row)
