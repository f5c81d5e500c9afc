"""Builds the page: planes and images compressed, inside one HTML file with its own style and script."""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.camera.config import HALVINGS, INTERVAL_MAX, RUN_MAX
from spikeplane.camera.view.data import Clip
from spikeplane.files import write_file
from spikeplane.kit import page_text

FOLDER = Path(__file__).parent
SCRIPTS = ("rule.js", "load.js", "panels.js", "chart.js", "card.js", "page.js")
RATE = 20_000  #: planes a second, for times in ms
MOST = 30_000_000  #: bytes of a page, unless the number of images was named
LEVEL = 6  #: of the compression


def write_page(
    path: str | Path, clip: Clip, full_scale: float | None = None, *, thin: bool = True
) -> tuple[Clip, int]:
    """Write the page, whole or not at all; give what it holds and its bytes.

    full_scale: spikes a plane of a pixel shown as white; None: what the images say. thin: a page
    beyond MOST gets fewer images. Raises SpikeplaneError if the place cannot be written.
    """
    text = page(clip, full_scale)
    while thin and len(text) > MOST and len(clip.plan.images) > 1:
        clip = clip.rarer()
        text = page(clip, full_scale)
    data = text.encode()
    write_file(path, data)
    return clip, len(data)


def page(clip: Clip, full_scale: float | None = None) -> str:
    """The HTML text."""
    blobs, content = (
        {"planes": zlib.compress(clip.planes.tobytes(), LEVEL)},
        _content(clip, full_scale or clip.white),
    )
    for method, stack in clip.images.items():
        delta, blobs[method] = _packed(stack)
        content["methods"].append({"name": method, "delta": delta})
    template = page_text(FOLDER, SCRIPTS, clip.name, content)
    before, after = template.split("<!--BLOBS-->")[0], template.split("<!--BLOBS-->")[-1]
    return "".join([before, *(_blob(name, data) for name, data in blobs.items()), after])


def _content(clip: Clip, full_scale: float) -> dict[str, Any]:
    chosen = clip.plan
    return {
        "name": clip.name,
        "count": clip.shape[0],
        "size": [clip.shape[2], clip.shape[1]],
        "roi": [chosen.roi.x0, chosen.roi.y0, *chosen.roi.size],
        "start": chosen.start,
        "first": chosen.first,
        "last": chosen.last,
        "middle": chosen.middle,
        "stop": chosen.stop,
        "every": chosen.every,
        "lookahead": chosen.lookahead,
        "window": chosen.window,
        "lag": chosen.config("tfp").lag,
        "walks": chosen.config("ssr").walks,
        "intervalMax": INTERVAL_MAX,
        "runMax": RUN_MAX,
        "halvings": HALVINGS,
        "rate": RATE,
        "white": round(full_scale, 4),
        "methods": [],
    }


def _packed(stack: np.ndarray) -> tuple[bool, bytes]:
    """Images compressed, each as its difference (modulo 256) from the one before if that is
    smaller; whether it is."""
    changes = stack.copy()
    changes[1:] -= stack[:-1]
    plain, delta = (zlib.compress(values.tobytes(), LEVEL) for values in (stack, changes))
    return (True, delta) if len(delta) < len(plain) else (False, plain)


def _blob(name: str, data: bytes) -> str:
    return f'<script type="text/plain" id="blob-{name}">{base64.b64encode(data).decode()}</script>\n'
