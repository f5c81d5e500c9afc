"""The least chip that holds a program: every depth and width cut to what its tables use, and the
program placed again on that chip.

What the network means stays: weights, thresholds and the width of the membranes, to which they
saturate, are left alone, so the spikes are those of the program given, bit for bit.
"""

from dataclasses import asdict, replace
from math import prod
from typing import Any

from spikeplane.compiler.fit import Fitted, Placed, mapping_rows, try_fit
from spikeplane.compiler.images import build_image
from spikeplane.config import RANGES, ChipConfig, bits_for
from spikeplane.dynamic import MOST_BITS
from spikeplane.fused import least_bits
from spikeplane.network import LEAK_ONE, Gate, Network, Neuron, Population, is_stepped, steps_of
from spikeplane.network.table import ENTRIES
from spikeplane.program import Program
from spikeplane.program.bounds import prove
from spikeplane.program.image import Image
from spikeplane.program.laid import laid_out
from spikeplane.program.laid_parts import Order
from spikeplane.program.placement import Placement, groups_of

#: The memories, by the field that holds their depth; each is rounded up to a multiple of the least
#: depth that it may have, so that a network that has grown by a few words still is for the same
#: chip.
_DEPTHS = {
    "weight_depth": "weight", "acc_depth": "acc", "membrane_depth": "membrane", "parameter_depth": "parameter", "row_depth": "row",
    "column_depth": "column", "group_depth": "group", "egress_depth": "egress",
}  # fmt: skip
_COUNTS = ("populations", "projections", "coord_bits", "group_bits", "max_shift")


Shape = tuple[int, int, int]  #: rows, columns, lanes


def sized(program: Program, *, rows: int, cols: int, lanes: int) -> Program:
    """The same network for the least chip of at most `rows` x `cols` cores of `lanes` lanes; rows
    and columns without work are left out. A camera stays. Raises SpikeplaneError where no chip of
    that shape holds it, whatever its memories."""
    shape = rows, cols, lanes
    return moved(program, lambda network, chip, probes: least_chip(network, roomy(chip, shape), probes))


def moved(program: Program, placed: Placed) -> Program:
    """The program on the chip that `placed` finds for its network. Raises SpikeplaneError."""
    chip, placement, image = placed(program.network, program.config, list(program.probes))
    tables = {
        **program.tables,
        "bounds": [{**asdict(b), "bits": b.bits} for b in prove(program.network, chip)],
        "mapping": mapping_rows(placement, image),
    }
    return replace(program, config=chip, placement=placement, tables=tables)


def roomy(config: ChipConfig, shape: Shape, *, dynamic: bool = True) -> ChipConfig:
    """The chip of that shape with the longest memories and the most of everything that a network is given a
    number in; its arithmetic stays. dynamic: with the largest dynamic memory, gates, tables and presentations, as far as it may
    have them."""
    rows, cols, lanes = shape
    most: dict[str, Any] = {name: RANGES[name][1] for name in (*_DEPTHS, *_COUNTS)}
    if dynamic:
        most |= {name: RANGES[name][1] for name in ("tables", "presentations")}
    if dynamic and not config.fused:
        most |= {"dynamic_depth": most["weight_depth"], "dynamic_bits": min(MOST_BITS, config.acc_bits - 1)}
        most["gates"] = True
    return replace(config, rows=rows, cols=cols, lanes=lanes, **most)


def least_chip(network: Network, roomy: ChipConfig, probes: list[str]) -> Fitted:
    """The least chip that holds the network as it is placed on `roomy`. Raises SpikeplaneError where not even
    that one holds it."""
    roomy = replace(roomy, step_bits=step_bits(network) if roomy.step_bits else 0)
    placement, image = try_fit(network, roomy, probes)
    chip = least(network, placement, image, roomy)
    return chip, placement, build_image(laid_out(network, chip), placement, chip, probes)


def step_bits(network: Network) -> int:
    """Bits of the number of a step, where weights or numbers differ from step to step."""
    stepped = [len(p.weight) for p in network.projections if is_stepped(p)]
    stepped += [steps_of(p.theta, p.amount, p.bias, p.leaks) or 0 for p in network.populations]
    return bits_for(max(stepped)) if any(stepped) else 0


def least(network: Network, placement: Placement, image: Image, roomy: ChipConfig) -> ChipConfig:
    """The least chip that holds this placement, whose `image` was built for a chip that is larger
    in every respect."""
    laid = laid_out(network, roomy)
    used = {name: max(words[memory][0] for words in image.used.values()) for name, memory in _DEPTHS.items()}
    sizes: dict[str, Any] = {
        **{name: -(-words // RANGES[name][0]) * RANGES[name][0] for name, words in used.items()},
        "rows": 1 + max(part.core[1] for part in placement.parts),
        "cols": 1 + max(part.core[0] for part in placement.parts),
        "populations": 1 + max(part.slot for part in placement.parts),
        "projections": len(laid.projections) + len(image.probes),
        "coord_bits": bits_for(max(max(*p.shape[1:], *p.current_shape[1:]) for p in laid.populations)),
        "group_bits": bits_for(max(groups_of(p, roomy) for p in laid.populations)),
        "max_shift": max(_shifts(laid, roomy), default=0),
        "acc_bits": max(least_bits(roomy), *(bound.bits for bound in prove(network, roomy))),
        "weight_bits": _weight_bits(network, roomy),
        "levels": any(p.neuron is not None and p.neuron.kind.whole for p in network.populations),
        **_dynamic(network, image, roomy),
        **_options(network, image),
        "low_planes": any(p.neuron is not None and p.neuron.low > 0 for p in network.populations),
        "leak_multiplier": any(
            p.neuron is not None and _multiplied(p, p.neuron) for p in network.populations
        ),
    }
    sizes["weight_depth"] = max(sizes["weight_depth"], sizes["dynamic_depth"])
    floors = {name: max(value, RANGES[name][0]) for name, value in sizes.items() if name in RANGES}
    return replace(roomy, **{**sizes, **floors})


def _dynamic(network: Network, image: Image, roomy: ChipConfig) -> dict[str, int]:
    """The dynamic memory's sizes: rows that are used, numbers up to the tokens and the gates; none where nothing is dynamic."""
    counts = [
        network.population(p.dynamic.g).values(roomy.membrane_bits)[1]
        if isinstance(p.dynamic, Gate)
        else prod(network.population(p.source).shape[1:])
        for p in network.projections
        if p.dynamic is not None
    ]
    if not counts:
        return {"dynamic_depth": 0, "dynamic_bits": 0}
    rows = max(words["dynamic"][0] for words in image.used.values())
    return {"dynamic_depth": rows, "dynamic_bits": max(1, *(count.bit_length() for count in counts))}


def _options(network: Network, image: Image) -> dict[str, Any]:
    """Gates, tables and presentations, as far as the network has any."""
    entries = max(words.get("table", (0, 0))[0] for words in image.used.values())
    return {
        "gates": any(isinstance(p.dynamic, Gate) for p in network.projections),
        "tables": entries // ENTRIES,
        "presentations": network.presentations if any(p.kept for p in network.populations) else 1,
    }


def _shifts(network: Network, config: ChipConfig) -> list[int]:
    """The largest shift of each projection's planes, of a network that is laid."""
    return [
        network.population(p.source).bits(config.membrane_bits) - 1 + p.pre_shift
        for p in network.projections
        if not isinstance(p, Order)
    ]


def _multiplied(population: Population, neuron: Neuron) -> bool:
    """Whether the leak is none that a chip without multipliers has."""
    simple = [LEAK_ONE >> k for k in range(1, 9)]
    shifted = (*simple, *(LEAK_ONE - part for part in simple))
    differs = population.leaks is not None
    return neuron.leak == "multiply" and (differs or neuron.leak_value not in shifted)


def _weight_bits(network: Network, config: ChipConfig) -> int:
    """The least width that stores every weight as it is. One bit holds +1 and -1 only, and gives
    lanes without a channel weights too, which a readout that sends its membranes would pass on."""
    weights = [p.weight for p in network.projections if p.dynamic is None]
    low = min((int(weight.min()) for weight in weights), default=0)
    high = max((int(weight.max()) for weight in weights), default=0)
    signs = all((abs(weight) == 1).all() for weight in weights)
    spare = any(
        p.sends_values and network.sends(p.name) and p.shape[0] % config.lanes for p in network.populations
    )
    if signs and not spare:
        return 1
    return next(bits for bits in (2, 4, 8) if -(1 << bits - 1) <= low and high < 1 << bits - 1)
