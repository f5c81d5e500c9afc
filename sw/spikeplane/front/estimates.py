"""`Program.estimate` and `boards_for`: what a program takes of a board, how fast it is there, on what energy."""

from typing import Any

from spikeplane.compiler.made import best_estimate
from spikeplane.errors import SpikeplaneError, number
from spikeplane.estimate.activity import measured
from spikeplane.estimate.choose import chosen
from spikeplane.estimate.forward import outputs
from spikeplane.estimate.whole import READ, STEPS
from spikeplane.front.text import card, table
from spikeplane.program import Program
from spikeplane.provided import provided
from spikeplane.run.boards import check_program
from spikeplane.samples import labelled

SAMPLES = 20  #: one behind the other, as `spikeplane estimate` states it


class Estimate:
    """What `Program.estimate` returns.

    board       the board's name
    fits        whether the board holds the program's chip
    made        the Estimate of the chip made for the network, where the program's own does not fit and
                that one does; else None
    why         where no chip for the network fits, what is too large; else None
    resources   by LUT, FF, block RAM, DSP: (used, available)
    samples_per_second, latency_us   at the board's clock, with a link of a byte a cycle
    line_samples_per_second          over its UART
    energy_uj   microjoules a sample in 45 nm standard cells, as docs/estimate.md says; an FPGA takes
                `values["energy_factor"]` times as much
    values      everything, as `spikeplane estimate --json` prints it
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.board: str = values["board"]
        self.fits: bool = values["fits"]
        made = values.get("made")
        self.made = None if made is None else Estimate(made)
        self.why: str | None = values.get("why")
        self.resources = {name: (row["used"], row["available"]) for name, row in values["resources"].items()}
        self.samples_per_second: float = values["samples_per_second"]
        self.line_samples_per_second: float = values["line_samples_per_second"]
        self.latency_us: float = values["latency_us"]
        self.energy_uj = sum(values["energy_pj"].values()) * 1e-6

    def rows(self) -> list[tuple[str, str]]:
        """For people: names and texts."""
        rows = [
            ("chip", self.values["cores"]),
            ("fits", ("yes: " if self.fits else "no: ") + self.uses),
        ]
        if self.made is not None:
            rows += [("made for it", f"{self.made.values['cores']}: {self.made.uses}")]
        if self.why is not None:
            rows += [("made for it", f"none fits: {self.why}")]
        at = f"at {self.values['clock_mhz']:g} MHz"
        return [
            *rows,
            (
                "samples a second",
                f"{self.samples_per_second:,.0f} {at}, {self.line_samples_per_second:,.1f} over its UART",
            ),
            ("latency", f"{self.latency_us:,.1f} us {at}"),
            ("energy", f"{self.energy_uj:,.3g} uJ a sample in 45 nm cells"),
            ("activity", self.values["activity"]),
        ]

    @property
    def uses(self) -> str:
        """The resources in words."""
        return ", ".join(f"{name} {used:,} of {most:,}" for name, (used, most) in self.resources.items())

    def __repr__(self) -> str:
        return table(f"{self.values['program']} on {self.board}, estimated", self.rows())

    def _repr_html_(self) -> str:
        return card(f"{self.values['program']} on {self.board}, estimated", self.rows())


def estimate(
    program: Program, board: str, samples: Any = None, *, activity: float | None = None, count: int = SAMPLES
) -> Estimate:
    """See `Program.estimate`."""
    if samples is not None and activity is not None:
        raise SpikeplaneError("give samples or activity, not both")
    if activity is not None and not 0 <= activity <= 1:
        raise SpikeplaneError(
            f"activity must be from 0 to 1 spikes a neuron and step, not {number(activity)}"
        )
    if count < 1:
        raise SpikeplaneError(f"count must be 1 or more, not {count}")
    target = provided("board")(board)
    given = None if samples is None else _outputs(program, samples)
    what = f"counted on {len(next(iter(given.values())))} samples" if given else ""

    def of(one: Program) -> Any:
        if given is None:
            return chosen(one, None, activity, 1)
        return measured(one.network, one.config, given, what)

    return Estimate(best_estimate(program, target, of, count))


def _outputs(program: Program, samples: Any) -> dict[str, Any]:
    """What every population sends, of the first samples."""
    forms = {p.name: (program.encodings[p.name], p.shape) for p in program.network.inputs}
    given, _ = labelled(samples, None, forms, max(1, min(READ, STEPS // program.network.steps)))
    return outputs(program.network, program.planes(given), program.config.membrane_bits)


def boards_for(program: Program, samples: Any = None, *, activity: float | None = None) -> list[Estimate]:
    """Estimates of the boards that hold the program's chip or one made for its network, the fastest first. See
    `Program.estimate` for the arguments."""
    check_program(program)
    found = []
    for name, board in provided("BOARDS").items():
        if board.chip is None:
            continue
        one = estimate(program, name, samples, activity=activity)
        if one.fits or one.made is not None:
            found.append(one)
    return sorted(found, key=lambda one: -(one if one.fits else one.made or one).samples_per_second)
