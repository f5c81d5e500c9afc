"""What every bench shares: clock and reset, stream ends that stall at random, and the loop that
turns them once a cycle.

```
    falling edge: every end drives -> everything settles -> every end looks -> rising edge: what was valid and ready moves
```
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

PERIOD_NS = 10


class Stall:
    """Whether an end pauses in this cycle. The probability itself changes at random: free runs,
    dribbles and long silences."""

    LEVELS = (0.0, 0.0, 0.2, 0.5, 0.9, 1.0)

    def __init__(self, *, never: bool = False) -> None:
        self.never, self._level, self._left = never, 0.0, 0

    def __call__(self) -> bool:
        if self.never:
            return False
        if not self._left:
            self._level, self._left = random.choice(self.LEVELS), random.randint(1, 40)
        self._left -= 1
        return random.random() < self._level


class Mostly(Stall):
    """Pauses in a part of the cycles that never changes."""

    def __init__(self, part: float) -> None:
        super().__init__()
        self.part = part

    def __call__(self) -> bool:
        return random.random() < self.part


class Source:
    """Offers what is in `queue`, in order; a word once offered stays until it is taken. `taken`:
    how many were."""

    def __init__(self, dut: Any, port: str, stall: Stall | None = None) -> None:
        self.valid, self.payload, self.ready = (
            getattr(dut, f"{port}__{part}") for part in ("valid", "payload", "ready")
        )
        self.queue: deque[int] = deque()
        self.stall, self.taken, self._offers = stall or Stall(), 0, False
        self.valid.value, self.payload.value = 0, 0

    def drive(self) -> None:
        """At the falling edge: what this end puts on its stream."""
        if not self._offers and self.queue and not self.stall():
            self._offers = True
            self.payload.value, self.valid.value = self.queue[0], 1
        elif not self._offers:
            self.valid.value = 0

    def look(self) -> None:
        """Before the rising edge: what has been taken or is to be kept."""
        if self._offers and int(self.ready.value):
            self.queue.popleft()
            self._offers, self.taken = False, self.taken + 1


class Sink:
    """Takes words into `got` (or gives them to `on_word`), and holds the other side to its word:
    what is offered stays."""

    def __init__(
        self, dut: Any, port: str, stall: Stall | None = None, on_word: Callable[[int], None] | None = None
    ) -> None:
        self.valid, self.payload, self.ready = (
            getattr(dut, f"{port}__{part}") for part in ("valid", "payload", "ready")
        )
        self.port, self.stall, self.got = port, stall or Stall(), []
        self.on_word = on_word or self.got.append
        self.blocked, self._ready, self._held = False, False, None
        self.ready.value = 0

    def drive(self) -> None:
        """At the falling edge: what this end puts on its stream."""
        self._ready = not self.blocked and not self.stall()
        self.ready.value = self._ready

    def look(self) -> None:
        """Before the rising edge: what has been taken or is to be kept."""
        if not int(self.valid.value):
            assert self._held is None, f"{self.port}: {self._held:#x} was offered, then withdrawn"
            return
        word = int(self.payload.value)
        assert self._held in (None, word), (
            f"{self.port}: {self._held:#x} was offered, then {word:#x} in its place"
        )
        self._held = None if self._ready else word
        if self._ready:
            self.on_word(word)


class Ends:
    """All the ends of one device under test, turned together."""

    def __init__(self, dut: Any) -> None:
        self.dut, self.ends, self.cycles = dut, [], 0

    def source(self, port: str, stall: Stall | None = None) -> Source:
        """A new source at `port`."""
        self.ends.append(Source(self.dut, port, stall))
        return self.ends[-1]

    def sink(
        self, port: str, stall: Stall | None = None, on_word: Callable[[int], None] | None = None
    ) -> Sink:
        """A new sink at `port`."""
        self.ends.append(Sink(self.dut, port, stall, on_word))
        return self.ends[-1]

    async def start(self) -> None:
        """Clock on, reset for three cycles."""
        Clock(self.dut.clk, PERIOD_NS, "ns").start(start_high=False)
        self.dut.rst.value = 1
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def cycle(self) -> None:
        """One clock cycle."""
        await FallingEdge(self.dut.clk)
        await self.turn()

    async def turn(self) -> None:
        """What a cycle does after its falling edge."""
        for end in self.ends:
            end.drive()
        await ReadOnly()
        for end in self.ends:
            end.look()
        self.cycles += 1

    async def until(self, done: Callable[[], bool], limit: int, what: str) -> None:
        """Turn until `done`; AssertionError after `limit` cycles."""
        for _ in range(limit):
            if done():
                return
            await self.cycle()
        raise AssertionError(f"{what}: not within {limit} cycles")

    async def run(self, cycles: int) -> None:
        """Clocks all ends until nothing is left to send and nothing comes."""
        for _ in range(cycles):
            await self.cycle()
