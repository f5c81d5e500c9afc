"""A page in headless Chromium, driven through its debugging pipe: JSON messages that end in a zero byte."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {"desktop": (1280, 900), "tablet": (820, 1100), "phone": (390, 844)}


def chromium() -> str:
    """The browser; the test is skipped where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return pytest.skip("no headless Chromium: apt-get install chromium")


class Page:
    """One page of a browser. `errors`: what its script threw or logged as an error."""

    def __init__(self, process: subprocess.Popen, write: int, read: int) -> None:
        self.process, self._write, self._read = process, write, read
        self._number, self._buffer, self._session = 0, b"", None
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser, and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._read, 1 << 16)
            assert part, "the browser is gone"
            self._buffer += part
        one, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(one)
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.errors.append(message["params"]["entry"]["text"])
        return message

    def open(self, path: Path, size: tuple[int, int] = WIDTHS["desktop"], *, dark: bool = False) -> None:
        """Show a file in a window of that size, light or dark, and wait until it is there."""
        width, height = size
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=path.resolve().as_uri())
        for _ in range(200):
            if self.value("document.readyState === 'complete' && !document.body.matches('.loading')"):
                return
            self.value("new Promise((done) => setTimeout(done, 20))")
        raise AssertionError(f"{path} does not load: {self.errors}")

    def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        found = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def point(self, kind: str, x: float, y: float) -> None:
        """A pointer event: mouseMoved, mousePressed, mouseReleased."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click(self, x: float, y: float) -> None:
        """Press and let go there."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.point(kind, x, y)

    def picture(self, path: Path) -> None:
        """Write a PNG of what the window shows."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """A page of a browser of its own."""
    path = chromium()
    (into, write), (read, out) = os.pipe(), os.pipe()
    # the browser's children still write while it ends
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run")
        # a shell gives the pipes the numbers that the browser asks for
        process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{into} 4>&{out}',
                "bash",
                path,
                *flags,
                f"--user-data-dir={folder}",
            ],
            pass_fds=(into, out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(into)
        os.close(out)
        try:
            yield Page(process, write, read)
        finally:
            process.terminate()
            process.wait(20)
            os.close(write)
            os.close(read)
