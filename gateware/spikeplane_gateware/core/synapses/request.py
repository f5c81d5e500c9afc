"""What flows from lookup to walker: a spike with its addresses looked up, or an event on its way through."""

from typing import Any

from amaranth.lib import data

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SHIFT_BITS, tag_bits
from spikeplane.formats.tables import COUNT_BITS
from spikeplane.formats.training import LIMB_BITS, VALUE_BITS, Verb
from spikeplane_gateware.core.interfaces import event_layout


def dynamic_field(config: ChipConfig) -> dict[str, Any]:
    """What a request and an op of a chip with a dynamic memory say besides: its weights are rows of that."""
    return {"dynamic": 1} if config.dynamic_depth else {}


def verb_fields(config: ChipConfig) -> dict[str, Any]:
    """What a request and an op of a chip that learns say besides: the verb of its packet, the place that a gathered sum
    belongs to, and the number that the packet brings."""
    if not config.training:
        return {}
    place = {"group": config.group_bits, "y": config.coord_bits, "x": config.coord_bits}
    return {
        "verb": Verb,
        "tag": tag_bits(config),
        "place": data.StructLayout(place),
        "limb": LIMB_BITS,
        "value": VALUE_BITS,
    }


def second_field(config: ChipConfig) -> dict[str, Any]:
    """What a request of a chip that takes two spikes a cycle says besides: the set bit that is walked beside the first, and whether
    there is one."""
    return {"second": bits_for(config.lanes), "both": 1} if config.spikes_per_cycle == 2 else {}


STEPS = ("acc_row", "acc_column", "acc_group", "weight_row", "weight_column", "weight_group")


def request_layout(config: ChipConfig) -> data.StructLayout:
    """First words, counts and steps (see docs/architecture.md, Lookup). `bit` is the first set bit,
    `more`: `mask` holds others to come; of an aligned projection `mask` is all of it, and is
    visited at once. `once`: all three counts are 1, or an event."""
    acc, weight = bits_for(config.acc_depth), bits_for(config.weight_depth)
    steps = {name: acc if name.startswith("acc") else weight for name in STEPS}
    return data.StructLayout(
        {
            "is_event": 1,
            "event": event_layout(config),
            "bank": 1,
            "aligned": 1,
            "negate": 1,
            "shift": SHIFT_BITS,
            "mask": config.lanes,
            "bit": bits_for(config.lanes),
            "more": 1,
            "once": 1,
            "rows": COUNT_BITS,
            "columns": COUNT_BITS,
            "groups": COUNT_BITS,
            "acc": acc,
            "weight": weight,
            **steps,
            **verb_fields(config),
            **dynamic_field(config),
            **second_field(config),
        }
    )
