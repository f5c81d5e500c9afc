"""A program as a layer of PyTorch, for evaluation loops that exist already."""

from os import PathLike
from typing import Any, Self

import torch
from torch import Tensor, nn

from spikeplane.errors import SpikeplaneError
from spikeplane.program import Program
from spikeplane.run.board import Board
from spikeplane.run.boards import check_board, check_program, open_board
from spikeplane.samples import labelled


class ChipModule(nn.Module):
    """Takes what the model takes and gives what the chip gives.

    ```
     x (N, C, H, W) ──▶ encode ──▶ board ──▶ readout ──▶ (N, classes)
    ```

    Parameters
    ----------
    program : the compiled model
    board   : "golden", "sim", a serial port, "auto", or an open board of this program, which stays open

    Attributes
    ----------
    program, board : as given, the board opened

    Outputs are integers as float32, spike counts or membranes. There is no gradient: where an input wants one, and
    after `train()`, `backward` raises SpikeplaneError; the module begins in evaluation. Raises SpikeplaneError for
    inputs that the program's encoding cannot send, for another number of inputs, and for a board of another program.
    `close()`, or `with`, gives the board back.
    """

    def __init__(self, program: Program, board: str | PathLike[str] | Board = "golden") -> None:
        super().__init__()
        check_program(program)
        self.program = program
        self._own = isinstance(board, str | PathLike)
        self.board = open_board(board, program) if isinstance(board, str | PathLike) else board
        check_board(self.board, program)
        self._count = 0
        self.eval()

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Samples of each input, in the order of the model's or by name -> float32 (N, classes), on the device of
        the first."""
        every = [*inputs, *named.values()]
        scores = self._scores(self._given(inputs, named))
        device = next((one.device for one in every if isinstance(one, Tensor)), None)
        found = torch.as_tensor(scores, dtype=torch.float32, device=device)
        wanted = [one for one in every if isinstance(one, Tensor) and one.requires_grad]
        if not torch.is_grad_enabled() or not (wanted or self.training):
            return found
        return _NoGradient.apply(found, *(wanted or [torch.zeros((), requires_grad=True)]))

    def _given(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """The samples, as `labelled` takes them."""
        names = self.program.inputs
        if named and not inputs:
            return named
        if named or len(inputs) != len(names):
            several = "inputs" if len(names) > 1 else "input"
            raise SpikeplaneError(
                f"the program has {len(names)} {several} ({', '.join(names)}), given were {len(inputs) + len(named)}; "
                f"call chip({', '.join(f'x{i}' for i in range(len(names))) if len(names) > 1 else 'x'})"
            )
        return inputs if len(names) > 1 else inputs[0]

    def _scores(self, samples: Any) -> Any:
        check_board(self.board, self.program)
        forms = {p.name: (self.program.encodings[p.name], p.shape) for p in self.program.network.inputs}
        given, _ = labelled(samples, None, forms)
        planes = self.program.planes(given, self._count)
        self._count += len(next(iter(planes.values())))
        return self.program.scores(self.board.run(planes))

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


class _NoGradient(torch.autograd.Function):
    """Scores as they are, whose gradient is refused."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, *_: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        return scores.clone()

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:  # noqa: ARG004 - torch's signature
        raise SpikeplaneError(
            "there is no gradient through a chip, which counts in integers; train the model, or spikeplane.nn.quantise"
            "(model), and compile it again"
        )
