"""The golden model as a board: the same program, the same planes, no chip."""

import time
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import torch

from spikeplane.log import logger
from spikeplane.program import Program
from spikeplane.run.board import Board
from spikeplane_sim.golden.model import GoldenModel

_log = logger(__name__)


class GoldenBoard(Board):
    """Runs a program in the golden model, `batch` samples at a time. `device`: "cpu" or "cuda"."""

    name = "golden"

    def __init__(self, program: Program, *, batch: int = 100, device: str = "cpu") -> None:
        self.program, self.batch = program, batch
        self.model = GoldenModel(
            program.network,
            membrane_bits=program.config.membrane_bits,
            acc_bits=program.config.acc_bits,
            device=device,
        )

    def run(
        self, inputs: dict[str, np.ndarray], progress: Callable[[int], None] | None = None
    ) -> dict[str, np.ndarray]:
        """See Board."""
        self.program.check_planes(inputs)
        total = len(next(iter(inputs.values())))
        parts: dict[str, list[np.ndarray]] = {name: [] for name in self.program.probes}
        _log.info("running %d samples in the golden model", total)
        for first in range(0, total, self.batch):
            batch = {name: values[first : first + self.batch] for name, values in inputs.items()}
            outputs = self.model.run(batch)
            for name, collected in parts.items():
                collected.append(outputs[name])
            if progress:
                progress(len(next(iter(batch.values()))))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def begin(self, *, alone: bool = True) -> "GoldenSteps":  # noqa: ARG002 - it has no cycles
        """See Board."""
        return GoldenSteps(self.model, self.program.probes)


class GoldenSteps:
    """Steps one after the other, see `spikeplane.run.board.Steps`; `cycles` is empty."""

    def __init__(self, model: GoldenModel, probes: tuple[str, ...]) -> None:
        self.cycles: Sequence[int] = ()
        self._probes, self._device = probes, model.device
        self._given: deque[dict[str, torch.Tensor]] = deque()
        self._outputs = model.stream(iter(self._given.popleft, None), constant=False)

    def send(self, planes: dict[str, np.ndarray]) -> None:
        """Per input (C, H, W)."""
        self._given.append({k: torch.as_tensor(v, device=self._device)[None] for k, v in planes.items()})

    def take(self) -> tuple[dict[str, np.ndarray], float]:
        """Per probed population int (C, H, W), and seconds, of the first step that was not taken."""
        before = time.perf_counter()
        outputs = next(self._outputs)
        found = {name: outputs[name][0].cpu().numpy() for name in self._probes}
        return found, time.perf_counter() - before

    def end(self) -> None:
        """Nothing can be missing."""
