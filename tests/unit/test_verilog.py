"""The writer of Verilog: what becomes a register, what is left out, and a proof that a component
means what Amaranth elaborated."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import subprocess
from pathlib import Path
from typing import Any

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane import toolchain
from spikeplane.camera.config import CameraConfig
from spikeplane.config import PRESETS
from spikeplane_gateware.core.soma.schedule import Schedule
from spikeplane_gateware.link.link import Link
from spikeplane_gateware.ram import Verilog
from spikeplane_gateware.tile import Tile
from spikeplane_gateware.units.camera.lane import Lane
from spikeplane_gateware.verilog.write import verilog_of

PORTS = {"a": In(4), "b": In(4), "s": In(2), "q": Out(4), "w": Out(6), "t": Out(1)}


class Small(wiring.Component):
    """A component of these statements."""

    def __init__(self, build: Any) -> None:
        self.build = build
        super().__init__(PORTS)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.build(m, self)
        return m


def written(build: Any) -> str:
    return verilog_of(Small(build), "top", Verilog())


def test_an_enable_and_a_reset_are_conditions_of_the_register() -> None:
    def build(m: Any, x: Any) -> None:
        with m.If(x.s[0]):
            m.d.sync += x.q.eq(x.a)

    text = written(build)
    assert (
        "  always @(posedge clk) begin\n    if (s[0]) begin\n      q <= a;\n    end\n    if (rst) "
        "begin\n      q <= 4'h0;\n    end\n  end\n"
    ) in text
    assert "  initial begin\n    q <= 4'h0;\n  end\n" in text


def test_a_next_value_that_is_read_elsewhere_stays_a_process() -> None:
    def build(m: Any, x: Any) -> None:
        following = Signal(4)
        m.d.comb += following.eq(x.q)
        with m.If(x.s[0]):
            m.d.comb += following.eq(x.a)
        m.d.comb += x.w.eq(following)
        m.d.sync += x.q.eq(following)

    text = written(build)
    assert "  always @* begin\n    following = q;\n    if (s[0]) begin\n      following = a;\n" in text
    assert "    q <= following;\n" in text


def test_a_state_machine_is_a_case_with_a_default() -> None:
    def build(m: Any, x: Any) -> None:
        with m.Switch(x.s):
            with m.Case(0):
                m.d.sync += x.q.eq(x.a)
            with m.Case(1):
                pass
            with m.Case(2):
                m.d.sync += x.q[1:3].eq(3)

    text = written(build)
    assert (
        "    case (s)\n      2'h0: begin\n        q <= a;\n      end\n      2'h2: begin\n        "
        "q[2:1] <= 2'h3;\n      end\n"
    ) in text
    assert "      default: ;\n    endcase\n" in text


def test_what_nobody_reads_is_left_out_and_sums_are_as_wide_as_their_readers() -> None:
    def build(m: Any, x: Any) -> None:
        unread, register = Signal(4), Signal(4)
        m.d.comb += unread.eq(x.a ^ x.b)
        m.d.sync += register.eq(x.a)
        m.d.comb += [x.q.eq(x.a + x.b), x.w.eq(x.a + x.b)]

    text = written(build)
    assert "unread" not in text
    assert "register" not in text
    assert "{1'b0, a} + {1'b0, b}" in text  # one reader takes the carry
    assert " = a + b;" in text


def test_the_condition_of_a_branch_that_assigns_nothing_here_is_left_out() -> None:
    """Each process has all branches of an If; the condition of one that is a register's alone is worked out for that."""

    def build(m: Any, x: Any) -> None:
        with m.If(x.a[0]):
            m.d.comb += x.w.eq(x.b)
        with m.Elif(x.s == 2):
            m.d.sync += x.q.eq(x.a)

    text = written(build)
    assert text.count("s == 2'h2") == 1
    assert text.count("wire n") == 1


def test_constant_bits_beside_driven_ones_need_no_process() -> None:
    """The fault that began this: yosys gave such a bit an `always @*` that reads nothing."""

    def build(m: Any, x: Any) -> None:
        part = Signal(6)
        m.d.comb += part[5].eq(1)
        with m.If(x.s[0]):
            m.d.comb += part[0:4].eq(x.a)
        m.d.comb += x.w.eq(part)

    text = written(build)
    assert text.count("always @*") <= 1
    assert "6'h20" in text or "[5] = 1'b1" in text


def test_comparisons_that_the_range_decides_are_constants() -> None:
    def build(m: Any, x: Any) -> None:
        low, high = Const(-8, signed(4)), Const(7, signed(4))
        a, s = x.a.as_signed(), x.s
        m.d.comb += x.w.eq(Cat(s <= 3, s > 3, s >= 0, a < low, a <= high, high < a))
        m.d.comb += x.q.eq(Cat(s < 3, s > 0, a < high, low <= a))

    text = written(build)
    assert "assign w = {n6, n5, n4, n3, n2, n1};" in text
    found = [
        line.split(" = ")[1]
        for line in text.splitlines()
        if line.startswith("  assign n") and "'b" in line and "<" not in line
    ]
    assert sorted(found) == ["1'b0;"] * 3 + ["1'b1;"] * 4
    assert text.count(" < ") + text.count(" > ") == 3


def odd(m: Any, x: Any) -> None:
    """Operators that the chip hardly uses: signed and unsigned, shifts, slices at a variable place,
    priority, names that are words."""
    bit, table = Signal(signed(5), name="bit"), memory.Memory(shape=4, depth=5, init=[3, 1, 4, 1, 5])
    m.submodules.table = table
    read, write = table.read_port(domain="sync"), table.write_port(granularity=2)
    m.d.comb += [
        read.addr.eq(x.a),
        write.addr.eq(x.b),
        write.data.eq(x.a),
        write.en.eq(x.s),
        read.en.eq(x.s[0]),
    ]
    m.d.sync += bit.eq(x.a.as_signed() * x.b.as_signed() - bit)
    m.d.comb += x.w.eq(
        Cat(x.a, x.b).bit_select(x.s, 3) + (bit >> x.s) + (x.a << x.s) + Cat(x.a, x.b).word_select(x.s[0], 4)
    )
    with m.Switch(Cat(x.a, x.s)):
        with m.Case("11--0-", "0000-1"):
            m.d.comb += x.t.eq(bit < x.b.as_signed())
        with m.Case("1-----"):
            m.d.comb += x.t.eq((-x.a) == Const(0))
        with m.Default():
            m.d.comb += x.t.eq(x.a.all() ^ x.b.xor())
    with m.If(x.s == 0):
        m.d.sync += x.q.eq(read.data)
    with m.Elif(x.s[1]):
        m.d.sync += x.q[0:2].eq(x.b)
    with m.Else():
        m.d.sync += x.q.eq(~x.a)


RAM = (
    "(* blackbox *) module spikeplane_ram #(parameter WIDTH = 8, parameter DEPTH = 16, parameter "
    "ADDRESS = 4) (input clk, input read_en,\n"
    "input [ADDRESS-1:0] read_address, output [WIDTH-1:0] read_data, input write_en, input "
    "[ADDRESS-1:0] write_address,\n"
    "input [WIDTH-1:0] write_data); endmodule\n"
)
READ = (
    "read_{kind}; read_verilog -lib ram.v; hierarchy -top top; proc; flatten; memory; "
    "opt_clean; design -stash {side}"
)
EQUAL = (
    "design -copy-from before -as gold top; design -copy-from after -as gate top; equiv_make gold "
    "gate equiv; hierarchy -top equiv; "
    "opt_clean; equiv_simple; equiv_induct; equiv_status -assert"
)


def equivalent(folder: Path, component: Any, text: str) -> bool:
    """yosys proves, register by register, that the Verilog `text` does what Amaranth elaborated."""
    (folder / "before.il").write_text(
        rtlil.convert(component, name="top", platform=Verilog(), emit_src=False)
    )
    (folder / "after.v").write_text(text)
    (folder / "ram.v").write_text(RAM)
    reads = [
        READ.format(kind="rtlil before.il", side="before"),
        READ.format(kind="verilog after.v", side="after"),
    ]
    result = subprocess.run(
        [toolchain.yosys(), "-q", "-p", "; ".join([*reads, EQUAL])],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0 or "unproven $equiv cells" in result.stderr, result.stderr
    return result.returncode == 0


def test_odd_operators_are_proved(tmp_path: Path) -> None:
    assert equivalent(tmp_path, Small(odd), written(odd))


def test_a_component_is_proved_to_mean_the_same(tmp_path: Path) -> None:
    schedule = Schedule(PRESETS["tiny"])
    text = verilog_of(Schedule(PRESETS["tiny"]), "top", Verilog())
    assert text.count("  always @(posedge clk) begin\n") > 20
    assert equivalent(tmp_path, schedule, text)


def test_the_proof_sees_a_wrong_condition(tmp_path: Path) -> None:
    text = verilog_of(Schedule(PRESETS["tiny"]), "top", Verilog())
    wrong = text.replace("if (pending) begin", "if (take) begin", 1)
    assert wrong != text
    assert not equivalent(tmp_path, Schedule(PRESETS["tiny"]), wrong)


WHOLE = {
    "tile": lambda: Tile(PRESETS["tiny"]),
    "link": lambda: Link(PRESETS["tiny"]),
    "lane": lambda: Lane(CameraConfig(width=20, height=16, pixels=8, method="ssr", lookahead=6)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_every_module_is_proved(tmp_path: Path, name: str) -> None:
    """A whole tile, flat: each of its registers, and what each memory is given."""
    component = WHOLE[name]
    assert equivalent(tmp_path, component(), verilog_of(component(), "top", Verilog()))
