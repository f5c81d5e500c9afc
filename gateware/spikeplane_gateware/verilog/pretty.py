"""From one text of many modules to files that people read: a module a file, plain names, lines of 120 columns.

```
    text -> modules -> equal ones but for a number merged -> plain names -> ports in order -> wrapped lines
```
Nothing else changes: the modules mean what they meant, and instances keep their names but for escapes.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from spikeplane_gateware.verilog.keywords import KEYWORDS

COLUMNS = 120
_MODULE = re.compile(r"^module\s+(\\\S+|[\w$]+).*?^endmodule\n", re.MULTILINE | re.DOTALL)
_LEAD = re.compile(r"(?:^//[^\n]*\n)*\Z", re.MULTILINE)
#: An escaped name with the space that ends it, or a name of a letter on; not a system task, not digits.
_NAME = re.compile(r"\\(\S+) |(?<![\w$'\\.])([A-Za-z_][\w$]*)|(?<=\.)([A-Za-z_][\w$]*)")
_HEADER = re.compile(r"^(module [\w$]+\()\n((?:  (?:input|output|inout) [^\n]*\n)+)(\);)", re.MULTILINE)
_ZEROS = re.compile(
    r"(?<='h)0{16,}(?=[0-9a-f])"
)  # leading ones of a wide constant, which Verilog adds by itself
_STREAM = ("payload", "valid", "ready")


def modules_of_text(text: str, order: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """By name every module of a text as it is written to a file. `order`: by module the order of its
    ports; others have clk and rst first, and what belongs to a stream together."""
    found = _plain(_merged(_split(text)))
    return {name: _wrapped(_ordered(body, (order or {}).get(name, ()))) for name, body in found.items()}


def _split(text: str) -> dict[str, str]:
    """By name, in the text's order, each module with the comment in front of it."""
    found: dict[str, str] = {}
    for module in _MODULE.finditer(text):
        lead = _LEAD.search(text[: module.start()])
        found[module[1].removeprefix("\\")] = (lead[0] if lead else "") + module[0]
    return found


def _merged(modules: dict[str, str]) -> dict[str, str]:
    """Modules that are equal and whose names differ by the number at the end become one without it."""
    while True:
        groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, text in modules.items():
            stem = re.sub(r"_\d+$", "", name)
            groups[stem, text.replace(f"\\{name} ", "\\ ", 1)].append(name)
        several = {key: names for key, names in groups.items() if len(names) > 1}
        if not several:
            return modules
        for (stem, _), names in several.items():
            one = stem if stem not in modules else names[0]
            modules = _renamed(modules, names, one)


def _renamed(modules: dict[str, str], names: list[str], one: str) -> dict[str, str]:
    """The modules with `names[0]` called `one` in the place of all of them."""
    found: dict[str, str] = {}
    known = re.compile("|".join(re.escape(f"\\{name} ") for name in names))
    for name, text in modules.items():
        if name not in names[1:]:
            found[one if name == names[0] else name] = known.sub(lambda _: f"\\{one} ", text)
    return found


def _plain(modules: dict[str, str]) -> dict[str, str]:
    """Every name without an escape or a dollar: a name is called the same in all modules."""
    used = {a or b or c for text in modules.values() for a, b, c in _NAME.findall(text)}
    plain = {name: name for name in used if re.fullmatch(r"[A-Za-z_]\w*", name) and name not in KEYWORDS}
    taken, chosen = set(plain) | KEYWORDS, dict[str, str]()
    for name in sorted(used - set(plain)):
        if name in KEYWORDS and not any(f"\\{name} " in text for text in modules.values()):
            continue
        base = re.sub(r"\W+", "_", name.replace("$", "_")).strip("_") or "n"
        base = f"{base}_" if base in KEYWORDS else base if not base[0].isdigit() else f"n{base}"
        new, count = base, 1
        while new in taken:
            count += 1
            new = f"{base.rstrip('_')}_{count}"
        taken.add(new)
        chosen[name] = new

    def called(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        # what stands without an escape and is a keyword is one
        return name if found[1] is None and name in KEYWORDS else chosen.get(name, name)

    return {chosen.get(name, name): _NAME.sub(called, text) for name, text in modules.items()}


def _ordered(text: str, order: Sequence[str]) -> str:
    """The ports of the module's header in that order."""

    def sort(header: re.Match[str]) -> str:
        ports = [line.strip().removesuffix(",") for line in header[2].splitlines()]
        names = [port.split()[-1] for port in ports]
        stems = list(dict.fromkeys(name.partition("__")[0] for name in names))

        def place(name: str) -> tuple[int, int, int]:
            if name in order:
                return 0, list(order).index(name), 0
            stem, _, part = name.partition("__")
            inner = _STREAM.index(part) if part in _STREAM else -1
            return 1, -2 + ("clk", "rst").index(name) if name in ("clk", "rst") else stems.index(stem), inner

        chosen = [port for _, port in sorted(zip(names, ports, strict=True), key=lambda pair: place(pair[0]))]
        return header[1] + "\n" + ",\n".join(f"  {port}" for port in chosen) + f"\n{header[3]}"

    return _HEADER.sub(sort, text, count=1)


def _wrapped(text: str) -> str:
    return "\n".join(part for line in _ZEROS.sub("", text).split("\n") for part in _lines(line))


def _lines(line: str) -> list[str]:
    """A line in as many as its columns need: what follows is indented, or a comment again."""
    indent = re.match(r"\s*", line)
    assert indent
    more = "// " if line.lstrip().startswith("//") else indent[0] + "    "
    found: list[str] = []
    while len(line) > COLUMNS:
        at = line.rfind(" ", len(more) + 1, COLUMNS + 1)
        if at < 0:
            break
        found.append(line[:at])
        line = more + line[at + 1 :]
    return [*found, line]
