"""Changes in place that reach what a layer keeps for its next step."""

import operator
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.trace.places import place


def changing(nodes: list[Any]) -> list[Any]:
    """The nodes that change one of their arguments."""
    return [n for n in nodes if n.op == "call_function" and _schema(n) and _schema(n).is_mutable]


def check_kept_alone(nodes: list[Any], layers: dict[str, Any]) -> None:
    """Raise SpikeplaneError, with the line, for a change of a state, or of spikes that come back to their
    neurons."""
    for node in changing(nodes):
        source, which = _origin(node.args[0])
        if source is None:
            continue
        module = layers[source.args[4]]
        spikes_kept = "spk" in module._buffers or "y" in vars(module).get("_memories", {})
        if which or spikes_kept:
            where = place(node)
            raise SpikeplaneError(
                f"{where + ': ' if where else ''}layer '{source.args[4]}' keeps what the model's forward "
                "changes in place, which Spikeplane cannot represent: write x = x + y"
            )


def check_no_dropout(nodes: list[Any]) -> None:
    """Raise SpikeplaneError for a dropout beside changes in place: in evaluation it hands on its input
    itself, which a trace does not show."""
    found = next((n for n in nodes if "dropout" in str(n.target)), None)
    if found is not None and changing(nodes):
        where = place(found)
        raise SpikeplaneError(
            f"{where + ': ' if where else ''}the model's forward calls dropout and changes values in place, "
            "which Spikeplane cannot follow together; use nn.Dropout, or write x = x + y"
        )


def _schema(node: Any) -> Any:
    return getattr(node.target, "_schema", None)


def _origin(node: Any) -> tuple[Any, int]:
    """The layer whose output a tensor is, or shares its values with, and which of its outputs."""
    which = 0
    while getattr(node, "op", "") == "call_function":
        if node.target is operator.getitem:
            which = node.args[1]
        elif _schema(node) is not None and _schema(node).name == "spikeplane::layer":
            return node, which
        elif not any(r.alias_info is not None for r in node.target._schema.returns):
            break
        node = node.args[0]
    return None, 0
