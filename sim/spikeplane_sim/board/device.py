"""The simulated board as a device: the driver cannot tell it from a board on a serial port."""

import ctypes
from pathlib import Path

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.device import Device
from spikeplane_sim.board.binding import MeshParts, Simulator, node_calls
from spikeplane_sim.board.build import build_board, build_core, build_router, build_whole
from spikeplane_sim.board.camera import camera_words
from spikeplane_sim.board.units import UnitCalls

_ROOM = 1 << 20
_RESET = 16  #: cycles of reset at power-up
_CHUNK = 1 << 18  #: cycles per call into the library: Ctrl-C is seen between calls


class SimulatedBoard(Device):
    """A Verilated chip. The clock runs only in `exchange`: until all bytes are in, or, without any,
    until an answer of `quiet` idle cycles' distance is out. A chip that takes nothing for `stuck`
    cycles is given up. `library`: a simulator of the whole chip, built already, of a netlist for
    instance (default: the RTL's, of routers, cores and the host's side). `units`: the pins of the
    chip's units."""

    def __init__(
        self, config: ChipConfig, *, quiet: int = 64, stuck: int = 200_000, library: Path | None = None
    ) -> None:
        self.config = config
        if library is None and not config.cores:
            library = build_whole(config)
        router, core, host = (None, None, library) if library else self._libraries()
        parts = (
            MeshParts(node_calls(router), node_calls(core), config.rows, config.cols)
            if router and core
            else None
        )
        self._board = Simulator(host, "board", _RESET, parts, int(config.digest, 16))
        self.units = UnitCalls(self._board, config)
        self._out = (ctypes.c_uint8 * _ROOM)()
        self.quiet, self.stuck = quiet, stuck

    def _libraries(self) -> tuple[Path, Path, Path]:
        """Of routers, of cores, and of the host's side."""
        return build_router(self.config), build_core(self.config), build_board(self.config)

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._board.cycles

    def exchange(self, data: bytes) -> bytes:
        """See Device. The simulation stands still between calls. Raises SpikeplaneError if the chip
        takes no more bytes."""
        received, taken = bytearray(), ctypes.c_uint64()
        while True:
            before = self.cycles
            count = self._board.call(
                "run",
                data,
                len(data),
                self._out,
                _ROOM,
                _CHUNK,
                self.quiet,
                self.stuck,
                ctypes.byref(taken),
            )
            received += bytes(memoryview(self._out)[:count])
            waited = self.cycles - before
            data = data[taken.value :]
            if not data:
                return bytes(received)
            if not taken.value and not count and waited >= self.stuck:
                raise SpikeplaneError(
                    f"the chip has taken no byte for {self.stuck:,} cycles; {len(data):,} are waiting"
                )

    def show(self, planes: np.ndarray, *, every: int = 1) -> None:
        """Planes (n, H, W) of 0 and 1 for the camera, behind those that wait: a word goes in every
        `every` cycles while the clock runs. Raises SpikeplaneError for a chip without a camera, or
        planes of another size."""
        self.units.give("camera", camera_words(self.config, planes), every)

    def alone(self, cycles: int | None = None) -> None:
        """Run the clock while the host neither reads nor writes: so many cycles, or (None) until
        every word given to a unit is in."""
        if cycles is not None:
            self._board.call("alone", cycles)
        while cycles is None and self._board.call("waiting"):
            self._board.call("alone", min(_CHUNK, self._board.call("waiting")))

    def close(self) -> None:
        """Free the simulator."""
        self._board.close()
