"""The reconstruction on several processor cores: bands of rows, a process each. Pixels are
independent, so the images are the same."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from types import TracebackType

import numpy as np

from spikeplane.camera.config import MIN_WORDS, CameraConfig
from spikeplane.errors import SpikeplaneError


class ParallelReconstruction:
    """`workers` processes (default: one a processor core), each with the golden model of its rows.
    Use as a context manager, or let them end with this process."""

    def __init__(self, config: CameraConfig, workers: int | None = None) -> None:
        rows_needed = -(-MIN_WORDS // config.width)
        count = max(1, min(workers or os.cpu_count() or 1, config.height // rows_needed))
        edges = [config.height * i // count for i in range(count + 1)]
        self.bands = [slice(low, high) for low, high in zip(edges, edges[1:], strict=False)]
        context = multiprocessing.get_context("spawn")
        self._links: list[Connection] = []
        self._processes = []
        for band in self.bands:
            here, there = context.Pipe()
            rows = replace(config, height=band.stop - band.start, pixels=1)
            process = context.Process(target=_work, args=(there, rows), daemon=True)
            process.start()
            there.close()
            self._links.append(here)
            self._processes.append(process)

    def take(self, planes: np.ndarray, wanted: Sequence[bool]) -> Iterator[np.ndarray]:
        """Push (n, H, W) planes; after each, one more image can be had: yield those `wanted`, int32
        (H, W)."""
        try:
            for link, band in zip(self._links, self.bands, strict=True):
                link.send((np.ascontiguousarray(planes[:, band]), list(wanted)))
            parts = [link.recv() for link in self._links]
        except (EOFError, OSError):
            raise SpikeplaneError(
                "a process of the golden model has ended; there may be too little memory"
            ) from None
        yield from (np.concatenate(rows) for rows in zip(*parts, strict=True))

    def close(self) -> None:
        """End the processes."""
        for link in self._links:
            link.close()
        for process in self._processes:
            process.join(timeout=5)

    def __enter__(self) -> "ParallelReconstruction":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _work(link: Connection, config: CameraConfig) -> None:
    """A process: planes in, images out, until the link is closed."""
    import torch

    from spikeplane_sim.golden.camera import Reconstruction

    torch.set_num_threads(1)
    model = Reconstruction(config)
    try:
        while True:
            planes, wanted = link.recv()
            images = []
            for plane, yes in zip(planes, wanted, strict=True):
                model.push(plane)
                if yes:
                    images.append(model.image().numpy())
            link.send(images)
    except (EOFError, OSError, KeyboardInterrupt):
        return
