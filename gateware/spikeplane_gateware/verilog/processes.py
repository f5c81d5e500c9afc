"""Processes as Verilog: `always @*` for what is worked out, `always @(posedge ...)` for registers
with their conditions.

A process of the netlist assigns the whole of one wire first and then, by `switch`, parts of it.
Where that wire only leads to a register, the register takes its place: `if (enable) r <= x;` is
what people write, and a register that rests is not touched in simulation.
"""

from spikeplane_gateware.verilog.expressions import Expressions, constant
from spikeplane_gateware.verilog.rtlil import Assign, Bits, Part, Switch, Value, joined, sliced, width_of

Process = list[Assign | Switch]


def target_of(process: Process) -> Value:
    """What the process assigns."""
    first = process[0]
    assert isinstance(first, Assign)
    return first.target


def plain(process: Process) -> Value | None:
    """What a process without a condition always assigns: it needs none of its own. None for one
    with conditions."""
    target, *more = process
    assert isinstance(target, Assign)
    bits: list[Bits | Part] = [sliced(target.value, k, 1)[0] for k in range(width_of(target.value))]
    for statement in more:
        if isinstance(statement, Switch):
            return None
        low = _offset(target.target, statement.target)
        bits[low : low + width_of(statement.value)] = [
            sliced(statement.value, k, 1)[0] for k in range(width_of(statement.value))
        ]
    return joined(bits)


def _offset(whole: Value, part: Value) -> int:
    """Where in the target `whole`, neighbouring bits of one wire, `part` begins."""
    (first,), (second,) = whole, part
    assert isinstance(first, Part)
    assert isinstance(second, Part)
    return second.low - first.low


def combinational(x: Expressions, process: Process) -> list[str]:
    """The lines of `always @*`."""
    return [
        "  always @* begin",
        *_Writer(x, "=", target_of(process), target_of(process)).statements(process, "    "),
        "  end",
    ]


def clocked(x: Expressions, process: Process, clock: str, register: Value) -> list[str]:
    """The lines of a clocked process in which `register` takes the place of the process's target;
    none if it never changes."""
    first, *rest = process
    assert isinstance(first, Assign)
    writer = _Writer(x, "<=", first.target, register)
    # a register keeps its value anyway
    lines = writer.statements(rest if first.value == register else process, "    ")
    return [f"  always @(posedge {clock}) begin", *lines, "  end"] if lines else []


class _Writer:
    """Renders statements; `target`, what they assign, is written as `register`."""

    def __init__(self, x: Expressions, symbol: str, target: Value, register: Value) -> None:
        self.x, self.symbol, self.target, self.register = x, symbol, target, register

    def statements(self, statements: Process, indent: str) -> list[str]:
        lines: list[str] = []
        for statement in statements:
            if isinstance(statement, Switch):
                lines += self._switch(statement, indent)
            else:
                low = _offset(self.target, statement.target)
                part = self.x.value(sliced(self.register, low, width_of(statement.target)))
                lines.append(f"{indent}{part} {self.symbol} {self.x.value(statement.value)};")
        return lines

    def _switch(self, switch: Switch, indent: str) -> list[str]:
        cases = [(patterns, self.statements(inner, indent + "  ")) for patterns, inner in switch.cases]
        while cases and not cases[-1][1]:
            cases.pop()
        if not cases:
            return []
        if not cases[0][0]:  # always
            return self.statements(switch.cases[0][1], indent)
        conditions = [self._condition(switch.value, patterns) for patterns, _ in cases]
        if None in conditions:
            return self._case(switch.value, cases, indent)
        lines: list[str] = []
        for condition, (_, inner) in zip(conditions, cases, strict=True):
            head = f"if ({condition}) begin" if condition else "begin"
            lines += [f"{indent}end else {head}" if lines else f"{indent}{head}", *inner]
        return [*lines[: self._reach(lines, indent)], f"{indent}end"]

    @staticmethod
    def _reach(lines: list[str], indent: str) -> int:
        """Lines up to the branch that is always taken: none can follow it."""
        always = next((k for k, line in enumerate(lines) if line == f"{indent}end else begin"), None)
        if always is None:
            return len(lines)
        return next(
            (k for k in range(always + 1, len(lines)) if lines[k].startswith(f"{indent}end else")), len(lines)
        )

    def _condition(self, value: Value, patterns: list[str]) -> str | None:
        """The one bit that a case looks at, "" for one that is always met, None for one that is neither."""
        if not patterns:
            return ""
        looked = [place for place, digit in enumerate(reversed(patterns[0])) if digit != "-"]
        if len(patterns) > 1 or len(looked) != 1:
            return None
        bit = self.x.value(sliced(value, looked[0], 1))
        return bit if patterns[0][-1 - looked[0]] == "1" else f"~{bit}"

    def _case(self, value: Value, cases: list[tuple[list[str], list[str]]], indent: str) -> list[str]:
        every = [pattern for patterns, _ in cases for pattern in patterns]
        free = any("-" in pattern for pattern in every)
        if (
            not free and all(patterns for patterns, _ in cases) and len(set(every)) == len(every)
        ):  # what does nothing goes unsaid
            cases = [case for case in cases if case[1]]
        lines = [f"{indent}{'casez' if free else 'case'} ({self.x.value(value)})"]
        for patterns, inner in cases:
            label = ", ".join(_label(pattern, free) for pattern in patterns) or "default"
            if inner:
                lines += [f"{indent}  {label}: begin", *[f"  {line}" for line in inner], f"{indent}  end"]
            else:
                lines.append(f"{indent}  {label}: ;")
            if not patterns:
                break
        else:
            if free or sum(len(patterns) for patterns, _ in cases) < 1 << width_of(value):
                lines.append(f"{indent}  default: ;")
        return [*lines, f"{indent}endcase"]


def _label(pattern: str, free: bool) -> str:
    return f"{len(pattern)}'b{pattern.replace('-', '?')}" if free else constant(pattern)
