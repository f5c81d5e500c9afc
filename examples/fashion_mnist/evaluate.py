"""Compiles the trained Fashion-MNIST network, tests the integer program in the golden model, and
some images on the simulated chip.

python examples/fashion_mnist/evaluate.py --data DIR              # all 10,000 test images, golden model
python examples/fashion_mnist/evaluate.py --data DIR --sim 100    # and 100 of them on the chip,
compared spike for spike
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from model import STEPS, fashion, scores

import spikeplane
from spikeplane import Program, compare, open_board
from spikeplane.data import read_labels, read_samples

BATCH = 250


def float_guesses(images: np.ndarray) -> np.ndarray:
    """Classes (N,) that the float network chooses."""
    model, _ = fashion()
    with torch.no_grad():
        parts = [
            scores(model, torch.from_numpy(part).float() / 255).argmax(1)
            for part in np.split(images, _cuts(images))
        ]
    return torch.cat(parts).numpy()


def golden_guesses(program: Program, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Classes (N,) that the integer program chooses in the golden model, and images a second."""
    parts, started = [], time.perf_counter()
    with open_board("golden", program) as board:
        for part in np.split(images, _cuts(images)):
            parts.append(program.scores(board.run(program.planes(part))).argmax(1))
    return np.concatenate(parts), len(images) / (time.perf_counter() - started)


def lockstep(program: Program, images: np.ndarray, say: Callable[[str], None] = print) -> int:
    """Run images on the simulated chip, compare every spike with the golden model; the number of
    mismatches."""
    planes = program.planes(images)
    with open_board("golden", program) as golden:
        expected = golden.run(planes)
    with open_board("sim", program) as board:
        started = time.perf_counter()
        found = board.run(planes)
        seconds, figures = time.perf_counter() - started, board.figures()
    result = compare(program.network, found, expected)
    say(
        f"simulated chip: {result} on {len(images)} images, {figures['cycles_per_sample']:,.0f} "
        "cycles per image, "
    )
    say(f"lane utilisation {100 * figures['utilisation']:.0f} %, {figures['cycles'] / seconds:,.0f} cycles/s")
    return result.mismatches


def _cuts(images: np.ndarray) -> range:
    return range(BATCH, len(images), BATCH)


def main() -> None:
    """Compile, compare float and integer, run the chip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files")
    parser.add_argument("--chip", default="small", help="preset")
    parser.add_argument("--images", type=int, default=None, help="how many test images (default: all)")
    parser.add_argument("--sim", type=int, default=0, help="images on the simulated chip")
    options = parser.parse_args()
    every = options.images is None
    images = np.asarray(
        read_samples(options.data / "t10k-images-idx3-ubyte.gz", (1, 28, 28), limit=options.images)
    )
    labels = read_labels(options.data / "t10k-labels-idx1-ubyte.gz", len(images), at_least=not every)
    model, shape = fashion()
    encoding = spikeplane.Encoding(kind="direct", steps=STEPS)
    program = spikeplane.compile(
        model, chip=options.chip, input_shape=shape, encoding=encoding, name="fashion_mnist"
    )
    real = float_guesses(images)
    readout = spikeplane.compile(
        model, chip=options.chip, input_shape=shape, encoding=encoding, probes=[program.network.output]
    )
    integer, rate = golden_guesses(readout, images)
    right, kept = 100 * float((real == labels).mean()), 100 * float((integer == labels).mean())
    print(
        (
            f"{len(images)} test images: float {right:.2f} %, integer {kept:.2f} % (lost "
            f"{right - kept:+.2f} points), "
        ),
        end="",
    )
    print(f"same class for {100 * float((real == integer).mean()):.2f} %; golden model {rate:.0f} images/s")
    if options.sim and lockstep(program, images[: options.sim]):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except spikeplane.SpikeplaneError as error:
        sys.exit(f"error: {error}")
