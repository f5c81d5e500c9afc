"""`make bench`: every figure of the README, measured now. `python -m spikeplane_sim.figures
[PART...]`; see PARTS."""

import sys

from rich.console import Console
from rich.table import Table

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.figures import (
    attention,
    blocks,
    board,
    camera,
    camera_synthesis,
    clock,
    golden,
    options,
    smallest,
    speed,
    synthesis,
    training,
    training_cycles,
    training_energy,
    training_networks,
    utilisation,
)

console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)


def show_utilisation() -> None:
    """Cycles against the bound, one core."""
    table = Table(title="One 16-lane core, 10 % activity", title_justify="left")
    for column in ("layer", "spikes a cycle", "cycles", "bound", "utilisation", "required"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for chip, required in utilisation.REQUIRED:
        for (name, network), least in zip(utilisation.layers().items(), required, strict=True):
            use = utilisation.measure(name, network, chip)
            numbers = (f"{use.cycles:,}", f"{use.bound:,.0f}", f"{use.utilisation:.3f}", f"{least:.2f}")
            table.add_row(name, str(chip.spikes_per_cycle), *numbers)
    console.print(table)


def show_attention() -> None:
    """Cycles of attention against the least that it needs."""
    console.print(attention.table())
    console.print("required: 0.85")


def show_speed() -> None:
    """The simulated chip on this machine."""
    chip = speed.chip_speed()
    console.print(
        f"simulated 2x2 chip: {chip.cycles_per_second:,.0f} cycles/s running the demo's network, "
        f"{chip.cycles_per_sample:,.0f} cycles "
        f"per image, {chip.mismatches} mismatches (required: 300,000 cycles/s; best of {speed.REPEATS} runs)"
    )


def show_golden() -> None:
    """The golden model's two paths."""
    console.print(golden.rates().line, soft_wrap=True)


def show_board() -> None:
    """The simulated board of tiles against the same chip in one model, and what meshes take to build."""
    run = board.replay(*board.demo_calls())
    console.print(
        f"simulated 2x2 chip, the demo's bytes: {run.tiles:,.0f} cycles a CPU second of tiles, {run.whole:,.0f} "
        f"in one model: {run.ratio:.2f} times (required: 1.25; the best of {board.REPEATS} runs, stretch by stretch), equal answers, "
        f"{run.cycles:,} cycles"
    )
    small, large = board.mesh_build_seconds()
    console.print(
        f"simulated chips of 32 lanes, built anew: 2x2 {small:.0f} CPU seconds, 4x5 {large:.0f}: "
        f"{large / small:.2f} times (at most 2)"
    )


def show_size() -> None:
    """The Verilog of a large chip against a small one."""
    from spikeplane_gateware.generate import verilog_text

    base = preset("small").to_dict()
    small, large = (len(verilog_text(ChipConfig(**{**base, "rows": n, "cols": n}))) for n in (2, 4))
    console.print(
        f"Verilog: 2x2 chip {small:,} bytes, 4x4 chip {large:,} bytes: {large / small:.2f} times "
        "(at most 1.5)"
    )


def show_synthesis() -> None:
    """One core and its router on the ECP5."""
    config = preset("small")
    console.print(synthesis.table(synthesis.measure(config), config))
    console.print("required: at most 8,000 cells and at least 80 MHz")


def show_blocks() -> None:
    """A tile and its parts beside what they were."""
    console.print(blocks.table())
    console.print("required of the tile: 2,000 cells and 3,000 FF fewer than before")


def show_options() -> None:
    """What a core's options cost."""
    console.print(options.table())
    console.print(options.table("small", options.OPERATORS))


def show_clock() -> None:
    """The clock of a core with all options."""
    console.print(clock.table())
    console.print("required: at most 5 % less with all")


def show_smallest() -> None:
    """A core of 16 lanes with all that makes it small."""
    console.print(smallest.table())
    console.print(
        "required: 7,118 cells, 8,407 FF and 88 DP16KD at most, 115 MHz; 350,000 operations a second and cell"
    )


def show_camera() -> None:
    """The camera's images and speeds."""
    console.print(camera.quality_table())
    console.print(camera.rate_table())
    console.print(camera.pipeline_line())


def show_camera_synthesis() -> None:
    """The camera pipeline on the ECP5 and in AMD's parts."""
    from spikeplane.camera.config import camera_preset

    console.print(
        camera_synthesis.xilinx_table(
            {c: camera_synthesis.measure_xilinx(c) for c in camera_synthesis.large_pipelines()}
        )
    )
    config = camera_preset("vidar")
    console.print(camera_synthesis.ecp5_table(config, camera_synthesis.measure_ecp5(config)))


def show_training() -> None:
    """The energy of learning, the cycles of a core that learns, and its parts on the ECP5."""
    for name in training_energy.NAMES:
        console.print(training_energy.table(name))
    uses = {name: training_cycles.measure(name) for name in training_networks.NETWORKS}
    console.print(training_cycles.table(uses))
    console.print(training_cycles.ways(uses))
    console.print(training.table())


PARTS = {
    "utilisation": show_utilisation,
    "attention": show_attention,
    "speed": show_speed,
    "golden": show_golden,
    "board": show_board,
    "size": show_size,
    "synthesis": show_synthesis,
    "blocks": show_blocks,
    "options": show_options,
    "clock": show_clock,
    "smallest": show_smallest,
    "camera": show_camera,
    "camera-synthesis": show_camera_synthesis,
    "training": show_training,
}


def main() -> None:
    """Run the named parts, or all."""
    for name in sys.argv[1:] or PARTS:
        if name not in PARTS:
            raise SpikeplaneError(f"no figure '{name}'; there are {', '.join(PARTS)}")
        PARTS[name]()


if __name__ == "__main__":
    try:
        main()
    except SpikeplaneError as error:
        sys.exit(f"error: {error}")
