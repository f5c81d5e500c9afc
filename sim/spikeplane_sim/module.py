"""A program as a layer of PyTorch, for evaluation loops that exist already."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from spikeplane.program import Program
from spikeplane.run.board import Board
from spikeplane.run.boards import open_board
from spikeplane.samples import labelled


class ChipModule(nn.Module):
    """Takes what the model takes and gives what the chip gives.

    ```
     x (N, C, H, W) ──▶ encode ──▶ board ──▶ readout ──▶ (N, classes)
    ```

    Parameters
    ----------
    program : the compiled model
    board   : "golden", "sim", a serial port, "auto", or an open board, which stays open

    Attributes
    ----------
    program, board : as given, the board opened

    There is no gradient: outputs are integers as float32, spike counts or membranes. Raises SpikeplaneError for
    inputs that the program's encoding cannot send. `close()`, or `with`, gives the board back.
    """

    def __init__(self, program: Program, board: str | Board = "golden") -> None:
        super().__init__()
        self.program = program
        self._own = isinstance(board, str)
        self.board = open_board(board, program) if isinstance(board, str) else board
        self._count = 0

    @torch.no_grad()
    def forward(self, *inputs: Any) -> Tensor:
        """Samples of each input, in the order of the model's -> float32 (N, classes), on the device of the first."""
        forms = {p.name: (self.program.encodings[p.name], p.shape) for p in self.program.network.inputs}
        given, _ = labelled(inputs[0] if len(inputs) == 1 else inputs, None, forms)
        planes = self.program.planes(given, self._count)
        self._count += len(next(iter(planes.values())))
        scores = self.program.scores(self.board.run(planes))
        device = inputs[0].device if isinstance(inputs[0], Tensor) else None
        return torch.as_tensor(np.asarray(scores), dtype=torch.float32, device=device)

    def close(self) -> None:
        """Give the board back, if this module opened it."""
        if self._own:
            self.board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def extra_repr(self) -> str:
        """For torch's repr."""
        return f"program={self.program.name!r}, chip={self.program.config.digest}, board={self.board.name!r}"
