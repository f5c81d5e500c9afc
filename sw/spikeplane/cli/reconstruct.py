"""`spikeplane reconstruct`: images from a spike camera's planes."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from spikeplane.camera import pictures
from spikeplane.camera.choose import LOOKAHEAD, choose
from spikeplane.camera.config import METHODS, CameraConfig
from spikeplane.camera.display import FULL_SCALE, Display
from spikeplane.camera.quality import Quality, quality, read_truth
from spikeplane.camera.reconstruct import Pipeline, Plan, Region, images, parse_region, plan
from spikeplane.camera.recording import Recording, open_recording, parse_size
from spikeplane.cli.cameras import check_camera, open_camera
from spikeplane.cli.console import bar, busy, out
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_place
from spikeplane.toolchain import ffmpeg

WINDOW = 21  #: planes that tfp counts, if nobody says how many


def reconstruct(
    file: Annotated[Path, typer.Argument(help="A recording: raw planes (.dat), .npy or .npz of (T, H, W), or .yaml.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="x.png (an image or a contact sheet), .mp4, .gif, .npy.")],
    size: Annotated[str | None, typer.Option(help="WxH of raw planes, such as 400x250.")] = None,
    no_flip: Annotated[bool, typer.Option("--no-flip", help="Raw planes have their first row first.")] = False,
    method: Annotated[str, typer.Option("--method", "-m", help="tfp, tfi, fsr, ssr, or auto: the best one measured.")] = "auto",
    lookahead: Annotated[int | None, typer.Option("--lookahead", "-a", help="Planes an image uses after its own, 0..64 (default 16).")] = None,
    window: Annotated[int | None, typer.Option(help="Planes that tfp counts, 1..64 (default 21).")] = None,
    every: Annotated[int | None, typer.Option(help="An image of every n-th plane (default: each; .png 36 of them).")] = None,
    plane: Annotated[int | None, typer.Option(help="An image of this plane only, from 0.")] = None,
    first: Annotated[int | None, typer.Option(help="Start with this plane; pixels know nothing of those before.")] = None,
    last: Annotated[int | None, typer.Option(help="The last plane to make an image of.")] = None,
    roi: Annotated[str | None, typer.Option(help="X,Y,W,H: only these pixels, from the upper left corner.")] = None,
    bits: Annotated[int, typer.Option(help="8, or 12: four binary places more; .npy in uint16, one image in a 16-bit .png.")] = 8,
    full_scale: Annotated[float | None, typer.Option(help="Spikes a plane that are white (default 0.6; .npy: unscaled).")] = None,
    gamma: Annotated[float, typer.Option(help="Of pictures: 1 is proportional to light, 2.2 what screens expect.")] = 1.0,
    fps: Annotated[float, typer.Option(help="Images a second of .mp4 and .gif.")] = 25.0,
    compare: Annotated[Path | None, typer.Option(help="The true image of --plane: print PSNR and SSIM.")] = None,
    board: Annotated[str, typer.Option(help="golden: the PyTorch model.")] = "golden",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:  # fmt: skip
    """Make images of a spike camera's planes.

    Examples: `spikeplane reconstruct clip.dat --size 400x250 --plane 150 -o image.png`,
    `spikeplane reconstruct clip.dat --size 400x250 --every 4 -o clip.mp4`
    """
    _check_options(method, lookahead, window, every, plane, bits, full_scale, gamma, fps, compare)
    check_camera(board)
    _check_places(file, output, compare, gamma)
    with open_recording(file, parse_size(size) if size is not None else None, flip=not no_flip) as recording:
        whole = (recording.width, recording.height)
        region = parse_region(roi, whole)
        chosen, ahead, why = _method(method, lookahead, len(recording))
        what = plan(len(recording), ahead, first=first, last=last, every=every, plane=plane)
        possible = len(what.wanted)
        if output.suffix.lower() == ".png":
            what = what.thinned(pictures.SHEET, ahead)
        config = _config(region, chosen, ahead, window or WINDOW, bits)
        truth = read_truth(compare, whole, region) if compare else None
        with busy(f"preparing {board}"):
            pipeline = open_camera(board, config)
        job = Job(recording, pipeline, what, region, output, full_scale, gamma, fps, truth)
        count = work(job)
    summary = summarise(file, job, count, possible, why, board)
    if as_json:
        print(json.dumps(summary))
    else:
        show(summary)


def _check_options(
    method: str, lookahead: int | None, window: int | None, every: int | None, plane: int | None, bits: int,
    full_scale: float | None, gamma: float, fps: float, compare: Path | None,
) -> None:  # fmt: skip
    if method not in (*METHODS, "auto"):
        raise SpikeplaneError(f"--method is one of {', '.join(METHODS)} or auto, not {method!r}")
    if lookahead is not None and not 0 <= lookahead <= 64:
        raise SpikeplaneError(f"--lookahead must be from 0 to 64, not {lookahead}")
    if window is not None and not 1 <= window <= 64:
        raise SpikeplaneError(f"--window must be from 1 to 64, not {window}")
    if window is not None and method != "tfp":
        raise SpikeplaneError(f"--window is for --method tfp only, not {method}")
    if every is not None and every < 1:
        raise SpikeplaneError(f"--every must be 1 or more, not {every}")
    if every is not None and plane is not None:
        raise SpikeplaneError("--every and --plane exclude each other: many images, or one")
    if bits not in (8, 12):
        raise SpikeplaneError(f"--bits must be 8 or 12, not {bits}")
    if full_scale is not None and not 0 < full_scale <= 1:
        raise SpikeplaneError(f"--full-scale must be more than 0 and at most 1 spike a plane, not {full_scale:g}")
    if not 0.1 <= gamma <= 10:
        raise SpikeplaneError(f"--gamma must be from 0.1 to 10, not {gamma:g}")
    if not 0.1 <= fps <= 1000:
        raise SpikeplaneError(f"--fps must be from 0.1 to 1000, not {fps:g}")
    if compare and plane is None:
        raise SpikeplaneError("--compare needs --plane T, the plane whose true image it is")


def _check_places(file: Path, output: Path, compare: Path | None, gamma: float) -> None:
    """That files of this kind can be written there, before anything is read."""
    suffix = pictures.check_suffix(output)
    if suffix == ".npy" and gamma != 1:
        raise SpikeplaneError("--gamma is for pictures; .npy holds values proportional to light")
    for place, what in ((file, "reconstructed"), (compare, "compared with")):
        if place and output.resolve() == place.resolve():
            raise SpikeplaneError(f"{output} is what is {what}; write to another file")
    check_place(output)
    if suffix == ".mp4":
        ffmpeg()


def _method(method: str, lookahead: int | None, planes: int) -> tuple[str, int, str | None]:
    """(method, look-ahead, why if it was chosen here)."""
    if method == "auto":
        return choose(lookahead, planes)
    return method, LOOKAHEAD if lookahead is None else lookahead, None


def _config(region: Region, method: str, lookahead: int, window: int, bits: int) -> CameraConfig:
    width, height = region.size
    if width * height < 16:
        raise SpikeplaneError(f"images of {width}x{height} pixels are too small, 16 pixels at least; use a larger --roi")
    return CameraConfig(
        width=width, height=height, pixels=1, method=method, lookahead=lookahead, window=window, output_bits=bits
    )


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
        "file": str(file), "width": config.width, "height": config.height, "board": board, "method": config.method,
        "lookahead": config.lookahead, "bits": config.output_bits, "planes": planes, "images": count,
        "first_image": job.plan.wanted[0], "last_image": job.plan.wanted[-1], "seconds": job.seconds,
        "planes_per_second": planes / job.seconds, "output": str(job.output), "bytes": job.output.stat().st_size,
    }  # fmt: skip
    if why:
        summary["why"] = why
    if config.method == "tfp":
        summary["window"] = config.window
    if count < possible:
        summary["images_possible"] = possible
    if job.output.suffix.lower() in (".mp4", ".gif"):
        summary["fps"] = job.fps if job.output.suffix.lower() == ".mp4" else pictures.gif_rate(job.fps)
    if job.quality:
        psnr = job.quality.psnr
        summary |= {"psnr": psnr if math.isfinite(psnr) else None, "ssim": job.quality.ssim, "quality": str(job.quality)}
    return summary


def show(summary: dict[str, Any]) -> None:
    """The summary for people."""
    method = summary["method"] + (f" over {summary['window']} planes" if "window" in summary else "")
    made = f"{summary['images']:,}, "
    made += "plane" if summary["images"] == 1 else "planes"
    made += f" {summary['first_image']}" + (f" to {summary['last_image']}" if summary["images"] > 1 else "")
    if "images_possible" in summary:
        made += f", evenly spaced among {summary['images_possible']:,}; --every, --first and --last choose others"
    rate = f", {summary['fps']:g} images/s" if "fps" in summary else ""
    rows = [
        ("method", f"{method}{': ' + summary['why'] if 'why' in summary else ''}"),
        ("look-ahead", f"{summary['lookahead']} planes"),
        ("planes", f"{summary['planes']:,} of {summary['width']}x{summary['height']} read, "
                   f"{summary['planes_per_second']:,.0f} planes/s"),
        ("images", made),
        ("written", f"{summary['output']}, {summary['bytes']:,} bytes{rate}"),
    ]  # fmt: skip
    if "quality" in summary:
        rows.append(("quality", summary["quality"]))
    for name, text in rows:
        out.print(f"{name:<12}{escape(text)}", highlight=False, soft_wrap=True)
