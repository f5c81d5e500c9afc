"""The chips that a system runs on, and its places on them: one core; 2 x 2 cores as the compiler places it; the same
2 x 2 cores with every population whole on one of them, from the far corner on."""

from dataclasses import replace
from functools import partial

from spikeplane.compiler.fit import Fitted, try_fit
from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.compiler.size import least, moved, roomy, sized, step_bits
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network
from spikeplane.program import Program
from spikeplane.program.laid import laid_out
from spikeplane.program.placement import Part, Placement

#: Cores that hold every row of usual size, so that one simulator serves them all.
CORE = ChipConfig(
    rows=1, cols=1, acc_bits=24, membrane_bits=18, max_shift=17, weight_depth=1 << 15, acc_depth=1 << 14, membrane_depth=1 << 14,
    parameter_depth=1 << 11, populations=16, projections=128, row_depth=1 << 12, column_depth=1 << 12, group_depth=1 << 12,
    egress_depth=256,
)  # fmt: skip
#: Rows of 16 lanes for the attention of 128 channels with heads of up to 16, and counts of up to 255 tokens.
ATTENDING = {"dynamic_depth": 128, "dynamic_bits": 8}
#: Values times gates of 8 bits: products need membranes of 20 bits. Samples of up to 8 steps and 8 presentations.
GATED = {
    "acc_bits": 28, "membrane_bits": 20, "max_shift": 19, "dynamic_depth": 1024, "dynamic_bits": 8, "gates": True, "tables": 8,
    "presentations": 8, "step_bits": 3,
}  # fmt: skip
_OPTIONS = (
    "weight_bits",
    "acc_bits",
    "membrane_bits",
    "max_shift",
    "low_planes",
    "dynamic_depth",
    "dynamic_bits",
    "levels",
    "gates",
    "tables",
    "presentations",
    "step_bits",
)
MESHES = ((1, 1), (2, 2))
#: Where more populations than one core holds are taken together.
LARGER = ((2, 2), (2, 4), (4, 4))


def widened(config: ChipConfig, membrane_bits: int) -> ChipConfig:
    """With membranes of so many bits, and what goes with them."""
    return replace(
        config, membrane_bits=membrane_bits, acc_bits=membrane_bits + 8, max_shift=membrane_bits - 1
    )


def placements(program: Program) -> list[tuple[str, Program]]:
    """The program on a small and on a larger mesh, and there once more in other places, each with its name. Raises
    SpikeplaneError where no mesh holds it."""
    found: list[Program] = []
    refused = SpikeplaneError("no mesh was tried")
    for rows, cols in dict.fromkeys((*MESHES, *LARGER)):
        try:
            found.append(_on(program, rows, cols))
        except SpikeplaneError as error:
            refused = error
        if len(found) == len(MESHES):
            break
    if len(found) < len(MESHES):
        raise refused
    other = moved(found[-1], _elsewhere)
    return [*((_name(one.config), one) for one in found), (f"{_name(other.config)} other places", other)]


def _name(config: ChipConfig) -> str:
    return f"{config.rows}x{config.cols}"


def _on(program: Program, rows: int, cols: int) -> Program:
    """On the shared chip of that shape, or on one made for the program, or on one with every population on a single core:
    parts of them take the place of others."""
    shared = replace(
        CORE, rows=rows, cols=cols,
        **{name: getattr(program.config, name) for name in _OPTIONS},
    )  # fmt: skip
    try:
        return moved(program, partial(_shared, shared))
    except SpikeplaneError:
        pass
    shape = rows, cols, program.config.lanes
    try:
        return sized(program, rows=rows, cols=cols, lanes=program.config.lanes)
    except SpikeplaneError:
        return moved(program, partial(_undivided, roomy(program.config, shape)))


def _shared(shared: ChipConfig, network: Network, _: ChipConfig, probes: list[str]) -> Fitted:
    placement, image = try_fit(network, shared, probes)
    return shared, placement, image


def _undivided(roomy: ChipConfig, network: Network, _: ChipConfig, probes: list[str]) -> Fitted:
    roomy = replace(roomy, step_bits=step_bits(network) if roomy.step_bits else 0)
    placement = place(laid_out(network, roomy), roomy, 1)
    chip = least(network, placement, build_image(laid_out(network, roomy), placement, roomy, probes), roomy)
    return chip, placement, build_image(laid_out(network, chip), placement, chip, probes)


def _elsewhere(network: Network, config: ChipConfig, probes: list[str]) -> Fitted:
    """Each population on one core, mirrored; where that is too much for one, the compiler's places mirrored."""
    laid = laid_out(network, config)
    for most in (1, 2, config.cores):
        placement = mirrored(place(laid, config, most), config)
        try:
            return config, placement, build_image(laid, placement, config, probes)
        except SpikeplaneError as error:
            refused = error
    raise refused


def mirrored(placement: Placement, config: ChipConfig) -> Placement:
    """The same parts on the cores opposite."""
    right, bottom = config.cols - 1, config.rows - 1
    parts = [replace(part, core=(right - part.core[0], bottom - part.core[1])) for part in placement.parts]
    return Placement(tuple[Part, ...](parts))
