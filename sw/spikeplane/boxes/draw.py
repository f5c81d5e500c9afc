"""Boxes in pictures of their samples, with names and scores, as PNG. Pillow draws."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spikeplane.boxes.files import name_of
from spikeplane.boxes.suppress import Box
from spikeplane.errors import SpikeplaneError
from spikeplane.extras import missing_package
from spikeplane.files import write_file

if TYPE_CHECKING:
    from spikeplane.encoding import Encoding

LEAST = 480  #: pixels of the longer side: smaller images are enlarged by a whole factor
#: One colour a class, from the first on again.
COLOURS = (
    "#e6194b",
    "#3cb44b",
    "#4363d8",
    "#f58231",
    "#911eb4",
    "#008080",
    "#9a6324",
    "#808000",
    "#f032e6",
    "#000075",
)


def picture(planes: np.ndarray, encoding: "Encoding", bits: int, signed: bool) -> np.ndarray:
    """uint8 (H, W, 3) of a sample's planes (T, C, H, W): the mean of its steps. 3 channels are red, green and blue, 2 red and
    blue, others grey. An image has its own black and white, spikes become as bright as the brightest pixel allows."""
    mean = planes.astype(np.float64).mean(0)
    if signed:
        mean, top = mean + (1 << (bits - 1)), float((1 << bits) - 1)
    else:
        top = float((1 << bits) - 1) if encoding.kind == "direct" else float(mean.max(initial=0)) or 1.0
    levels = np.round(np.clip(mean / top, 0, 1) * 255).astype(np.uint8)
    if len(levels) == 2:
        levels = np.stack((levels[0], np.zeros_like(levels[0]), levels[1]))
    elif len(levels) != 3:
        levels = np.repeat(levels.mean(0, keepdims=True).astype(np.uint8), 3, 0)
    return np.moveaxis(levels, 0, 2)


def drawn(image: np.ndarray, boxes: Sequence[Box], names: Sequence[str] | None) -> np.ndarray:
    """The picture (H, W, 3), enlarged if it is small, with its boxes; the best on top."""
    image_of, draw_on, font = _pillow()
    scale = max(1, -(-LEAST // max(image.shape[:2])))
    page = image_of.fromarray(np.repeat(np.repeat(image, scale, 0), scale, 1))
    draw, pen = draw_on.Draw(page), font.load_default()
    for box in reversed(boxes):
        colour = COLOURS[box.number % len(COLOURS)]
        sides = [round(scale * side) for side in box[:4]]
        right, lower = (
            max(a, min(b, n) - 1) for a, b, n in zip(sides[:2], sides[2:], page.size, strict=True)
        )
        draw.rectangle((*sides[:2], right, lower), outline=colour, width=2)
        _label(draw, pen, f"{name_of(box.number, names)} {box.score:.2f}", sides, colour)
    return np.asarray(page)


def _label(draw: Any, pen: Any, text: str, sides: list[int], colour: str) -> None:
    """Above the upper left corner, or inside where there is no room above."""
    text = text.encode("latin-1", "replace").decode("latin-1")  # what every font of Pillow's has
    left, top, right, bottom = draw.textbbox((0, 0), text, font=pen)
    wide, high = right - left + 4, bottom - top + 4
    upper = sides[1] - high if sides[1] >= high else sides[1]
    draw.rectangle((sides[0], upper, sides[0] + wide, upper + high), fill=colour)
    draw.text((sides[0] + 2 - left, upper + 2 - top), text, fill="white", font=pen)


def png(image: np.ndarray) -> bytes:
    """Of uint8 (H, W, 3)."""
    image_of, _, _ = _pillow()
    data = io.BytesIO()
    image_of.fromarray(image).save(data, "PNG")
    return data.getvalue()


def file_of(folder: str | Path, sample: int) -> Path:
    """Where the picture of a sample goes."""
    return Path(folder) / f"sample-{sample:05}.png"


def check_folder(folder: str | Path) -> None:
    """Raises SpikeplaneError where pictures cannot be drawn, or the folder is none and cannot be made."""
    _pillow()
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpikeplaneError(
            f"pictures are written into a folder, and '{folder}' is none ({error.strerror}); name another"
        ) from None


def write_picture(
    folder: str | Path, sample: int, image: np.ndarray, boxes: Sequence[Box], names: Sequence[str] | None
) -> None:
    """Draw the boxes of a sample into the folder. Raises SpikeplaneError if it cannot be written."""
    write_file(file_of(folder, sample), png(drawn(image, boxes, names)))


def _pillow() -> tuple[Any, Any, Any]:
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ModuleNotFoundError as error:
        raise SpikeplaneError(f"boxes in pictures: {missing_package(error.name or 'PIL')}") from None
    return Image, ImageDraw, ImageFont
