"""`spikeplane layers`: what can be imported, and the cure for what cannot."""

from spikeplane.cli.answer import Json, print_json, print_next

_NEXT = "spikeplane compile MODEL -o net.spk --explain"


def layers(as_json: Json = False) -> None:
    """List the layers and nodes that are imported, and what to use in the place of others.

    Example: `spikeplane layers`
    """
    from spikeplane.importers.supported import page, tables

    if as_json:
        print_json({**tables(), "next": _NEXT})
        return
    print(page(), end="")
    print_next(_NEXT)
