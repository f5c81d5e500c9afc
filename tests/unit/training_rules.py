"""The packet model of training: its networks, its little arithmetic, and what the protocol asks for, which can be left out."""

from dataclasses import dataclass


def rounded(x: int) -> int:
    return x - (x >> 2)


def leaked(u: int) -> int:
    return u >> 1


def limited(d: int) -> int:
    return max(-40, min(40, d))


def weighed(w: int, d: int) -> int:
    """A rounded product."""
    return (w * d) >> 1


def error_of(value: int, neuron: int, sample: int) -> int:
    return limited(rounded(value) + (3 * neuron + sample) % 7 - 3)


def moved(w: int, gradient: int) -> int:
    return max(-4, min(4, w - rounded(gradient >> 2)))


@dataclass(frozen=True)
class Rules:
    """What the protocol asks for. False, or the other word, is what a simpler one would do."""

    guarded: bool = True  #: a step is replayed only after the own sweep of the step behind it
    served_first: bool = True  #: deltas are overwritten only when all that needed them is served
    tokens: str = "projection"  #: replay tokens are counted by projection, or by population
    output_ready: str = "step"  #: the output is ready step by step, or for all steps at once
    own_barrier: bool = True  #: the host counts READY apart from CREDIT
    waits_for_end: bool = True  #: the next sample waits until no part has anything of this one left
    carries_at_0: bool = False  #: the carry of step 0 goes on to the next sample


@dataclass(frozen=True)
class Net:
    """sizes by population; `parts`: (core, neurons) of each part, none for the host's; projections (source, target, trained)."""

    sizes: dict[str, int]
    parts: dict[str, list[tuple[int, int]]]
    projections: list[tuple[str, str, bool]]
    output: str = "O"

    def tags_into(self, name: str) -> list[int]:
        return [tag for tag, p in enumerate(self.projections) if p[1] == name]

    def tags_from(self, name: str) -> list[int]:
        return [tag for tag, p in enumerate(self.projections) if p[0] == name]

    def has_delta(self, name: str) -> bool:
        """Whether a trained projection lies at or before its inputs."""
        into = [self.projections[tag] for tag in self.tags_into(name)]
        return any(trained or self.has_delta(source) for source, _, trained in into)

    def goes_back(self, tag: int) -> bool:
        """Whether a projection has backward traffic."""
        source, _, trained = self.projections[tag]
        return trained or self.has_delta(source)

    def count(self, name: str) -> int:
        """Its parts; the host is one."""
        return len(self.parts.get(name, [])) or 1
