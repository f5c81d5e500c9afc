"""Tidies generated Verilog: registers in clocked processes of their own, with their conditions.

Amaranth's back end writes each register twice, as a combinational process that works out its next value and as a clocked one that
takes it:

    always @* begin next = r; if (enable) begin next = x; end end        always @(posedge clk) r <= next;

Here the two become `always @(posedge clk) begin if (enable) begin r <= x; end end`, which means the same, is what people write, and
simulates faster: a register that rests is not touched. A register with the attribute `keep` has it on its process as well: that is
where synthesis looks before it makes one register of two equal ones.
"""

import re

_CLOCKED = re.compile(r"^  always @\(posedge (\S+)\)\n    (\S+) {1,2}<= (\S+) ?;\n", re.MULTILINE)
_PROCESS = re.compile(r"^  always @\* begin\n(?:    if \(\\\$auto\S+ \) begin end\n)?(.*?)^  end\n", re.MULTILINE | re.DOTALL)
_ASSIGNED = re.compile(r"^\s*(?:\S+: )?(\S+) (?:\[[\d:]+\] )? ?= ", re.MULTILINE)
_KEPT = re.compile(
    r"^  \(\* keep = [^*]*\*\)\n(?:  output reg|  reg|  output|  wire) (?:signed )?(?:\[\d+:0\] )?(\S+)", re.MULTILINE
)
_CONCATENATED = re.compile(r"^\s*(?:\S+: )?\{", re.MULTILINE)  #: assigned to several names at once


def clocked(text: str) -> str:
    """The Verilog `text`, module by module."""
    return re.sub(r"^module .*?^endmodule\n", lambda found: _module(found[0]), text, flags=re.MULTILINE | re.DOTALL)


def _module(text: str) -> str:
    registers = {following: (clock, register) for clock, register, following in _CLOCKED.findall(text)}
    uses: dict[str, int] = {}
    for name in re.findall(r"\\\S+|[A-Za-z_]\w*", text):
        uses[name] = uses.get(name, 0) + 1
    merged: set[str] = set()

    def process(found: re.Match[str]) -> str:
        body = found[1]
        assigned = _ASSIGNED.findall(body)
        if len(set(assigned)) != 1 or _CONCATENATED.search(body):
            return found[0]
        name = assigned[0]
        inside = len(re.findall(rf"(?<!\S){re.escape(name)}(?![\w$])", body))
        # Only this process may write `name` and only the clocked one read it: declaration and reading are the two other uses.
        if name not in registers or uses[name] != inside + 2 or inside != len(assigned):
            return found[0]
        merged.add(name)
        clock, register = registers[name]
        lines = [_nonblocking(line, name, register) for line in body.splitlines()]
        # A register keeps its value anyway. Only where that comes first: further down it overrides what stands above.
        kept = lines[1:] if lines[0].rstrip(" ;").split() == [register, "<=", register] else lines
        return "".join(f"{line}\n" for line in [f"  always @(posedge {clock}) begin", *kept, "  end"])

    text = _PROCESS.sub(process, text)
    text = _CLOCKED.sub(lambda found: "" if found[3] in merged else found[0], text)
    for register in _KEPT.findall(text):
        writes = re.compile(rf"^  (always @\(posedge \S+\)(?: begin)?\n(?:.*\n)??\s+{re.escape(register)} +<= )", re.MULTILINE)
        text = writes.sub(r"  (* keep *) \1", text)
    return re.sub(
        r"^  reg (?:\[\d+:0\] )?(\S+) ?;\n", lambda found: "" if found[1] in merged else found[0], text, flags=re.MULTILINE
    )


def _nonblocking(line: str, name: str, register: str) -> str:
    """The assignment in `line`, if there is one, to the register."""
    return re.sub(rf"(?<!\S){re.escape(name)}\s+(\[[\d:]+\] )?\s*= ", lambda found: f"{register} {found[1] or ''}<= ", line)
