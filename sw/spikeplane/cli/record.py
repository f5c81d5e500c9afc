"""`spikeplane record`: what a spike camera would see of an image, a video or an array."""

import io
import math
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from spikeplane.camera import light as lights
from spikeplane.camera import sensor, video
from spikeplane.camera.npy import write_npy
from spikeplane.camera.recording import Size, parse_size, write_dat
from spikeplane.camera.scenes import read_frames
from spikeplane.cli.answer import Json, print_json
from spikeplane.cli.console import bar, out
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place, same_file, write_file

PLANES = 1000  #: of an image, if nobody says how many
RATE = 20_000  #: planes a second of the camera that the summary speaks of
MOST_PIXELS = 1 << 24  #: of a plane: beyond it, a size is a slip of the finger rather than a sensor


def record(
    source: Annotated[
        Path, typer.Argument(help="An image, a video, an animation, or .npy/.npz of (H, W) or (T, H, W).")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="clip.dat (raw planes) or clip.npy (T, H, W).")
    ],
    planes: Annotated[
        int | None, typer.Option("--planes", "-n", help="How many (default: an image 1000, frames all).")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="WxH of the sensor (default: the source's; moving, 3/4 of it).")
    ] = None,
    motion: Annotated[
        str, typer.Option(help="none, pan or circle: how the sensor moves over an image.")
    ] = "none",
    speed: Annotated[float, typer.Option(help="Of the motion, in pixels per 1000 planes.")] = 100.0,
    planes_per_frame: Annotated[int, typer.Option(help="Planes from one frame to the next.")] = 20,
    full_scale: Annotated[float, typer.Option(help="Spikes a plane of a white pixel.")] = 0.6,
    threshold_noise: Annotated[
        float, typer.Option(help="Relative sigma of the threshold, drawn for each spike.")
    ] = 0.0,
    dark_current: Annotated[float, typer.Option(help="Spikes a plane without light.")] = 0.0,
    gain_spread: Annotated[
        float, typer.Option(help="Relative sigma of the pixels' gains (fixed pattern).")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    truth: Annotated[Path | None, typer.Option(help="Write the true image of one plane, a .png.")] = None,
    truth_plane: Annotated[int | None, typer.Option(help="Which plane (default: the middle one).")] = None,
    no_flip: Annotated[
        bool, typer.Option("--no-flip", help="First row first in .dat; cameras write the last one first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the planes that a spike camera would see, with its residual charge and, if wanted, its noise.

    Example: `spikeplane record photo.jpg -o clip.dat --motion pan --size 400x250 --truth true.png`
    """
    _check_options(planes, speed, planes_per_frame, truth, truth_plane)
    _check_places(source, output, truth, no_flip)
    model = sensor.SensorModel(
        full_scale=full_scale,
        threshold_noise=threshold_noise,
        dark_current=dark_current,
        gain_spread=gain_spread,
        seed=seed,
    )
    wanted = parse_size(size) if size else None
    if wanted:
        _check_pixels(wanted)
    light = open_light(source, planes, wanted, motion, speed / 1000, planes_per_frame)
    _check_pixels(light.size)
    shot = Shot(light, model, output, not no_flip, truth, _truth_plane(light, truth, truth_plane))
    counts = shoot(shot, planes)
    if as_json:
        print_json(figures(shot, counts))
    else:
        show(shot, counts)


def _check_options(
    planes: int | None, speed: float, per_frame: int, truth: Path | None, truth_plane: int | None
) -> None:
    for name, value in (("--planes", planes), ("--planes-per-frame", per_frame)):
        if value is not None and value < 1:
            raise SpikeplaneError(f"{name} must be 1 or more, not {value}")
    if not 0 < speed < math.inf:
        raise SpikeplaneError(f"--speed must be more than 0 pixels per 1000 planes, not {number(speed)}")
    if truth_plane is not None and truth is None:
        raise SpikeplaneError("--truth-plane needs --truth, the file to write")


def _check_places(source: Path, output: Path, truth: Path | None, no_flip: bool) -> None:
    """That files of this kind can be written there, before anything is read."""
    if output.suffix not in (".dat", ".npy"):
        raise SpikeplaneError(f"--output is a .dat or a .npy file, not {str(output)!r}")
    if no_flip and output.suffix != ".dat":
        raise SpikeplaneError("--no-flip is for .dat files only: arrays have the first row first")
    if truth and truth.suffix != ".png":
        raise SpikeplaneError(f"--truth is a .png file, not {str(truth)!r}")
    for place in filter(None, (output, truth)):
        if same_file(place, source):
            raise SpikeplaneError(f"{place} is what is recorded; write to another file")
        check_place(place)


def _check_pixels(size: Size) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise SpikeplaneError(
            f"planes of {size[0]}x{size[1]} are too large, {MOST_PIXELS:,} pixels at most: use a "
            "smaller --size"
        )


def open_light(
    source: Path, planes: int | None, size: Size | None, motion: str, speed: float, per_frame: int
) -> lights.Light:
    """The light of a file. `speed` is in pixels a plane.

    Raises SpikeplaneError for a file that cannot be read, an unknown motion, a motion of frames,
    and a window without room.
    """
    if motion not in ("none", "pan", "circle"):
        raise SpikeplaneError(f"--motion is none, pan or circle, not {motion!r}")
    if source.suffix.lower() in video.SUFFIXES:
        light, frames = lights.video(source, per_frame, size), "a video"
    else:
        # planes between frames: (frames - 1) * per_frame + 1 of them; two frames at least, so that
        # an animation is seen to be one
        most = None if planes is None or motion != "none" else max(2, 1 + -(-(planes - 1) // per_frame))
        found = read_frames(source, most)
        if found.ndim == 2:
            return _image_light(lights.as_light(found), planes or PLANES, size, motion, speed)
        light, frames = lights.array(found, per_frame, size, str(source)), f"{len(found)} frames"
    if motion != "none":
        raise SpikeplaneError(f"--motion moves over one image, {source} holds {frames}: leave it out")
    return light.at_most(planes) if planes else light


def _image_light(
    image: np.ndarray, planes: int, size: Size | None, motion: str, speed: float
) -> lights.Light:
    if motion == "none":
        return lights.still(lights.fit(image, size) if size else image, planes)
    size = size or (max(1, image.shape[1] * 3 // 4), max(1, image.shape[0] * 3 // 4))
    x, y = lights.window_room(image, size)
    if (motion == "pan" and not x and not y) or (motion == "circle" and not (x and y)):
        raise SpikeplaneError(
            f"--motion {motion} has no room: the window is {size[0]}x{size[1]}, the image "
            f"{image.shape[1]}x{image.shape[0]}; "
            "use a smaller --size"
        )
    path = (
        lights.through([(0, 0), (x, y)], speed)
        if motion == "pan"
        else lights.circle((x / 2, y / 2), min(x, y) / 2, speed)
    )
    return lights.moving(image, path, size, planes)


def _truth_plane(light: lights.Light, truth: Path | None, plane: int | None) -> int:
    if truth is None:
        return -1
    if plane is None:
        if light.planes is None:
            raise SpikeplaneError(
                "--truth of a video needs --truth-plane: its length is known at its end only"
            )
        return light.planes // 2
    if plane < 0 or (light.planes is not None and plane >= light.planes):
        expected = "0 or more" if light.planes is None else f"from 0 to {light.planes - 1}"
        raise SpikeplaneError(f"--truth-plane must be {expected}, not {plane}")
    return plane


@dataclass(frozen=True)
class Shot:
    """What is recorded, by which sensor, and where to."""

    light: lights.Light
    model: sensor.SensorModel
    output: Path
    flip: bool
    truth: Path | None
    truth_plane: int


@dataclass
class Counts:
    """What came out: planes, spikes, the true image (H, W) of 0..1, and how long it took."""

    planes: int = 0
    spikes: int = 0
    image: np.ndarray | None = None
    seconds: float = 0.0


def shoot(shot: Shot, expected: int | None) -> Counts:
    """Record and write. `expected` planes make the progress bar where the light does not know their
    number."""
    counts, start = Counts(), time.perf_counter()
    with bar("record", shot.light.planes or expected or 0) as advance:
        planes = _exposed(shot, counts, advance)
        if shot.output.suffix == ".npy":
            write_npy(shot.output, planes)
        else:
            write_dat(shot.output, planes, flip=shot.flip)
    if shot.truth and counts.image is not None:
        write_file(shot.truth, _png(counts.image))
    counts.seconds = time.perf_counter() - start
    return counts


def _exposed(shot: Shot, counts: Counts, advance: Callable[[int], None]) -> Iterator[np.ndarray]:
    """The planes, counted; an error before the last one reaches the writer, which then leaves
    nothing behind."""
    device = sensor.Sensor(shot.model, (shot.light.size[1], shot.light.size[0]))
    for light in shot.light:
        if counts.planes == shot.truth_plane:
            counts.image = light.copy()
        plane = device.expose(light)
        counts.spikes += int(np.count_nonzero(plane))
        counts.planes += 1
        if counts.planes % 50 == 0:
            advance(50)
        yield plane
    if shot.truth and counts.image is None:
        raise SpikeplaneError(
            f"--truth-plane {shot.truth_plane} is beyond the end: there are {counts.planes} planes"
        )


def _png(image: np.ndarray) -> bytes:
    """8-bit grey, 255 for light 1."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def figures(shot: Shot, counts: Counts) -> dict[str, Any]:
    """The summary as plain values."""
    width, height = shot.light.size
    found: dict[str, Any] = {
        "width": width,
        "height": height,
        "planes": counts.planes,
        "spikes": counts.spikes,
        "rate": counts.spikes / (counts.planes * width * height),
        "seconds": counts.seconds,
        "output": str(shot.output),
        "bytes": shot.output.stat().st_size,
        "next": _next(shot),
    }
    return found | ({"truth": str(shot.truth), "truth_plane": shot.truth_plane} if shot.truth else {})


def show(shot: Shot, counts: Counts) -> None:
    """The summary for people, and the command to go on with."""
    width, height = shot.light.size
    rate = counts.spikes / (counts.planes * width * height)
    rows = [
        ("size", f"{width}x{height}"),
        ("planes", f"{counts.planes:,} ({1000 * counts.planes / RATE:g} ms at {RATE:,} planes/s)"),
        ("mean rate", f"{rate:.4f} spikes a pixel and plane"),
        (
            "written",
            (
                f"{shot.output}, {shot.output.stat().st_size:,} bytes, "
                f"{counts.planes / counts.seconds:,.0f} planes/s"
            ),
        ),
    ]
    if shot.truth:
        rows.append(("truth", f"{shot.truth}, plane {shot.truth_plane}"))
    for name, text in [*rows, ("next", _next(shot))]:
        out.print(f"{name:<11}{escape(text)}", highlight=False, soft_wrap=True)


def _next(shot: Shot) -> str:
    raw = shot.output.suffix == ".dat"
    words = ["spikeplane", "reconstruct", str(shot.output)]
    words += ["--size", f"{shot.light.size[0]}x{shot.light.size[1]}"] if raw else []
    words += ["--no-flip"] if raw and not shot.flip else []
    words += ["--method", "auto"]
    words += ["--plane", str(shot.truth_plane), "--compare", str(shot.truth)] if shot.truth else []
    return shlex.join([*words, "-o", str(shot.output.with_name(f"{shot.output.stem}-reconstructed.png"))])
