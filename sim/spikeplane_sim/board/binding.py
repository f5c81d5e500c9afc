"""The one binding to simulators that are built as libraries: a table of their functions, an object of theirs.

```
    Simulator(path, "board", ...) -> ctypes -> harness.cpp: board_open, board_run, ..., board_close
```
"""

import ctypes
from pathlib import Path
from typing import Any

from spikeplane.errors import SpikeplaneError

_U8, _U32, _U64, _REAL, _OBJECT = (
    ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_double, ctypes.c_void_p,
)  # fmt: skip
_TAKEN = ctypes.POINTER(_U64)


class NodeCalls(ctypes.Structure):
    """node.h's struct of that name: the functions of a class of a mesh's nodes."""

    _fields_ = tuple((name, _OBJECT) for name in ("open", "close", "wake", "clock"))


class MeshParts(ctypes.Structure):
    """mesh.h's struct of that name: what a board's mesh is made of."""

    _fields_ = (("router", NodeCalls), ("core", NodeCalls), ("rows", _U32), ("cols", _U32))


#: Of the pins of units, see units.h.
_UNITS: dict[str, tuple[Any, list[Any]]] = {
    "give": (None, [_U32, _OBJECT, _U64, _U64]),
    "set": (None, [_U32, _U64]),
    "level": (_U64, [_U32]),
}
#: By harness: function -> result, arguments behind the object. `open` returns the object.
_FUNCTIONS: dict[str, dict[str, tuple[Any, list[Any]]]] = {
    "board": {
        "open": (_OBJECT, [_U32, ctypes.POINTER(MeshParts), _U64]),
        "run": (_U64, [_U8, _U64, _OBJECT, _U64, _U64, _U64, _U64, _TAKEN]),
        **_UNITS,
        "alone": (None, [_U64]),
        "waiting": (_U64, []),
    },
    "pins": {
        "open": (_OBJECT, [_REAL]),
        "errors": (_U64, []),
        "rate": (None, [_REAL]),
        "reset": (None, [ctypes.c_int]),
        **_UNITS,
        "run": (_U64, [_U8, _U64, _OBJECT, _U64, _U64, _U64, _TAKEN]),
    },
    "line": {
        "open": (_OBJECT, [_U32, _U32, _U32]),
        "reset": (None, []),
        "errors": (_U64, []),
        "waiting": (_U64, []),
        "feed": (None, [_OBJECT, _U64]),
        "taken": (_U64, [_OBJECT, _U64]),
        "run": (ctypes.c_int64, [_U8, _U64, _OBJECT, _U64, _U64, _U64]),
    },
}


class Simulator:
    """An object of the library `path`, whose harness is `kind`; `opening`: the arguments of its
    `open`. `call(name, ...)` calls one of its functions."""

    def __init__(self, path: Path, kind: str, *opening: Any) -> None:
        self._library, self._kind = ctypes.CDLL(str(path)), kind
        shared = {"close": (None, []), "cycles": (_U64, [])}
        for name, (result, arguments) in (shared | _FUNCTIONS[kind]).items():
            function = getattr(self._library, f"{kind}_{name}", None)
            if function is not None:
                function.restype = result
                function.argtypes = arguments if name == "open" else [_OBJECT, *arguments]
        self._object = getattr(self._library, f"{kind}_open")(*opening)

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self.call("cycles")

    def call(self, name: str, *arguments: Any) -> Any:
        """The function `name` of the object. Raises SpikeplaneError where it is closed."""
        if not self._object:
            raise SpikeplaneError("the simulated board is closed; open another one")
        return getattr(self._library, f"{self._kind}_{name}")(self._object, *arguments)

    def close(self) -> None:
        """Free the object."""
        if self._object:
            self.call("close")
            self._object = None


def node_calls(path: Path) -> NodeCalls:
    """The functions of a class of nodes that was built as the library `path`. It stays loaded."""
    library = ctypes.CDLL(str(path))
    return NodeCalls(
        *(ctypes.cast(getattr(library, f"node_{n}"), _OBJECT) for n in ("open", "close", "wake", "clock"))
    )
