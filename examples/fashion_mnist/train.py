"""Trains the Fashion-MNIST example with surrogate gradients and prints its float accuracy on all test images.

python examples/fashion_mnist/train.py --data DIR    # the four IDX files of Fashion-MNIST
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from model import CHECKPOINT, STEPS, network, scores
from torch import nn

from spikeplane.data import read_labels, read_samples


def load(folder: Path, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images uint8 (N, 1, 28, 28) and labels (N,) of "train" or "t10k". Raises SpikeplaneError for
    bad files."""
    images = read_samples(folder / f"{part}-images-idx3-ubyte.gz", (1, 28, 28))
    labels = read_labels(folder / f"{part}-labels-idx1-ubyte.gz", len(images))
    return torch.from_numpy(np.asarray(images)), torch.from_numpy(labels)


def augment(images: torch.Tensor, shift: int = 2) -> torch.Tensor:
    """Each image mirrored with probability 1/2 and moved by up to `shift` pixels; float (N, 1, 28,
    28) in 0..1."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, (shift,) * 4)
    rows = torch.arange(height) + torch.randint(2 * shift + 1, (count, 1))
    columns = torch.arange(width).repeat(count, 1)
    mirrored = torch.rand(count) < 0.5
    columns[mirrored] = columns[mirrored].flip(1)
    columns += torch.randint(2 * shift + 1, (count, 1))
    which = torch.arange(count)
    return padded[which[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None].float() / 255


def accuracy(model: nn.Sequential, images: torch.Tensor, labels: torch.Tensor, batch: int = 250) -> float:
    """Percent right in float at STEPS steps."""
    model.eval()
    with torch.no_grad():
        guesses = torch.cat([scores(model, part.float() / 255).argmax(1) for part in images.split(batch)])
    return 100 * float((guesses == labels).float().mean())


def train(
    images: torch.Tensor, labels: torch.Tensor, steps_of: list[int], seed: int, batch: int, rate: float
) -> nn.Sequential:
    """Train with Adam and a one-cycle rate; `steps_of` gives the steps of each epoch: few are cheap
    and good enough early on."""
    torch.manual_seed(seed)
    model = network().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    batches = len(images) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, len(steps_of) * batches)
    for epoch, steps in enumerate(steps_of):
        started, cpu, total = time.time(), time.process_time(), 0.0
        model.train()
        for chosen in torch.randperm(len(images))[: batches * batch].split(batch):
            guess = scores(model, augment(images[chosen]), steps)
            loss = nn.functional.cross_entropy(guess, labels[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        wall, cpu = time.time() - started, time.process_time() - cpu
        print(
            f"epoch {epoch + 1}/{len(steps_of)}: {steps} steps, loss {total / batches:.4f}, {wall:.0f} s",
            end="",
            flush=True,
        )
        print(f" ({cpu:.0f} s of processor time)", flush=True)
    return model


def save(model: nn.Module, path: Path) -> None:
    """Write the checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    torch.save({name: value.contiguous() for name, value in model.state_dict().items()}, temporary)
    os.replace(temporary, path)


def main() -> None:
    """Train, save, test."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="folder of the four IDX files")
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    parser.add_argument(
        "--epochs", type=int, default=12, help=f"the last quarter runs at {STEPS} steps, the others at 2"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "t10k")
    late = -(-options.epochs // 4)
    started = time.time()
    steps_of = [2] * (options.epochs - late) + [STEPS] * late
    model = train(images, labels, steps_of, options.seed, options.batch, options.rate)
    save(model, options.out)
    print(f"trained in {(time.time() - started) / 60:.1f} minutes; saved {options.out}")
    right = accuracy(model, test_images, test_labels)
    print(f"float accuracy {right:.2f} % on {len(test_labels)} test images at {STEPS} steps")


if __name__ == "__main__":
    main()
