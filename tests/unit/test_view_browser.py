"""The page of `spikeplane view` in a browser: at three widths, light and dark, nothing is cut off, and it answers."""

from pathlib import Path

from browser import WIDTHS, browser
from test_view import clip_file

from spikeplane.camera.recording import open_recording
from spikeplane.camera.view import collect, plan
from spikeplane.camera.view.page import write_page
from spikeplane_sim.golden.camera import Reconstruction

#: elements whose contents do not fit in them
CUT = """[...document.querySelectorAll('#card, #values td, #over, nav, figcaption b')]
    .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.id || e.tagName + e.textContent)"""


def test_three_widths_light_and_dark(tmp_path: Path) -> None:
    with open_recording(clip_file(tmp_path)) as recording:
        clip = collect(recording, plan((90, 12, 20)), Reconstruction)
    write_page(tmp_path / "p.html", clip)
    with browser() as page:
        for size in WIDTHS.values():
            for dark in (False, True):
                page.open(tmp_path / "p.html", size, dark=dark)
                assert page.value("document.documentElement.scrollWidth <= innerWidth")
                assert page.value(CUT) == []
                paper = page.value("getComputedStyle(document.body).backgroundColor")
                assert (int(paper[4:].split(",")[0]) < 64) == dark
                assert page.value("document.querySelectorAll('#panels canvas').length") == 5
        before = page.value("document.querySelector('#plane').textContent")
        page.value("document.querySelector('#on').click()")
        page.value("new Promise(requestAnimationFrame)")  # the page draws with the next picture
        page.value("new Promise(requestAnimationFrame)")
        assert page.value("document.querySelector('#plane').textContent") != before
        assert page.value("document.querySelectorAll('#values tr').length") == 4
        assert page.errors == []
