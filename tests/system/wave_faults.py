"""Faults in the routers and cores of a simulated mesh, in its own Verilog: a wrong spike, one that is missing, one too
many, and one that a router loses. A wire `fault` is 1 in the cycle in which it happens, and is in the waves."""

from dataclasses import dataclass
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.packets import offsets
from spikeplane_sim.board import build

FLIP, MISSING, MORE = "flip", "missing", "more"


@dataclass(frozen=True)
class Fault:
    """What happens to the spikes of a place (group, y, x) that core (x, y) sends the host under a tag, in one step of
    the run."""

    kind: str
    core: tuple[int, int]
    tag: int
    step: int
    place: tuple[int, int, int]


def place(config: ChipConfig, kind: Kind, name: str) -> str:
    """The bits of a field of a packet, as Verilog selects them."""
    at, width = offsets(packet_format(config), kind)[name]
    return f"[{at + width - 1}:{at}]"


def _told(config: ChipConfig, packet: str, fault: Fault) -> tuple[str, str]:
    """Conditions: a token, and the spike of the fault's place, for the host under its tag."""
    field = {
        name: f"{packet}{place(config, Kind.SPIKE, name)}"
        for name in ("kind", "host", "tag", "group", "y", "x")
    }
    mine = f"{field['host']} == 1 && {field['tag']} == {fault.tag}"
    where = " && ".join(f"{field[n]} == {v}" for n, v in zip(("group", "y", "x"), fault.place, strict=True))
    return (
        f"{field['kind']} == {int(Kind.TOKEN)} && {mine}",
        f"{field['kind']} == {int(Kind.SPIKE)} && {mine} && {where}",
    )


def core(config: ChipConfig, faults: list[Fault]) -> str:
    """core.v with these faults."""
    text = (Path(build.__file__).parent / "core.v").read_text()
    at = offsets(packet_format(config), Kind.SPIKE)
    hits: dict[str, str] = dict.fromkeys((FLIP, MISSING, MORE), "1'b0")
    added = "\n  wire [`PACKET_BITS-1:0] sent, one = 1;\n  wire valid, ready;"
    for n, fault in enumerate(faults):
        token, spike = _told(config, "sent", fault)
        here = f"column == {fault.core[0]} && row == {fault.core[1]}"
        added += f"""
  reg [15:0] ended_{n};
  always @(posedge clk) if (reset) ended_{n} <= 0; else if (valid && ready && {token}) ended_{n} <= ended_{n} + 1;
  wire hit_{n} = valid && {here} && ended_{n} == {fault.step} && {spike};"""
        hits[fault.kind] += f" | hit_{n}"
    added += f"""
  wire flip = {hits[FLIP]}, missing = {hits[MISSING]}, more = {hits[MORE]};
  reg again;
  reg [`PACKET_BITS-1:0] copy;
  always @(posedge clk) if (reset) again <= 0; else if (o_local_ready) again <= more && !again;
  always @(posedge clk) if (o_local_ready) copy <= sent ^ (one << {at["y"][0]});
  assign ready = (o_local_ready | missing) & !again;
  assign o_local_valid = again | (valid & !missing);
  assign o_local_payload = again ? copy : sent ^ (flip ? one << {at["mask"][0]} : 0);
  wire fault = (again & o_local_ready) | (valid & o_local_ready & flip) | (missing & ready);
endmodule"""
    names = {".o__valid(o_local_valid)": ".o__valid(valid)", ".o__ready(o_local_ready)": ".o__ready(ready)"}
    names |= {".o__payload(o_local_payload)": ".o__payload(sent)"}
    return _changed(text, names, added)


def router(config: ChipConfig, fault: Fault) -> str:
    """router.v that loses a spike on its way out to the host."""
    text = (Path(build.__file__).parent / "router.v").read_text()
    token, spike = _told(config, "sent", fault)
    source = " && ".join(
        f"sent{place(config, Kind.TOKEN, name)} == {v}"
        for name, v in zip(("source_x", "source_y"), fault.core, strict=True)
    )
    added = f"""
  wire [`PACKET_BITS-1:0] sent;
  wire valid, ready;
  reg [15:0] ended;
  always @(posedge clk) if (reset) ended <= 0; else if (valid && ready && {token} && {source}) ended <= ended + 1;
  wire missing = valid && column == 0 && row == 0 && ended == {fault.step} && {spike};
  wire fault = missing & ready;
  assign ready = o_west_ready | missing;
  assign o_west_valid = valid & !missing;
  assign o_west_payload = sent;
endmodule"""
    names = {
        ".o_west__valid(o_west_valid)": ".o_west__valid(valid)",
        ".o_west__ready(o_west_ready)": ".o_west__ready(ready)",
    }
    names |= {".o_west__payload(o_west_payload)": ".o_west__payload(sent)"}
    return _changed(text, names, added)


def _changed(text: str, names: dict[str, str], added: str) -> str:
    for old, new in names.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert text.count("endmodule") == 1
    return text.replace("endmodule", added)
