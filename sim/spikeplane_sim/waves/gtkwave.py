"""GTKWave's save file: the streams of every core, under the names of its layers, and the marker."""

from spikeplane.formats.packet import packet_format
from spikeplane.program import Program
from spikeplane_sim.waves.merge import CYCLE

_BEFORE = 20  #: cycles that are seen in front of the marker
_BIT, _HEX, _DECIMAL, _TEXT, _GROUP, _END = "@28", "@22", "@24", "@820", "@800200", "@1000200"


def save_file(program: Program, waves: str, first: int, marker: int, title: str) -> str:
    """The text of a save file for the waves in the file `waves`, which begin in cycle `first`."""
    width = packet_format(program.config).width
    begin = max(first, marker - _BEFORE)
    lines = [
        f"[*] Spikeplane: {title}",
        f'[dumpfile] "{waves}"',
        f"[timestart] {CYCLE * begin}",
        "[size] 1600 900",
        "[pos] -1 -1",
        f"*-6.000000 {CYCLE * marker}{' -1' * 26}",
        "[treeopen] chip.",
        "[sst_width] 240",
        "[signals_width] 420",
        _BIT,
        "chip.clk",
        _DECIMAL,
        "chip.cycle[63:0]",
    ]
    both = [*_stream("chip.host.mesh_o", width), *_stream("chip.host.mesh_i", width)]
    lines += _group("host", both, "chip.host.sends")
    rows, cols = program.config.rows, program.config.cols
    for x, y in ((x, y) for y in range(rows) for x in range(cols)):
        held = ", ".join(part.population for part in program.placement.on((x, y)))
        if held:
            signals = [
                *_stream(f"chip.core_{x}_{y}.o_local", width),
                *_stream(f"chip.core_{x}_{y}.i_local", width),
            ]
            lines += _group(f"core ({x}, {y}): {held}", signals, f"chip.core_{x}_{y}.sends")
    return "\n".join(lines) + "\n"


def _stream(name: str, width: int) -> list[str]:
    return [_BIT, f"{name}_valid", f"{name}_ready", _HEX, f"{name}_payload[{width - 1}:0]"]


def _group(title: str, signals: list[str], text: str) -> list[str]:
    return [_GROUP, f"-{title}", _TEXT, text, *signals, _END, f"-{title}"]
