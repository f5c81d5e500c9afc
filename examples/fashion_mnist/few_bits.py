"""Few bits without training: compiles the trained network of `model.py` to weights of 8, 4, 3 and 2 bits, with and without
corrections from calibration images, and with weight_bits="auto" for a chip of its own.

python examples/fashion_mnist/few_bits.py --data DIR    # the four IDX files of Fashion-MNIST, after train.py
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from model import CHECKPOINT, STEPS, network
from train import accuracy, load

import spikeplane
from spikeplane.config import PRESETS

#: Weights of 3 bits are two words of 2.
CHIPS = {
    8: PRESETS["large"],
    4: PRESETS["large"],
    3: replace(PRESETS["large"], weight_bits=2),
    2: PRESETS["large"],
}
SHARES = (99.0, 98.0, 93.0)  #: percent that "auto" is asked for


def row(program: spikeplane.Program, images: np.ndarray, labels: np.ndarray) -> str:
    """Agreement given the float network's spikes, of all neurons and of the worst layer; the same class; accuracy."""
    found = program.compare(None, images, labels)
    sizes = {p.name: int(np.prod(p.shape)) for p in program.network.populations}
    layers = [
        (sizes[each["layer"]], 100 * each["given"]) for each in found.layers if each["given"] is not None
    ]
    mean = sum(size * share for size, share in layers) / sum(size for size, _ in layers)
    worst = min(share for _, share in layers)
    assert found.accuracy_integer is not None
    return f"{mean:.2f} | {worst:.2f} | {100 * found.same:.1f} | {100 * found.accuracy_integer:.1f} |"


def memory(program: spikeplane.Program) -> int:
    """Bits of weight memory in use."""
    words = sum(core["used"]["weight"][0] for core in program.tables["mapping"])
    return words * program.config.lanes * program.config.weight_bits


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument(
        "--calibration", type=int, default=128, help="training images that corrections are found on"
    )
    parser.add_argument("--images", type=int, default=1000, help="test images")
    options = parser.parse_args()
    model = network()
    model.load_state_dict(torch.load(options.checkpoint, map_location="cpu", weights_only=True))
    given = load(options.data, "train")[0][: options.calibration].numpy()
    test, truth = (each[: options.images] for each in load(options.data, "t10k"))
    images, labels = test.numpy(), truth.numpy()
    print(f"float: {accuracy(model, test, truth):.1f} % of {len(labels)} test images\n")
    same: dict[str, Any] = {
        "input_shape": (1, 28, 28),
        "encoding": spikeplane.Encoding(kind="direct", steps=STEPS),
        "calibration": given,
        "proof": False,
        "progress": False,
    }
    print(
        "| weight bits | corrected | agreement | worst layer | same class | accuracy | weight memory, kbit |"
    )
    print("|---|---|---|---|---|---|---|")
    tried: list[tuple[Any, Any, bool]] = [
        (b, chip, each) for b, chip in CHIPS.items() for each in (False, True)
    ]
    tried += [(f"auto:{share:g}", "auto", True) for share in SHARES]
    for bits, chip, correct in tried:
        program = spikeplane.compile(model.eval(), chip=chip, weight_bits=bits, correct=correct, **same)
        told = "yes" if correct else "no"
        text = row(program, images, labels)
        print(f"| {bits} | {told} | {text} {memory(program) / 1000:,.0f} |", flush=True)
        for each in program.tables["assumptions"]:
            if each["what"] == "weight bits":
                print(f"  {each['layer']}: {each['value']}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except spikeplane.SpikeplaneError as error:
        sys.exit(f"error: {error}")
