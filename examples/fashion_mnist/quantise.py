"""Quantisation-aware training: trains `separable.py` in float 32, tunes copies of it with weights of 4 and 2 bits,
and compares all of them on the test images, the quantised ones as integers in the golden model.

python examples/fashion_mnist/quantise.py --data DIR                  # the four IDX files of Fashion-MNIST
python examples/fashion_mnist/quantise.py --data DIR --device cuda    # where there is one
python examples/fashion_mnist/quantise.py --data DIR --test           # of what was trained before
"""

import argparse
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch
from evaluate import golden_guesses, lockstep
from separable import FOLDER, SHAPE, STEPS, network, scores, stepwise
from torch import nn
from train import load, save

import spikeplane
from spikeplane.nn import differences, plain, quantise

CHIP = "large"
BITS = {4: 0.5, 2: 1.5}  #: and how much longer than in float is trained with each


def moved(images: torch.Tensor, shift: int = 2) -> torch.Tensor:
    """Each image mirrored with probability 1/2 and moved by up to `shift` pixels; float in 0..1."""
    count, _, height, width = images.shape
    where = images.device
    padded = nn.functional.pad(images, (shift,) * 4)
    rows = torch.arange(height, device=where) + torch.randint(2 * shift + 1, (count, 1), device=where)
    columns = torch.arange(width, device=where).repeat(count, 1)
    mirrored = torch.rand(count, device=where) < 0.5
    columns[mirrored] = columns[mirrored].flip(1)
    columns += torch.randint(2 * shift + 1, (count, 1), device=where)
    which = torch.arange(count, device=where)
    return padded[which[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None].float() / 255


def train(model: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int, rate: float) -> None:
    """Adam and a one-cycle rate, as for any model."""
    batch = 128
    batches = len(images) // batch
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, epochs * batches)
    for epoch in range(epochs):
        started, total = time.time(), torch.zeros((), device=images.device)
        model.train()
        for chosen in torch.randperm(len(images), device=images.device)[: batches * batch].split(batch):
            guess = scores(model, moved(images[chosen]))
            loss = nn.functional.cross_entropy(guess, labels[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.detach()
        print(
            f"epoch {epoch + 1}/{epochs}: loss {float(total) / batches:.4f}, {time.time() - started:.0f} s",
            flush=True,
        )


def float_right(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Percent right in float."""
    model.eval()
    with torch.no_grad():
        guesses = torch.cat([scores(model, part.float() / 255).argmax(1) for part in images.split(250)])
    return 100 * float((guesses == labels).float().mean())


def tuned(model: nn.Module, bits: int) -> nn.Module:
    """A copy with grids of so many bits, on the weights behind those that the model has."""
    return quantise(plain(copy.deepcopy(stepwise(model))), chip=CHIP, weight_bits=bits, input_shape=SHAPE)


def tested(
    model: nn.Module, bits: int, images: np.ndarray, labels: np.ndarray, sim: int
) -> tuple[float, int, int]:
    """Percent right of the integer program in the golden model, weights that are not the trained ones, and mismatches
    of `sim` images on the simulated chip."""
    model = stepwise(model.cpu())
    program = spikeplane.compile(
        model,
        chip=CHIP,
        input_shape=SHAPE,
        encoding=spikeplane.Encoding(kind="direct", steps=STEPS),
        probes=[] if not sim else None,
        name=f"separable_{bits}_bits",
    )
    wrong = len(differences(model, program))
    mismatches = lockstep(program, images[:sim]) if sim else 0
    guesses, _ = golden_guesses(program, images)
    return 100 * float((guesses == labels).mean()), wrong, mismatches


def main() -> int:
    """Train, tune, test; status 1 where a weight or a spike differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the checkpoints")
    parser.add_argument(
        "--epochs", type=int, default=16, help="of float training; tuning takes half of them, and half more"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sim", type=int, default=0, help="test images on the simulated chip too")
    parser.add_argument("--images", type=int, default=None, help="test images (default: all)")
    parser.add_argument("--test", action="store_true", help="test the checkpoints that are there")
    parser.add_argument("--train", action="store_true", help="train only")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    model, rows = network().to(options.device), []
    if not options.test:
        images, labels = (each.to(options.device) for each in load(options.data, "train"))
        train(model, images, labels, options.epochs, 4e-3)
        save(model, options.out / "separable.pt")
        for bits, share in BITS.items():  # fewer bits begin where more have ended
            model = tuned(model, bits)
            train(model, images, labels, max(1, round(options.epochs * share)), 2e-3)
            save(model, options.out / f"separable_{bits}.pt")
    if options.train:
        return 0
    images, labels = (each[: options.images] for each in load(options.data, "t10k"))
    model = network()
    model.load_state_dict(torch.load(options.out / "separable.pt", map_location="cpu", weights_only=True))
    best = float_right(model, images, labels)
    print(f"float 32: {best:.2f} % of {len(images)} test images")
    for bits in BITS:
        small = tuned(model, bits)
        small.load_state_dict(
            torch.load(options.out / f"separable_{bits}.pt", map_location="cpu", weights_only=True)
        )
        rows.append((bits, *tested(small, bits, images.numpy(), labels.numpy(), options.sim)))
        print(
            "{} bits: {:.2f} % as integers in the golden model, {} weights differ from the trained grid, "
            "{} mismatches on the chip".format(*rows[-1]),
            f"({rows[-1][1] - best:+.2f} points)",
            flush=True,
        )
    return int(any(wrong or mismatches for _, _, wrong, mismatches in rows))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except spikeplane.SpikeplaneError as error:
        sys.exit(f"error: {error}")
