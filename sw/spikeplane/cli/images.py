"""The work behind `spikeplane reconstruct`: images made, written and compared in one pass, and what
is said about it."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from spikeplane.camera import pictures
from spikeplane.camera.display import FULL_SCALE, Display
from spikeplane.camera.lockstep import LockstepCamera
from spikeplane.camera.quality import Quality, quality
from spikeplane.camera.reconstruct import Pipeline, Plan, images
from spikeplane.camera.recording import Recording
from spikeplane.camera.region import Region
from spikeplane.cli.answer import command
from spikeplane.cli.console import bar, out

CLOCK = 100e6  #: Hz: what the simulated hardware's cycles are told in


@dataclass
class Job:
    """What is made of what, and where it goes."""

    recording: Recording
    pipeline: Pipeline
    plan: Plan
    region: Region
    output: Path
    full_scale: float | None
    gamma: float
    fps: float
    truth: np.ndarray | None
    quality: Quality | None = None
    seconds: float = field(default=0.0)

    @property
    def display(self) -> Display:
        """For pictures, and for the comparison."""
        return Display(self.pipeline.config.scale, self.full_scale or FULL_SCALE, self.gamma)

    def levels(self) -> np.ndarray | None:
        """What to write for each value; None: the value itself, in as few bytes as hold it."""
        suffix, scale = self.output.suffix.lower(), self.pipeline.config.scale
        if suffix == ".npy":
            return None if self.full_scale is None else self.display.table(scale)
        deep = suffix == ".png" and len(self.plan.wanted) == 1 and scale > 255
        return self.display.table(65535 if deep else 255)


def work(job: Job) -> int:
    """Make and write all images; how many."""
    start = time.perf_counter()
    with bar("reconstruct", job.plan.end - job.plan.first, "planes") as advance:
        made = images(job.recording, job.pipeline, job.plan, job.region, advance)
        count = pictures.write_pictures(job.output, _pictures(job, made), job.fps)
    job.seconds = time.perf_counter() - start
    return count


def _pictures(job: Job, made: Iterator[tuple[int, np.ndarray]]) -> Iterator[pictures.Picture]:
    """Levels of values; the one image that is compared is compared here."""
    levels, raw = job.levels(), np.uint8 if job.pipeline.config.scale == 255 else np.uint16
    for number, values in made:
        if job.truth is not None:
            job.quality = quality(job.display.light(values), job.truth)
        yield number, values.astype(raw) if levels is None else levels[values]


def summarise(file: Path, job: Job, count: int, possible: int, why: str | None, board: str) -> dict[str, Any]:
    """The figures as plain values, for JSON and for people."""
    config, planes = job.pipeline.config, job.plan.end - job.plan.first
    summary: dict[str, Any] = {
        "file": str(file),
        "width": config.width,
        "height": config.height,
        "board": board,
        "method": config.method,
        "lookahead": config.lookahead,
        "bits": config.output_bits,
        "planes": planes,
        "images": count,
        "first_image": job.plan.wanted[0],
        "last_image": job.plan.wanted[-1],
        "seconds": job.seconds,
        "planes_per_second": planes / job.seconds,
        "output": str(job.output),
        "bytes": job.output.stat().st_size,
    }
    if why:
        summary["why"] = why
    if isinstance(job.pipeline, LockstepCamera):
        summary["lockstep"] = job.pipeline.plain()
    cycles = job.pipeline.cycles_per_plane
    if cycles:
        clock = {
            "pixels": config.pixels,
            "cycles_per_plane": cycles,
            "planes_per_second_at_100_mhz": CLOCK / cycles,
        }
        summary |= clock
    if config.method == "tfp":
        summary["window"] = config.window
    if count < possible:
        summary["images_possible"] = possible
    if job.output.suffix.lower() in (".mp4", ".gif"):
        summary["fps"] = job.fps if job.output.suffix.lower() == ".mp4" else pictures.gif_rate(job.fps)
    if job.quality:
        psnr = job.quality.psnr
        summary |= {
            "psnr": psnr if math.isfinite(psnr) else None,
            "ssim": job.quality.ssim,
            "quality": str(job.quality),
        }
    return summary


def show(summary: dict[str, Any]) -> None:
    """The summary for people."""
    method = summary["method"] + (f" over {summary['window']} planes" if "window" in summary else "")
    made = f"{summary['images']:,}, "
    made += "plane" if summary["images"] == 1 else "planes"
    made += f" {summary['first_image']}" + (f" to {summary['last_image']}" if summary["images"] > 1 else "")
    if "images_possible" in summary:
        made += (
            f", evenly spaced among {summary['images_possible']:,}; --every, --first and --last choose others"
        )
    rate = f", {summary['fps']:g} images/s" if "fps" in summary else ""
    rows = [
        ("method", f"{method}{': ' + summary['why'] if 'why' in summary else ''}"),
        ("look-ahead", f"{summary['lookahead']} planes"),
        (
            "planes",
            f"{summary['planes']:,} of {summary['width']}x{summary['height']} read, "
            f"{summary['planes_per_second']:,.0f} planes/s",
        ),
        ("images", made),
        ("written", f"{summary['output']}, {summary['bytes']:,} bytes{rate}"),
    ]
    if "cycles_per_plane" in summary:
        rate = f"{summary['planes_per_second_at_100_mhz']:,.0f} planes/s at 100 MHz"
        rows.append(
            (
                "cycles",
                f"{summary['cycles_per_plane']:,g} a plane, {summary['pixels']} pixels a cycle: {rate}",
            )
        )
    if "quality" in summary:
        rows.append(("quality", summary["quality"]))
    if "lockstep" in summary:
        rows.append(("lockstep", _compared(summary["lockstep"])))
    for name, text in rows:
        out.print(f"{name:<12}{escape(text)}", highlight=False, soft_wrap=True)


def _compared(found: dict[str, Any]) -> str:
    """How the comparison came out, for people."""
    line = f"{found['mismatches']:,} mismatches over {found['values']:,} pixels of {found['images']:,} images"
    return f"{line}\n{found['first']}" if found["first"] else line


def next_line(
    summary: dict[str, Any], size: str | None, no_flip: bool, roi: str | None, which: dict[str, int | None]
) -> str:
    """What comes after the images: the same on the hardware, and after that the page to step through. `which`: the
    options that choose planes, as they were given."""
    of_file = ["--size", size] if size is not None else []
    of_file += ["--no-flip"] if no_flip else []
    of_file += ["--roi", roi] if roi is not None else []
    file, output = summary["file"], Path(summary["output"])
    if "lockstep" in summary:
        return command("view", file, *of_file, "-o", output.with_name(f"{output.stem}-view.html"))
    method = ["--method", summary["method"], "--lookahead", summary["lookahead"]]
    method += ["--window", summary["window"]] if "window" in summary else []
    method += ["--bits", 12] if summary["bits"] == 12 else []
    chosen = [part for name, value in which.items() if value is not None for part in (name, value)]
    place = output.with_name(f"{output.stem}-sim{output.suffix}")
    return command(
        "reconstruct", file, *of_file, *method, *chosen, "--board", "sim", "--lockstep", "-o", place
    )
