"""The library's logger: what Spikeplane does, for whoever listens to `logging.getLogger("spikeplane")`.

Nothing is printed unless somebody does; the command line does with `-v`. The other packages log under the same
name (`spikeplane.sim.board`), so that one listener hears all of them.
"""

import logging

_ROOT = logging.getLogger("spikeplane")
_ROOT.addHandler(logging.NullHandler())


def logger(module: str) -> logging.Logger:
    """The logger of a module, by its `__name__`: `spikeplane_sim.board.build` logs as `spikeplane.sim.board.build`."""
    top, _, rest = module.partition(".")
    return logging.getLogger(".".join(filter(None, (*top.split("_", 1), rest))))
