"""Writes scikit-learn's digits as `spikeplane train` reads them: 1,437 images to learn, 360 left out.

python examples/digits/data.py DIR
"""

import io
import sys
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_files
from spikeplane_sim.demo import digits


def write(folder: Path) -> None:
    """Images uint8 (N, 1, 8, 8) and labels (N,), in files that have the names of MNIST's. Raises SpikeplaneError."""
    data = digits.load()
    arrays = {
        "train-images": data.train_images,
        "train-labels": data.train_labels,
        "t10k-images": data.test_images,
        "t10k-labels": data.test_labels,
    }
    made: dict[str | Path, bytes] = {}
    for name, values in arrays.items():
        packed = io.BytesIO()
        np.save(packed, values)
        made[folder / f"{name}.npy"] = packed.getvalue()
    write_files(made)


def main() -> int:
    """Exit status 2, and one line, for a folder that cannot be written."""
    if len(sys.argv) != 2:
        print("error: give the folder for the digits: python examples/digits/data.py DIR", file=sys.stderr)
        return 2
    try:
        write(Path(sys.argv[1]))
    except SpikeplaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
