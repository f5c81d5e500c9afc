"""Which activity an estimate uses: that of given samples, an assumed rate, what the program
recorded, or an assumption, in this order."""

from pathlib import Path

from spikeplane.encodings import count
from spikeplane.estimate.activity import TABLE, Activity, assumed, measured, recorded
from spikeplane.estimate.forward import outputs
from spikeplane.program import Program

RATE = 0.1  #: spikes a neuron and step, where nothing is known


def chosen(program: Program, data: Path | None, rate: float | None, most: int) -> Activity:
    """The activity of `program`; at most `most` samples of `data` are run. Raises SpikeplaneError
    for data that cannot be read."""
    network, config = program.network, program.config
    if data is not None:
        from spikeplane.data import read_inputs

        shapes = {p.name: p.shape for p in network.inputs}
        samples = read_inputs([data], shapes, program.encodings, most)
        found = outputs(network, program.planes(samples), config.membrane_bits)
        return measured(
            network, config, found, f"counted on {count(samples, program.inputs)} samples of {data}"
        )
    if rate is None:
        tables = program.tables
        samples = sum(row.get("samples", 0) for row in tables.get("calibration", []))
        found = recorded(network, config, tables.get(TABLE, []), samples)
        if found is not None:
            return found
    return assumed(network, config, RATE if rate is None else rate)
