"""`spikeplane reconstruct`: images from a spike camera's planes."""

from pathlib import Path
from typing import Annotated

import typer

from spikeplane.camera import pictures
from spikeplane.camera.choose import LOOKAHEAD, choose
from spikeplane.camera.config import METHODS, CameraConfig
from spikeplane.camera.lockstep import LockstepCamera
from spikeplane.camera.quality import read_truth
from spikeplane.camera.reconstruct import chosen_region, plan
from spikeplane.camera.recording import open_recording, parse_size
from spikeplane.camera.region import Region
from spikeplane.camera.side import SUFFIXES as SIDE
from spikeplane.camera.side import read_side_file, recording_of
from spikeplane.cli.answer import Json, print_json, print_next
from spikeplane.cli.cameras import check_camera, open_camera, widest_word
from spikeplane.cli.console import busy, told_transposed
from spikeplane.cli.images import Job, next_line, show, summarise, work
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_place, same_file
from spikeplane.toolchain import ffmpeg

WINDOW = 21  #: planes that tfp counts, if nobody says how many


def reconstruct(
    file: Annotated[
        Path, typer.Argument(help="A recording: raw planes (.dat), .npy or .npz of (T, H, W), or .yaml.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="x.png (an image or a contact sheet), .mp4, .gif, .npy.")
    ],
    size: Annotated[str | None, typer.Option(help="WxH of raw planes, such as 400x250.")] = None,
    no_flip: Annotated[
        bool, typer.Option("--no-flip", help="Raw planes have their first row first.")
    ] = False,
    method: Annotated[
        str, typer.Option("--method", "-m", help="tfp, tfi, fsr, ssr, or auto: the best one measured.")
    ] = "auto",
    lookahead: Annotated[
        int | None, typer.Option("--lookahead", "-a", help="Planes used after an image's own, 0..64 (16).")
    ] = None,
    window: Annotated[int | None, typer.Option(help="Planes that tfp counts, 1..64 (default 21).")] = None,
    every: Annotated[
        int | None, typer.Option(help="An image of every n-th plane (default: each; .png 36 of them).")
    ] = None,
    plane: Annotated[int | None, typer.Option(help="An image of this plane only, from 0.")] = None,
    first: Annotated[
        int | None, typer.Option(help="Start with this plane; pixels know nothing of those before.")
    ] = None,
    last: Annotated[int | None, typer.Option(help="The last plane to make an image of.")] = None,
    roi: Annotated[
        str | None, typer.Option(help="X,Y,W,H: only these pixels, from the upper left corner.")
    ] = None,
    bits: Annotated[
        int,
        typer.Option(help="8, or 12: four binary places more; .npy in uint16, one image in a 16-bit .png."),
    ] = 8,
    full_scale: Annotated[
        float | None, typer.Option(help="Spikes a plane that are white (default 0.6; .npy: unscaled).")
    ] = None,
    gamma: Annotated[
        float, typer.Option(help="Of pictures: 1 is proportional to light, 2.2 what screens expect.")
    ] = 1.0,
    fps: Annotated[float, typer.Option(help="Images a second of .mp4 and .gif.")] = 25.0,
    compare: Annotated[
        Path | None, typer.Option(help="The true image of --plane: print PSNR and SSIM.")
    ] = None,
    board: Annotated[
        str, typer.Option("--board", "-b", help="golden: the PyTorch model; sim: the hardware, simulated.")
    ] = "golden",
    pixels: Annotated[
        int | None, typer.Option(help="Pixels the simulated hardware takes a cycle (default: all it can).")
    ] = None,
    lockstep: Annotated[
        bool,
        typer.Option("--lockstep", help="Of --board sim: compare every pixel with the golden model."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Make images of a spike camera's planes.

    Examples: `spikeplane reconstruct clip.dat --size 400x250 --plane 150 -o image.png`,
    `spikeplane reconstruct clip.dat --size 400x250 --every 4 -o clip.mp4`
    """
    _check_options(method, lookahead, window, every, plane, bits, full_scale, gamma, fps, compare)
    _check_board(board, pixels, lockstep)
    _check_places(file, output, compare, gamma)
    with open_recording(file, parse_size(size) if size is not None else None, flip=not no_flip) as recording:
        if size is not None:
            told_transposed(recording, flip=not no_flip)
        whole = (recording.width, recording.height)
        region = chosen_region(roi, whole)
        chosen, ahead, why = _method(method, lookahead, len(recording))
        what = plan(len(recording), ahead, first=first, last=last, every=every, plane=plane)
        possible = len(what.wanted)
        if output.suffix.lower() == ".png":
            what = what.thinned(pictures.SHEET, ahead)
        config = _config(region, chosen, ahead, window or WINDOW, bits, board, pixels)
        truth = read_truth(compare, whole, region) if compare else None
        with busy(f"preparing {board}"):
            pipeline = open_camera(board, config, what.end - what.first)
            if lockstep:
                golden = open_camera("golden", config, what.end - what.first)
                pipeline = LockstepCamera(pipeline, golden, what.first, (region.x0, region.y0))
        job = Job(recording, pipeline, what, region, output, full_scale, gamma, fps, truth)
        count = work(job)
    summary = summarise(file, job, count, possible, why, board)
    which = {"--first": first, "--last": last, "--every": every, "--plane": plane}
    summary["next"] = next_line(summary, size, no_flip, roi, which)
    if as_json:
        print_json(summary)
    else:
        show(summary)
        print_next(summary["next"])
    if summary.get("lockstep", {}).get("mismatches"):
        raise typer.Exit(1)


def _check_options(
    method: str,
    lookahead: int | None,
    window: int | None,
    every: int | None,
    plane: int | None,
    bits: int,
    full_scale: float | None,
    gamma: float,
    fps: float,
    compare: Path | None,
) -> None:
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
        raise SpikeplaneError(
            f"--full-scale must be more than 0 and at most 1 spike a plane, not {number(full_scale)}"
        )
    if not 0.1 <= gamma <= 10:
        raise SpikeplaneError(f"--gamma must be from 0.1 to 10, not {number(gamma)}")
    if not 0.1 <= fps <= 1000:
        raise SpikeplaneError(f"--fps must be from 0.1 to 1000, not {number(fps)}")
    if compare and plane is None:
        raise SpikeplaneError("--compare needs --plane T, the plane whose true image it is")


def _check_board(board: str, pixels: int | None, lockstep: bool) -> None:
    check_camera(board)
    if pixels is not None and board != "sim":
        raise SpikeplaneError(f"--pixels is for --board sim only, not {board}")
    if lockstep and board != "sim":
        raise SpikeplaneError(
            f"--lockstep compares the simulated hardware with the golden model, --board is {board}; use --board sim"
        )


def _check_places(file: Path, output: Path, compare: Path | None, gamma: float) -> None:
    """That files of this kind can be written there, before anything is read."""
    suffix = pictures.check_suffix(output)
    if suffix == ".npy" and gamma != 1:
        raise SpikeplaneError("--gamma is for pictures; .npy holds values proportional to light")
    named = recording_of(read_side_file(file)) if file.suffix.lower() in SIDE and file.is_file() else None
    for place, what in ((file, "reconstructed"), (named, "reconstructed"), (compare, "compared with")):
        if place and same_file(output, place):
            raise SpikeplaneError(f"{output} is what is {what}; write to another file")
    check_place(output)
    if suffix == ".mp4":
        ffmpeg()


def _method(method: str, lookahead: int | None, planes: int) -> tuple[str, int, str | None]:
    """(method, look-ahead, why if it was chosen here)."""
    if method == "auto":
        return choose(lookahead, planes)
    return method, LOOKAHEAD if lookahead is None else lookahead, None


def _config(
    region: Region, method: str, lookahead: int, window: int, bits: int, board: str, pixels: int | None
) -> CameraConfig:
    width, height = region.size
    if width * height < 16:
        raise SpikeplaneError(
            f"images of {width}x{height} pixels are too small, 16 pixels at least; use a larger --roi"
        )
    if pixels is None:  # the golden model takes planes, not words
        pixels = widest_word(width * height) if board == "sim" else 1
    return CameraConfig(
        width=width,
        height=height,
        pixels=pixels,
        method=method,
        lookahead=lookahead,
        window=window,
        output_bits=bits,
    )
