"""A window on a file: the bytes asked for are mapped, copied and let go, so that a pass over a
recording takes no memory of its length."""

import math
import weakref
from typing import IO

import numpy as np
import numpy.typing as npt

from spikeplane.errors import SpikeplaneError


class MappedFile:
    """An open file whose parts are seen as arrays. It is closed with `close`, or with the last use
    of this object."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        """`file`: open for reading, whatever its position. `name`: for messages."""
        self.name = name
        self._file = file
        self.close = weakref.finalize(self, file.close)

    def window(
        self, offset: int, dtype: npt.DTypeLike, shape: tuple[int, ...], fortran: bool = False
    ) -> np.ndarray:
        """The bytes from `offset` as a read-only array; mapped as long as the array is used.

        Raises SpikeplaneError if the file was closed, or has become too short since it was opened.
        """
        if math.prod(shape) == 0:
            return np.empty(shape, dtype)
        if self._file.closed:
            raise SpikeplaneError(f"{self.name} was closed; open it again")
        try:
            return np.memmap(self._file, dtype, "r", offset, shape, "F" if fortran else "C").view(np.ndarray)
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise SpikeplaneError(
                f"{self.name} cannot be read any more, was it cut or replaced? ({reason})"
            ) from None
