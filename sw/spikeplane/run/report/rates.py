"""What a page says of speed and energy: samples a second over a UART, and the estimate of the energy of a sample."""

from typing import TYPE_CHECKING, Any

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.host.serial import BAUD
from spikeplane.program import Program

if TYPE_CHECKING:
    from spikeplane.estimate.activity import Activity
    from spikeplane.run.execute import Result

BITS = 10  #: of a byte on a UART


def energy_of(
    program: Program, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]
) -> dict[str, Any]:
    """The estimated energy of a sample, as docs/estimate.md says, of the spikes of some samples of the run.

    inputs, outputs   what went in and what came out, by population int (N, T, C, H, W)

    Returns "pj" in 45 nm standard cells, "parts" of it, "fpga_factor", "activity"; or "reason", why there is none.
    """
    for unit in program.config.units:
        return {"reason": f"the estimate knows chips without a {unit}"}
    try:
        # a machine that only drives a board has no compiler, on whose tables the estimate stands
        from spikeplane.estimate import counts, energy
        from spikeplane.estimate.work import plan

        activity = _activity(program, inputs, outputs)
        parts = energy.energy(program.config, counts.count(program, activity, plan(program, activity)))
    except ModuleNotFoundError:
        return {"reason": "the estimate needs the compiler"}
    except SpikeplaneError as error:
        return {"reason": str(error)}
    return {
        "pj": sum(parts.values()),
        "parts": parts,
        "fpga_factor": energy.FPGA,
        "activity": activity.source,
    }


def _activity(program: Program, inputs: dict[str, np.ndarray], outputs: dict[str, np.ndarray]) -> "Activity":
    """What fires in the first samples; worked out where the host was not sent all of it."""
    from spikeplane.estimate import forward
    from spikeplane.estimate.activity import measured
    from spikeplane.estimate.whole import READ, STEPS

    network = program.network
    most = max(1, min(READ, STEPS // network.steps))
    planes = {name: values[:most] for name, values in inputs.items()}
    found = planes | {name: values[:most] for name, values in outputs.items()}
    if any(p.name not in found for p in network.populations):
        found = forward.outputs(network, planes, program.config.membrane_bits)
    count = len(next(iter(planes.values())))
    return measured(
        network, program.config, found, f"counted on {count} sample{'s' if count > 1 else ''} of this run"
    )


def line_of(result: "Result", baud: int = BAUD) -> dict[str, Any] | None:
    """Samples a second of a run's bytes over a UART, the slower direction; None for a board without a link."""
    link = result.figures.get("link")
    size = max(link["sent"], link["received"]) if link else 0
    return {"baud": baud, "samples_per_second": result.count * baud / (BITS * size)} if size else None
