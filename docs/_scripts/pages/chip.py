"""The reference of the chip, made from `spikeplane.formats`: packets, frames, memory words, registers, codes."""

from collections.abc import Iterable
from enum import Enum

from pages.comments import members
from pages.fields import ABOUT
from pages.pictures import Field, lanes, picture, placed
from spikeplane.config import ChipConfig
from spikeplane.formats import camera, frame
from spikeplane.formats.layout import Layout
from spikeplane.formats.memory_words import word_layout
from spikeplane.formats.packet import CHUNK_BITS, IDENTITY, SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.registers import REGISTERS
from spikeplane.formats.tables import LeakRound, Memory, Reset, core_tables, lane_leak_layout
from spikeplane.formats.value_tables import OptionMemory

INTRODUCTION = """# The chip in bits

Everything that passes a chip's pins and everything that its memories hold, drawn from the layouts in `spikeplane.formats`:
gateware, compiler, driver, manifest and C header are made from them, too. Widths that depend on a chip's sizes are those of
the configuration's defaults, {rows}x{cols} tiles of {lanes} lanes (the preset `small`, architecture {architecture}).
`manifest.json` and `spikeplane.h` of `spikeplane generate` and `spikeplane export` have those of yours.
[How a chip works](../architecture.md) says what the parts do with it.

In the pictures bit 0 is at the right, and the lowest 32 bits are the first row."""


def page(config: ChipConfig | None = None) -> str:
    """The Markdown of the page, for a chip of these sizes."""
    config = config or ChipConfig()
    sizes = {
        "rows": config.rows,
        "cols": config.cols,
        "lanes": config.lanes,
        "architecture": IDENTITY & 0xFFFF,
    }
    parts = (_packets(config), _codes(), _frames(config), _memories(config), _bus(), _camera())
    return "\n\n".join([INTRODUCTION.format(**sizes), *("\n\n".join(part) for part in parts), ""])


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    heads = tuple(heads)
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _enumeration(kind: type[Enum], name: str = "name") -> str:
    said = members(kind)
    return table(
        ("value", name, "meaning"), ((int(one.value), f"`{one.name}`", said[one.name]) for one in kind)
    )


def _fields(name: str, fields: Iterable[Field]) -> str:
    about = ABOUT[name]
    rows = ((_bits(field), f"`{field.name}`", about[field.name]) for field in fields if field.name)
    return table(("bits", "field", "meaning"), rows)


def _bits(field: Field) -> str:
    return str(field.low) if field.width == 1 else f"{field.low + field.width - 1}..{field.low}"


def _layout(layout: Layout, title: str) -> tuple[str, str]:
    fields = placed(layout.fields)
    return picture(fields, title), _fields(layout.name, fields)


def _packets(config: ChipConfig) -> list[str]:
    form = packet_format(config)
    header = placed(form.header.fields, form.payload_bits)
    parts = [
        "## Packets",
        f"A packet has {form.width} bits: {form.payload_bits} of payload, and above them the header, which all kinds share. "
        f"On the host link it takes {form.size} bytes, the lowest first.",
        _enumeration(Kind, "kind"),
        "### Header", picture([Field("", 0, form.payload_bits), *header], "the header of a packet"), _fields("header", header),
    ]  # fmt: skip
    for kind, layout in form.payloads.items():
        payload = placed(layout.fields)
        free = form.payload_bits - layout.width
        gap = [Field("", layout.width, free)] if free else []
        drawn = picture([*payload, *gap, *header], f"a packet of kind {kind.name}")
        said = members(Kind)[kind.name]
        parts += [f"### {kind.name}", f"{said[0].upper()}{said[1:]}.", drawn, _fields(layout.name, payload)]
        if kind in (Kind.WRITE, Kind.READ):
            parts += [f"With `seek` the data of a {kind.name} is:", *_layout(SEEK, "a seek word")]
    return parts


def _codes() -> list[str]:
    return [
        "## Operations", "The `op` of a CONTROL packet.", _enumeration(Control, "operation"),
        "## Counters", "What QUERY asks for, and a REPLY answers: of a core those below 32, of the bridge those from there on. "
        f"A chip of this version answers IDENTITY with `0x{IDENTITY:08x}`.", _enumeration(Counter, "counter"),
    ]  # fmt: skip


def _frames(config: ChipConfig) -> list[str]:
    payload = frame.frame_payload(packet_format(config))
    rows = (
        ("flag", 1, f"`0x{frame.FLAG:02x}`: the edge of a frame, and nothing else"),
        ("header", frame.HEADER_BYTES, "below"),
        (
            "packets",
            f"0..{payload}",
            f"whole packets, as many as {frame.SLOT_BYTES} bytes hold beside the CRC",
        ),
        (
            "CRC",
            frame.CRC_BYTES,
            "CRC-32 of header and packets (`zlib.crc32`), complemented, the low byte first",
        ),
        ("flag", 1, "may be the first flag of the next frame"),
    )
    return [
        "## Frames", "How packets pass the host link, over any line of bytes.", table(("part", "bytes", "what it is"), rows),
        f"Between the flags `0x{frame.FLAG:02x}` and `0x{frame.ESCAPE:02x}` are sent as `0x{frame.ESCAPE:02x}`, "
        f"byte ^ `0x{frame.TWIST:02x}`. "
        f"Over a sound frame and its CRC, before the complement, the CRC leaves "
        f"`0x{frame.CRC_LEFT:08x}`. Each side holds {frame.SLOTS} frames.",
        "### Header of a frame", *_layout(frame.FRAME_HEADER, "the header of a frame"),
        f"The second byte of the host's RESET is `0x{frame.RESET_MARK:02x}` in the place of `ack` and `room`.",
        "### Kinds of frames", _enumeration(frame.FrameKind, "kind"),
    ]  # fmt: skip


def _memories(config: ChipConfig) -> list[str]:
    tables, said = core_tables(config), {**members(Memory), **members(OptionMemory)}
    rows = (
        (int(one), f"[`{one.name}`](#{one.name.lower()}-words)", tables.depth(one), tables.width(one), tables.chunks(one), said[one.name])
        for one in tables.memories
    )  # fmt: skip
    parts = [
        "## Memories", f"Those of one core. A word takes a WRITE for every {CHUNK_BITS} bits.",
        table(("number", "memory", "words", "bits", "packets a word", "what it holds"), rows),
    ]  # fmt: skip
    for memory in tables.memories:
        layout, title = word_layout(config, memory), f"a word of {memory.name}"
        parts += [f"### {memory.name} words"]
        if layout.name in ABOUT:
            parts += _layout(layout, title)
        else:
            each = tables.width(memory) // config.lanes
            parts += [
                f"A value of {each} bits for each lane, {said[memory.name]}.",
                lanes(config.lanes, each, title),
            ]
        if memory == Memory.PARAMETER and config.leak_multiplier:
            parts += [
                "In a word of leaks each lane holds:",
                *_layout(lane_leak_layout(config), "a lane of leaks"),
            ]
    codes = [
        "### Resets",
        _enumeration(Reset, "reset"),
        "### Rounding of leaks",
        _enumeration(LeakRound, "rounding"),
    ]
    return [*parts, *codes]


def _bus() -> list[str]:
    parts = [
        "## Registers on a bus",
        "Of the wrappers for AXI4-Lite and Wishbone: words of 32 bits. [Wrappers](../wrappers.md) shows them in use.",
        table(
            ("offset", "register", "access", "what it is"),
            ((f"`0x{one.offset:02x}`", f"[`{one.name}`](#bus-{one.name.lower()})", one.access, one.about) for one in REGISTERS),
        ),
    ]  # fmt: skip
    for one in REGISTERS:
        fields = [Field(field.name, field.low, field.width) for field in one.fields]
        rows = (
            (_bits(field), f"`{field.name}`", known.about)
            for field, known in zip(fields, one.fields, strict=True)
        )
        parts += [
            f"### {one.name} {{ #bus-{one.name.lower()} }}", picture(filled(fields, 32), f"the register {one.name}"),
            table(("bits", "field", "meaning"), rows),
        ]  # fmt: skip
    return parts


def filled(fields: Iterable[Field], width: int) -> list[Field]:
    """Fields, and nameless ones where nothing is, up to `width` bits."""
    found, at = list[Field](), 0
    for field in fields:
        if field.low > at:
            found.append(Field("", at, field.low - at))
        found.append(field)
        at = field.low + field.width
    return [*found, Field("", at, width - at)] if at < width else found


def _camera() -> list[str]:
    parts = [
        "## Registers of a camera", "The host writes one with the operation CAMERA of a CONTROL packet, and reads with the counter CAMERA "
        "what SELECT names. [The camera on the chip](../camera-chip.md) shows them in use.",
        "### Argument of CAMERA", *_layout(camera.ARGUMENT, "the argument of the operation CAMERA"),
        "### Camera registers", _enumeration(camera.Register, "register"),
    ]  # fmt: skip
    for layout in (camera.SELECT, camera.ROUTE, camera.RECT):
        parts += [
            f"### Value of {layout.name.upper()}",
            *_layout(layout, f"the value of {layout.name.upper()}"),
        ]
    for title, kind in (("Commands", camera.Command), ("Streams", camera.Stream), ("Items", camera.Item)):
        parts += [f"### {title} of a camera", _enumeration(kind)]
    return parts
