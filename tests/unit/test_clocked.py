"""Registers in clocked processes of their own: what is merged, what stays as it was, and a proof for one component."""

import subprocess

import pytest

from spikeplane import toolchain
from spikeplane.config import PRESETS
from spikeplane_gateware import generate
from spikeplane_gateware.clocked import clocked
from spikeplane_gateware.core.schedule import Schedule

GUARD = "    if (\\$auto$verilog_backend.cc:1:dump_module$1 ) begin end\n"


def module(*parts: str) -> str:
    """A module as yosys writes it, of these lines."""
    return "".join(["module top(clk);\n", *parts, "endmodule\n"])


def register(name: str, following: str) -> str:
    return f"  always @(posedge clk)\n    {name} <= {following};\n"


def process(*lines: str) -> str:
    """A combinational process with yosys's never-true condition at its head."""
    return "".join(["  always @* begin\n", GUARD, *(f"    {line}\n" for line in lines), "  end\n"])


def merged(*lines: str) -> str:
    return "".join(["  always @(posedge clk) begin\n", *(f"    {line}\n" for line in lines), "  end\n"])


def unchanged(*parts: str) -> bool:
    return clocked(module(*parts)) == module(*parts)


STATE = "  reg [3:0] state = 4'h5;\n"
NEXT = "  reg [3:0] \\$1 ;\n"
CLOCKED = register("state", "\\$1 ")


def test_an_enable_and_a_reset_become_conditions_of_the_register():
    body = ["if (en) begin", "  {} = x;", "end", "if (rst) begin", "  {} = 4'h5;", "end"]
    before = module(STATE, NEXT, CLOCKED, process("\\$1  = state;", *(line.format("\\$1 ") for line in body)))
    after = [line.format("state").replace(" = ", " <= ") for line in body]
    assert clocked(before) == module(STATE, merged(*after))  # the reset value at power-up stays with the declaration


def test_a_next_value_that_is_always_taken_stays_an_assignment():
    before = module(STATE, NEXT, CLOCKED, process("\\$1  = x;", "if (rst) begin", "  \\$1  = 4'h5;", "end"))
    assert clocked(before) == module(STATE, merged("state <= x;", "if (rst) begin", "  state <= 4'h5;", "end"))


def test_slices():
    body = ("casez (s)", "  1'h1:", "    begin", "      {}[2:0] = x;", "      {}[3] = y;", "    end", "endcase")
    before = module(STATE, NEXT, CLOCKED, process("\\$1  = state;", *(line.format("\\$1 ") for line in body)))
    after = [line.format("state ").replace(" = ", " <= ") for line in body]
    assert clocked(before) == module(STATE, merged(*after))


def test_a_register_with_an_escaped_name():
    names = "  reg \\a.b = 1'h0;\n", "  reg \\$1 ;\n"
    before = module(
        *names, register("\\a.b ", "\\$1 "), process("\\$1  = \\a.b ;", "if (en) begin", "  \\$1  = \\c.d ;", "end")
    )
    assert clocked(before) == module(names[0], merged("if (en) begin", "  \\a.b <= \\c.d ;", "end"))


def test_keeping_the_value_further_down_overrides_what_stands_above():
    lines = ["if (a) begin", "  {}= x;", "end", "if (b) begin", "  {}= state;", "end"]
    before = module(STATE, NEXT, CLOCKED, process("\\$1  = state;", *(line.format("\\$1  ") for line in lines)))
    assert clocked(before) == module(STATE, merged(*(line.format("state <") for line in lines)))


def test_a_next_value_that_is_read_elsewhere_stays():
    ends = process("\\$1  = state;", "if (en) begin", "  \\$1  = x;", "end")
    assert unchanged(STATE, NEXT, CLOCKED, "  assign peek = \\$1 ;\n", ends)
    assert unchanged(STATE, NEXT, CLOCKED, "  assign peek = ~\\$1 [2];\n", ends)
    assert unchanged(STATE, NEXT, CLOCKED, register("other", "\\$1 "), ends)
    assert unchanged(STATE, NEXT, CLOCKED, process("\\$1  = state;", "if (\\$1 [0]) begin", "  \\$1  = x;", "end"))
    assert unchanged(STATE, NEXT, CLOCKED, process("\\$1  = state;", "\\$1  = { x, \\$1 [0] };"))


def test_two_targets_in_one_process_stay():
    assert unchanged(STATE, NEXT, CLOCKED, process("\\$1  = state;", "\\$2  = x;"))
    assert unchanged(STATE, NEXT, CLOCKED, process("\\$1  = state;", "{ y, z } = x;"))


def test_a_name_that_begins_like_another_is_another():
    other = "  reg [3:0] \\$12 ;\n"
    before = module(STATE, NEXT, other, CLOCKED, process("\\$1  = state;", "if (en) begin", "  \\$1  = \\$12 ;", "end"))
    assert clocked(before) == module(STATE, other, merged("if (en) begin", "  state <= \\$12 ;", "end"))


def test_what_is_no_register_stays():
    wire = process("\\$1  = x;", "if (en) begin", "  \\$1  = y;", "end")
    assert unchanged(NEXT, wire)
    reset = "  always @(posedge clk, posedge rst)\n    state <= \\$1 ;\n"
    assert unchanged(STATE, NEXT, reset, wire)


def test_modules_do_not_see_each_other():
    one = module(STATE, NEXT, CLOCKED, process("\\$1  = x;"))
    read = module(NEXT, "  assign peek = \\$1 ;\n")
    assert clocked(one + read) == module(STATE, merged("state <= x;")) + read


READ = "read_verilog {0}.v; hierarchy -top top; proc; flatten; memory; opt_clean; design -stash {0}"
EQUAL = (
    "design -copy-from before -as gold top; design -copy-from after -as gate top; equiv_make gold gate equiv; "
    "hierarchy -top equiv; opt_clean; equiv_simple; equiv_induct; equiv_status -assert"
)


@pytest.fixture
def verilog(monkeypatch):
    """Schedule, the core's richest state machine, before the pass."""
    monkeypatch.setattr(generate, "clocked", lambda text: text)
    return generate.convert(Schedule(PRESETS["tiny"]), "top")


def equivalent(folder, before: str, after: str) -> bool:
    """yosys proves, register by register, that both texts do the same."""
    (folder / "before.v").write_text(before)
    (folder / "after.v").write_text(after)
    script = "; ".join([READ.format("before"), READ.format("after"), EQUAL])
    result = subprocess.run([toolchain.yosys(), "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0 or "unproven $equiv cells" in result.stderr, result.stderr
    return result.returncode == 0


def test_a_component_is_proved_to_mean_the_same(tmp_path, verilog):
    after = clocked(verilog)
    assert after.count("  always @(posedge clk) begin\n") > 20
    assert equivalent(tmp_path, verilog, after)


def test_the_proof_sees_a_wrong_condition(tmp_path, verilog):
    after = clocked(verilog)
    wrong = after.replace("          if (pending) begin\n", "          if (take) begin\n", 1)
    assert wrong != after
    assert not equivalent(tmp_path, verilog, wrong)
