"""`spikeplane upgrade`: a program of another architecture, compiled again from the float network that its
file keeps."""

from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.compiler.built import built
from spikeplane.compiler.check import check_network
from spikeplane.compiler.fit import Placed, fit
from spikeplane.compiler.size import least_chip, roomy
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane.program.file import damaged, encodings_of, parts, read, to_bytes
from spikeplane.program.hdf5 import Dataset
from spikeplane.program.plain import value
from spikeplane.program.source import from_plain
from spikeplane.provided import provided

#: Tables that were counted on samples: true of the same integers only.
_COUNTED = ("quantisation", "calibration", "import", "agreement", "activity")


def upgrade(path: str | Path) -> Program:
    """The program of a file of any architecture, for this one: the same network on the same chip, by the
    same options, and of a calibration what it measured. Of a program of this architecture its equal.

    Figures counted on samples are kept where the integers are the same; else the table "agreement" is
    counted anew on random planes. Raises SpikeplaneError for no program, one that keeps no float network, or
    one that this architecture cannot hold.
    """
    contents = read(path)
    try:
        return _upgraded(*parts(contents))
    except SpikeplaneError as error:
        raise SpikeplaneError(
            f"program {path} cannot be upgraded: {error}; compile it again from its model"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise damaged(path) from None


def _upgraded(header: dict[str, Any], found: dict[str, Dataset]) -> Program:
    if header["source"] is None:
        raise SpikeplaneError("it keeps no float network")
    before = {name: found[name] for name in found if name.split("/")[0] in ("populations", "projections")}
    source = from_plain(header["source"], found)
    check_network(source.network)
    program = built(
        source,
        encodings_of(header, [p.name for p in source.network.inputs]),
        value(str, header["name"], "name"),
        fit if header["config"] == header["source"]["chip"] else _as_small(header["config"]),
    )
    if _same(program, header, before):
        program.tables.update({k: rows for k, rows in header["tables"].items() if k in _COUNTED})
    else:
        program.tables.update(provided("proof_tables")(source.network, program, None))
    program.check()
    return program


def _as_small(own: dict[str, Any]) -> Placed:
    """Places on the least chip of the shape of the one that a program had been fitted to."""
    chip = ChipConfig.from_dict(own)
    shape = chip.rows, chip.cols, chip.lanes
    return lambda network, config, probes: least_chip(network, roomy(config, shape), probes)


def _same(program: Program, header: dict[str, Any], before: dict[str, Dataset]) -> bool:
    """Whether the integers are those of the file."""
    after, found = parts(to_bytes(program))
    return (
        after["populations"] == header["populations"]
        and after["projections"] == header["projections"]
        and {name for name in found if name.split("/")[0] in ("populations", "projections")} == set(before)
        and all(np.array_equal(old.read(), found[name].read()) for name, old in before.items())
    )
