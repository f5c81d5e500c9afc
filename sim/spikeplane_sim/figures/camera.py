"""The camera's figures: how close every method comes to the true image, planes a second of the
golden model, cycles of the pipeline."""

import time
from pathlib import Path

import numpy as np
from rich.table import Table

from spikeplane.camera.config import CameraConfig, camera_preset
from spikeplane.camera.display import Display
from spikeplane.camera.quality import Quality, quality, read_truth
from spikeplane.camera.recording import open_recording
from spikeplane.camera.region import Region
from spikeplane.camera.sensor import SensorModel, record
from spikeplane_sim.bench.camera import SimulatedPipeline
from spikeplane_sim.golden.camera import Reconstruction
from spikeplane_sim.golden.camera.parallel import ParallelReconstruction

SIZE, PLANE = (400, 250), 150
CLIPS = Path(__file__).parents[3] / "../shared/data/spike_camera"
NAMES = ("reds_200_part1", "reds_203_part1")
REPEATS, CHUNK = 3, 64
#: method, look-ahead
FORMS = (("tfp", 0), ("tfp", 10), ("tfi", 0), ("tfi", 16), ("fsr", 0), ("fsr", 16), ("ssr", 0), ("ssr", 16))


def measure_quality(name: str, method: str, lookahead: int) -> Quality:
    """Of plane 150 of a clip in 8 bits, scaled to 0.6 spikes a plane, against the true image."""
    planes = open_recording(CLIPS / f"{name}.dat", SIZE).read(0, PLANE + lookahead + 1)
    truth = read_truth(CLIPS / f"{name}_plane{PLANE}.png", SIZE, Region.at(0, 0, *SIZE))
    model = Reconstruction(
        CameraConfig(width=SIZE[0], height=SIZE[1], pixels=1, method=method, lookahead=lookahead)
    )
    for plane in planes:
        model.push(plane)
    return quality(Display(255).light(model.image().numpy()), truth)


def quality_table() -> Table | str:
    """PSNR and SSIM of every method; a line that says so where the clips are not there."""
    if not all((CLIPS / f"{name}.dat").exists() for name in NAMES):
        return "reconstruction against true images: skipped, no recordings in ../shared/data/spike_camera"
    table = Table(title=f"Reconstruction of plane {PLANE}, 400x250: PSNR in dB, SSIM", title_justify="left")
    for column in (
        "method",
        "look-ahead",
        *(f"{name} {figure}" for name in NAMES for figure in ("PSNR", "SSIM")),
    ):
        table.add_column(column, justify="left" if column == "method" else "right")
    for method, lookahead in FORMS:
        found = [measure_quality(name, method, lookahead) for name in NAMES]
        title = f"{method}, 21 planes" if method == "tfp" else method
        table.add_row(
            title, str(lookahead), *(text for q in found for text in (f"{q.psnr:.2f}", f"{q.ssim:.3f}"))
        )
    return table


def some_planes(count: int = 256) -> np.ndarray:
    """Planes (count, 250, 400) of a sensor that looks at a grey wedge, 0 to full light."""
    wedge = np.tile(np.linspace(0, 1, SIZE[0]), (SIZE[1], 1))
    return np.stack(list(record((wedge for _ in range(count)), SensorModel())))


def golden_rate(method: str, lookahead: int, planes: np.ndarray, every: int) -> float:
    """Planes a second of the golden model on all processor cores, an image of every n-th plane
    taken; the best of REPEATS."""
    wanted = [i % every == every - 1 for i in range(len(planes))]
    rates = []
    config = CameraConfig(width=SIZE[0], height=SIZE[1], pixels=1, method=method, lookahead=lookahead)
    with ParallelReconstruction(config) as model:
        list(model.take(planes[:CHUNK], wanted[:CHUNK]))  # the processes have started
        for _ in range(REPEATS):
            start = time.perf_counter()
            for at in range(0, len(planes), CHUNK):
                list(model.take(planes[at : at + CHUNK], wanted[at : at + CHUNK]))
            rates.append(len(planes) / (time.perf_counter() - start))
    return max(rates)


def rate_table() -> Table:
    """Planes a second of every method."""
    planes = some_planes()
    table = Table(title="Golden model, 400x250 on all cores: planes a second", title_justify="left")
    for column in ("method", "look-ahead", "an image of every 64th plane", "of every plane"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for method, lookahead in FORMS:
        rates = [golden_rate(method, lookahead, planes, every) for every in (64, 1)]
        table.add_row(method, str(lookahead), *(f"{rate:,.0f}" for rate in rates))
    return table


def cycles_per_plane(config: CameraConfig, planes: int = 8) -> float:
    """Cycles from the first word of an image to that of the next, planes coming without a gap; 0 if
    they differ."""
    rng = np.random.default_rng(0)
    with SimulatedPipeline(config) as pipeline:
        words = pipeline.run(rng.integers(0, 2, (planes, config.height, config.width), np.uint8))
    steps = set(np.diff(words.cycle[words.first.astype(bool)]).tolist())
    return steps.pop() if len(steps) == 1 else 0


def pipeline_line() -> str:
    """The pipeline's throughput, measured in simulation."""
    config = camera_preset("vidar")
    return (
        f"camera pipeline `vidar` (400x250, {config.pixels} pixels a cycle): "
        f"{cycles_per_plane(config):,} cycles a plane, "
        f"W * H / P = {config.words:,}"
    )
