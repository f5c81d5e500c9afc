"""`spikeplane layers`: what can be imported, and the cure for what cannot."""


def layers() -> None:
    """List the layers and nodes that are imported, and what to use in the place of others.

    Example: `spikeplane layers`
    """
    from spikeplane.importers.supported import page

    print(page(), end="")
