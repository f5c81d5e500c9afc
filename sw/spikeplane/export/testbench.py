"""A testbench in Verilog that loads a program at a chip's byte ports, replays a sample and compares what comes back.

```
    memory words, sample  -> host.mem      what the testbench sends, packet by packet
    golden model's output -> expected.mem  what must come, a stream for each part of a population that is probed
```
What is expected comes from the golden model and the formats alone, not from a simulation of the chip.
"""

from collections.abc import Mapping
from importlib.resources import files
from itertools import accumulate
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.export.stream import check_once_presented, control_packet, driver_of, load_packets
from spikeplane.formats import frame
from spikeplane.formats.frame import CRC_BYTES, FRAME_HEADER, HEADER_BYTES, FrameKind, frame_payload
from spikeplane.formats.packet import IDENTITY, Control, Counter, Kind, packet_format
from spikeplane.host.channel import rect_fields
from spikeplane.host.packets import offsets, pack_many
from spikeplane.program import Program
from spikeplane.program.placement import Part

TESTBENCH = "spikeplane_testbench"
PATIENCE = 10_000_000  #: cycles without a byte until the testbench gives the chip up
_NOWHERE = (0, 0, 0, 0)  #: the rectangle of what goes to the host
_RUNNING = 1  #: what a core's flags say after a run: it runs, and nothing was refused or dropped


def bench_files(
    program: Program,
    inputs: Mapping[str, np.ndarray],
    outputs: Mapping[str, np.ndarray],
    ports: Mapping[str, Mapping[str, Any]],
    reset_cycles: int,
) -> dict[str, str]:
    """By name the testbench and the files that it reads. `inputs`: the planes (1, T, C, H, W) of one
    sample; `outputs`: the golden model's, by population that is probed; `ports`: of the chip, by name with
    direction and width; it is reset for `reset_cycles`."""
    check_once_presented(program)
    config = program.config
    last = _questions(program)
    sent = np.concatenate(
        [_beginning(program), driver_of(program).sample_packets(dict(inputs), 0, program.network.steps)]
    )
    streams = [_replies(program), *(_stream(program, p, part, outputs[p]) for p, part in _parts(program))]
    expected = [*(packet for stream in streams for packet in stream), *_flags(program)]
    streams.append(_flags(program))
    form, spares = packet_format(config), _spare(program)
    numbers = {
        **_constants(config),
        "HOST_PACKETS": len(sent) + len(last),
        "ASK_FROM": len(sent),
        "ASK_AFTER": len(expected) - len(last),
        "EXPECTED_PACKETS": len(expected),
        "STREAMS": len(streams),
        "PROBES": len(spares),
        "RESET_CYCLES": reset_cycles,
        "PATIENCE": PATIENCE,
    }
    packets = [int.from_bytes(row.tobytes(), "little") for row in np.concatenate([sent, last])]
    return {
        f"{TESTBENCH}.v": _text(program, numbers, ports),
        "testbench/host.mem": _mem(packets, form.width),
        "testbench/expected.mem": _mem(expected, form.width),
        "testbench/streams.mem": _mem(list(accumulate(map(len, streams))), 32),
        "testbench/spare.mem": _mem(spares, config.lanes + int(numbers["FIELD"])),
    }


def _text(program: Program, numbers: Mapping[str, int | str], ports: Mapping[str, Mapping[str, Any]]) -> str:
    """The module, with what is this program's and this chip's in it."""
    text = files("spikeplane.export").joinpath("verilog", f"{TESTBENCH}.v").read_text()
    marks = {
        "PARAMETERS": "\n".join(f"  localparam {name} = {value};" for name, value in numbers.items()),
        "CHIP": _chip(ports),
        "DIGEST": program.config.digest,
        "STEPS": str(program.network.steps),
    }
    for mark, value in marks.items():
        text = text.replace(f"@{mark}@", value)
    return text


def _beginning(program: Program) -> np.ndarray:
    """Who are you; everything that a load sends; START."""
    driver = driver_of(program)
    asked = [driver.bridge_packet(Control.QUERY, counter) for counter in _identity(program.config)]
    return np.concatenate([*asked, load_packets(program), control_packet(program.config, Control.START)])


def _identity(config: ChipConfig) -> dict[Counter, int]:
    digest = int(config.digest, 16)
    return {
        Counter.IDENTITY: IDENTITY,
        Counter.DIGEST_LOW: digest & 0xFFFFFFFF,
        Counter.DIGEST_HIGH: digest >> 32,
    }


def _replies(program: Program) -> list[int]:
    form = packet_format(program.config)
    identity = _identity(program.config)
    return [
        form.pack(Kind.REPLY, host=1, counter=counter, value=value) for counter, value in identity.items()
    ]


def _questions(program: Program) -> np.ndarray:
    """For the flags of every core in use: an answer comes behind all that the core has sent."""
    form = packet_format(program.config)
    asked = {"op": Control.QUERY, "arg": Counter.FLAGS}
    return np.concatenate(
        [
            pack_many(form, Kind.CONTROL, 1, {**asked, **rect_fields((*core, *core))})
            for core in program.image.cores
        ]
    )


def _flags(program: Program) -> list[int]:
    form = packet_format(program.config)
    told = {"counter": Counter.FLAGS, "value": _RUNNING}
    sources = [
        {"source_x": x, "source_y": y} if program.config.cores > 1 else {} for x, y in program.image.cores
    ]
    return [form.pack(Kind.REPLY, _NOWHERE, 1, **told, **source) for source in sources]


def _parts(program: Program) -> list[tuple[str, Part]]:
    return [(name, part) for name in program.image.probes.values() for part in program.placement.of(name)]


def _tag(program: Program, name: str) -> int:
    return next(tag for tag, probed in program.image.probes.items() if probed == name)


def _stream(program: Program, name: str, part: Part, values: np.ndarray) -> list[int]:
    """What a part of a population sends in a sample: in each step its spikes, and then its token."""
    form, tag = packet_format(program.config), _tag(program, name)
    x, y = part.core
    found: list[int] = []
    for step, plane in enumerate(values[0]):
        common = {"tag": tag, "parity": step % 2}
        for fields in _spikes(program, name, part, plane):
            found.append(form.pack(Kind.SPIKE, _NOWHERE, 1, **common, **fields))
        last = int(step == len(values[0]) - 1)
        source = {"source_x": x, "source_y": y, "source_slot": part.slot}
        found.append(form.pack(Kind.TOKEN, _NOWHERE, 1, **common, last=last, **source))
    return found


def _spikes(program: Program, name: str, part: Part, plane: np.ndarray) -> list[dict[str, int]]:
    """The fields of a step's spike packets: a mask for each pixel and bit plane that is not empty. Values
    are two's complement, the highest plane negative, but for those that are 0 and more, as integer spikes are."""
    population, config = program.network.population(name), program.config
    assert population.neuron is not None
    planes = population.bits(config.membrane_bits)
    signed = population.values(config.membrane_bits)[0] < 0
    channels, height, width = plane.shape
    padded = np.zeros((-(-channels // config.lanes) * config.lanes, height, width), np.int64)
    padded[:channels] = plane
    groups = padded.reshape(-1, config.lanes, height, width)[part.first : part.first + part.groups]
    bits = groups[..., None] >> np.arange(planes) & 1
    masks = np.tensordot(bits, 1 << np.arange(config.lanes, dtype=np.int64), (1, 0))
    return [
        {
            "group": part.first + g,
            "y": y,
            "x": x,
            "shift": b,
            "negate": int(signed and b == planes - 1),
            "mask": int(masks[g, y, x, b]),
        }
        for g, y, x, b in np.argwhere(masks).tolist()
    ]


def _spare(program: Program) -> list[int]:
    """For each population that is probed its tag, its last group, and the lanes that are channels there."""
    config, found = program.config, list[int]()
    places = offsets(packet_format(config), Kind.SPIKE)
    for tag, name in program.image.probes.items():
        channels = program.network.population(name).shape[0]
        last, rest = divmod(channels - 1, config.lanes)
        key = tag | last << places["tag"][1]
        found.append(key << config.lanes | (1 << rest + 1) - 1)
    return found


def _constants(config: ChipConfig) -> dict[str, int | str]:
    form, found = packet_format(config), dict[str, int | str]()
    places = offsets(form, Kind.SPIKE)
    for name in ("kind", "group", "tag", "mask"):
        found[f"{name.upper()}_AT"] = places[name][0]
    found |= {"GROUP_BITS": places["group"][1], "TAG_BITS": places["tag"][1], "LANES": config.lanes}
    found["FIELD"] = places["group"][1] + places["tag"][1]
    for kind in (Kind.SPIKE, Kind.TOKEN):
        found[f"KIND_{kind.name}"] = f"4'd{int(kind)}"
    for kind in (FrameKind.DATA, FrameKind.RESET):
        found[f"FRAME_{kind.name}"] = f"2'd{int(kind)}"
    at = 0
    for name, width in FRAME_HEADER.fields:
        found[f"FRAME_{name.upper()}_AT"], at = at, at + width
    for name in ("FLAG", "ESCAPE", "TWIST", "RESET_MARK"):
        found[name] = f"8'h{getattr(frame, name):02x}"
    payload = frame_payload(form)
    return {
        **found,
        "CRC_LEFT": f"32'h{frame.CRC_LEFT:08x}",
        "PACKET_BYTES": form.size,
        "PACKET_BITS": 8 * form.size,
        "FRAME_PACKETS": payload // form.size,
        "LONGEST": HEADER_BYTES + payload + CRC_BYTES,
    }


def _chip(ports: Mapping[str, Mapping[str, Any]]) -> str:
    """The instance; inputs of units are 0, their outputs lead nowhere."""
    own = ("clk", "rst", "rx__payload", "rx__valid", "rx__ready", "tx__payload", "tx__valid", "tx__ready")
    lines = []
    for name, port in ports.items():
        rest = f"{port['width']}'d0" if port["direction"] == "in" else ""
        lines.append(f"    .{name}({name if name in own else rest})")
    return "  spikeplane_chip chip (\n" + ",\n".join(lines) + "\n  );"


def _mem(words: list[int], width: int) -> str:
    digits = -(-width // 4)
    return "".join(f"{word:0{digits}x}\n" for word in words)
