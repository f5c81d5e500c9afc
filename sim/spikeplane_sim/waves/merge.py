"""The VCDs of a board's models as one: a scope each, and beside their signals what they send, in words.

```
    host.vcd, router_0_0.vcd, core_0_0.vcd, ... -+-> scopes host, router_0_0, core_0_0, ... of `chip`
    packets in words, the number of the cycle ---+
```
Cycle n is the time from 10 n to 10 n + 10, in ns: a clock of 100 MHz.
"""

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

CYCLE = 10  #: units of time
HALF = 5
_NUMBER, _CLOCK = "!!", '!"'  #: the identifiers of the cycle and of the clock, which every model has
_LETTERS = [chr(n) for n in range(33, 127)]


def short(number: int) -> str:
    """Two letters for a number, as VCD identifiers have them."""
    return _LETTERS[number // len(_LETTERS)] + _LETTERS[number % len(_LETTERS)]


def merge(
    files: list[Path],
    words: Iterable[tuple[str, int, str]],
    first: int,
    last: int,
    out: Path,
    title: str,
) -> None:
    """Write one VCD of the models' `files`, which hold the cycles `first` to `last`. `words`: (scope, cycle, text),
    the packets."""
    said: dict[str, list[tuple[int, str]]] = {}
    for scope, cycle, text in words:
        said.setdefault(scope, []).append((cycle, text))
    with ExitStack() as stack:
        sources = [stack.enter_context(path.open()) for path in files]
        sink = stack.enter_context(out.open("w"))
        sink.write(f"$comment {title} $end\n$timescale 1ns $end\n$scope module chip $end\n")
        sink.write(f"$var wire 64 {_NUMBER} cycle [63:0] $end\n$var wire 1 {_CLOCK} clk $end\n")
        streams: list[Iterator[tuple[int, int, str]]] = [_cycles(first, last)]
        for number, (path, source) in enumerate(zip(files, sources, strict=True), 1):
            mark = short(2 * number)
            header, clocks = _header(source, mark, path.stem)
            sink.write(header)
            if path.stem in said:
                sink.write(f"$var string 1 {short(2 * number + 1)} sends $end\n")
                streams.append(_texts(said[path.stem], first, last, short(2 * number + 1), number))
            sink.write("$upscope $end\n")
            streams.append(_changes(source, mark, number, clocks))
        sink.write("$upscope $end\n$enddefinitions $end\n")
        _write(sink, heapq.merge(*streams, key=lambda one: one[:2]))


def _write(sink: IO[str], changes: Iterable[tuple[int, int, str]]) -> None:
    now = None
    for time, _, lines in changes:
        if time != now:
            sink.write(f"#{time}\n")
            now = time
        sink.write(lines)


def _header(source: IO[str], mark: str, scope: str) -> tuple[str, set[str]]:
    """The declarations of a model, as the scope of that name, and the identifiers of its clock. What is declared
    above its top module is left out."""
    lines, depth, clocks = [f"$scope module {scope} $end\n"], 0, set()
    for line in source:
        word, *rest = line.split()
        if word == "$enddefinitions":
            break
        if word == "$scope":
            depth += 1
            if depth > 2:
                lines.append(f"{' '.join([word, *rest])}\n")
        elif word == "$upscope":
            if depth > 2:
                lines.append("$upscope $end\n")
            depth -= 1
        elif word == "$var" and depth > 1:
            kind, width, name, *names = rest
            if names[0] == "clk":
                clocks.add(name)
            mine = _CLOCK if name in clocks else f"{mark}{name}"
            lines.append(f"$var {kind} {width} {mine} {' '.join(names)}\n")
    return "".join(lines), clocks


def _changes(source: IO[str], mark: str, order: int, left_out: set[str]) -> Iterator[tuple[int, int, str]]:
    """(time, order, lines) of a model, its names behind its mark."""
    time, lines = 0, []
    for line in source:
        head = line[0]
        if head == "#":
            if lines:
                yield time, order, "".join(lines)
            time, lines = int(line[1:]), []
        elif head in "01xz" and line[1:].rstrip() not in left_out:
            lines.append(f"{head}{mark}{line[1:]}")
        elif head in "br":
            value, name = line.split()
            lines.append(f"{value} {mark}{name}\n")
    if lines:
        yield time, order, "".join(lines)


def _texts(
    said: list[tuple[int, str]], first: int, last: int, mark: str, order: int
) -> Iterator[tuple[int, int, str]]:
    """The packets of a scope: a text for the cycle in which one leaves, else nothing."""
    before = first - 1
    if said[0][0] != first:
        yield CYCLE * first, order, f"s {mark}\n"
    for cycle, text in said:
        if before != cycle - 1 and before >= first:
            yield CYCLE * (before + 1), order, f"s {mark}\n"
        yield CYCLE * cycle, order, f"s{text.replace(' ', '_')} {mark}\n"
        before = cycle
    if before < last:
        yield CYCLE * (before + 1), order, f"s {mark}\n"


def _cycles(first: int, last: int) -> Iterator[tuple[int, int, str]]:
    for cycle in range(first, last + 1):
        yield CYCLE * cycle, 0, f"b{cycle:b} {_NUMBER}\n1{_CLOCK}\n"
        yield CYCLE * cycle + HALF, 0, f"0{_CLOCK}\n"
