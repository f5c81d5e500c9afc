"""`spikeplane view`: a page to step through a clip, the methods side by side."""

import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from spikeplane.camera.recording import open_recording, parse_size
from spikeplane.camera.region import parse_region
from spikeplane.camera.view import Clip, Plan, collect, plan, write_page
from spikeplane.camera.view.page import MOST, RATE
from spikeplane.cli.answer import Json, command, print_json, print_next
from spikeplane.cli.console import bar, out, told_transposed
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place, same_file

_WANTED = "X,Y,W,H in pixels, such as 100,50,64,64 (from the top left)"


def view(
    file: Annotated[
        Path, typer.Argument(help="A recording: .dat (raw planes), .npy, .npz, or a .yaml that names one.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="page.html, one file that needs nothing else.")
    ],
    size: Annotated[str | None, typer.Option(help="WxH of raw planes, such as 400x250.")] = None,
    no_flip: Annotated[
        bool,
        typer.Option("--no-flip", help="The file has its first row first; cameras write the last one first."),
    ] = False,
    first: Annotated[int | None, typer.Option(help="The first plane (default: 0).")] = None,
    planes: Annotated[
        int | None, typer.Option(help="How many (default: as many as make a small page).")
    ] = None,
    roi: Annotated[
        str | None, typer.Option(help="X,Y,W,H of a region (default: all, of large planes the middle).")
    ] = None,
    every: Annotated[
        int | None, typer.Option(help="Images of every n-th plane (default: by size; 4 for 400x250).")
    ] = None,
    lookahead: Annotated[int, typer.Option(help="Planes that the methods look ahead.")] = 16,
    window: Annotated[int, typer.Option(help="Planes that TFP counts.")] = 21,
    full_scale: Annotated[
        float | None, typer.Option(help="Spikes a plane of a white pixel (default: from the images).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write one HTML page to step through a clip: TFP, TFI, FSR, SSR and the planes, and the
    intervals of the pixel under the cursor.

    Example: `spikeplane view clip.dat --size 400x250 -o clip.html`
    """
    _check(file, output, full_scale)
    region = parse_region(roi, _WANTED) if roi is not None else None
    started = time.perf_counter()
    with open_recording(file, parse_size(size) if size is not None else None, flip=not no_flip) as recording:
        if size is not None:
            told_transposed(recording, flip=not no_flip)
        shape = (len(recording), recording.height, recording.width)
        chosen = plan(
            shape, first=first, planes=planes, roi=region, every=every, lookahead=lookahead, window=window
        )
        from spikeplane_sim.golden.camera import Reconstruction

        with bar("reconstruct", chosen.stop - chosen.start) as advance:
            clip = collect(recording, chosen, Reconstruction, advance)
    clip, length = write_page(output, clip, full_scale, thin=every is None)
    seconds = time.perf_counter() - started
    then = _next(file, size, no_flip, clip.plan)
    if as_json:
        print_json({**figures(clip, output, length, full_scale, seconds), "next": then})
    else:
        show(clip, output, length, full_scale, seconds)
        print_next(then)


def _check(file: Path, output: Path, full_scale: float | None) -> None:
    if full_scale is not None and not 0 < full_scale < math.inf:
        raise SpikeplaneError(f"--full-scale must be more than 0 spikes a plane, not {number(full_scale)}")
    if output.suffix.lower() not in (".html", ".htm"):
        raise SpikeplaneError(f"--output is an .html file, not {str(output)!r}")
    if same_file(output, file):
        raise SpikeplaneError(f"{output} is the recording; write to another file")
    check_place(output)


def figures(
    clip: Clip, output: Path, length: int, full_scale: float | None, seconds: float
) -> dict[str, Any]:
    """What was chosen, and what was written, as plain values."""
    chosen, (count, height, width) = clip.plan, clip.shape
    return {
        "width": width,
        "height": height,
        "planes": count,
        "roi": [chosen.roi.x0, chosen.roi.y0, *chosen.roi.size],
        "first": chosen.first,
        "last": chosen.last - 1,
        "opens_at": chosen.middle,
        "every": chosen.every,
        "images": len(chosen.images),
        "lookahead": chosen.lookahead,
        "window": chosen.window,
        "white": full_scale or clip.white,
        "output": output,
        "bytes": length,
        "seconds": seconds,
    }


def _next(file: Path, size: str | None, no_flip: bool, chosen: Plan) -> str:
    """The command that makes a picture of the plane that the page opens at."""
    words = ["reconstruct", file, *(["--size", size] if size is not None else [])]
    words += ["--no-flip"] if no_flip else []
    words += ["--lookahead", chosen.lookahead, "--plane", chosen.middle]
    return command(*words, "-o", f"{file.stem}-plane{chosen.middle}.png")


def show(clip: Clip, output: Path, length: int, full_scale: float | None, seconds: float) -> None:
    """What was chosen, and what was written."""
    chosen, (count, height, width) = clip.plan, clip.shape
    x, y, (w, h) = chosen.roi.x0, chosen.roi.y0, chosen.roi.size
    region = f"all {w}x{h}" if (w, h) == (width, height) else f"{w}x{h} at {x},{y} of {width}x{height}"
    region += "; --roi chooses another region" if chosen.cut else ""
    planes = (
        f"{chosen.first} to {chosen.last - 1} of {count} ({1000 * (chosen.last - chosen.first) / RATE:g} ms)"
    )
    if chosen.start < chosen.first:
        planes += f", after a warm-up from plane {chosen.start} on"
    if chosen.last == count - chosen.lookahead and chosen.lookahead:
        planes += f"; the last {chosen.lookahead} have no image, because of the look-ahead"
    elif chosen.last < count:
        planes += "; --first and --planes choose others"
    images = (
        f"{len(chosen.images)} of each method, of every {_nth(chosen.every)}plane, look-ahead "
        f"{chosen.lookahead}"
    )
    white = f"{full_scale or clip.white:.3g} spikes a plane{'' if full_scale else ', from the images'}"
    size = f"{output}, {length / 1e6:.1f} MB in {seconds:.1f} s"
    size += f"; large for a browser: below {MOST / 1e6:.0f} MB with a larger --every" if length > MOST else ""
    rows = (("pixels", region), ("planes", planes), ("images", images), ("white", white), ("written", size))
    for name, text in rows:
        out.print(f"{name:<11}{escape(text)}", highlight=False, soft_wrap=True)


def _nth(number: int) -> str:
    if number == 1:
        return ""
    ending = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} "
