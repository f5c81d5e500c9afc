"""Trains `spikformer.py`, a small spiking transformer, and compares it with its integers: in the golden model on the
test images, and spike for spike on the simulated chip.

python examples/fashion_mnist/train_spikformer.py --data DIR                  # the four IDX files of Fashion-MNIST
python examples/fashion_mnist/train_spikformer.py --data DIR --device cuda    # where there is one
python examples/fashion_mnist/train_spikformer.py --data DIR --test --sim 20  # of what was trained before
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from evaluate import BATCH as AT_ONCE
from evaluate import lockstep
from spikformer import CHECKPOINT, STEPS, Spikformer, spikformer
from spikingjelly.activation_based import functional
from torch import Tensor, nn
from train import load, save

import spikeplane
from spikeplane_sim.golden.board import GoldenBoard

BATCH = 128


def scores(model: nn.Module, images: Tensor) -> Tensor:
    """(N, 10) for images of bytes. State starts fresh."""
    functional.reset_net(model)
    return model(images.float() / 255)


def train(images: Tensor, labels: Tensor, epochs: int, rate: float) -> nn.Module:
    """AdamW and a one-cycle rate, where the images are."""
    model = Spikformer().to(images.device)
    batches = len(images) // BATCH
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, epochs * batches)
    for epoch in range(epochs):
        started, cpu, total = time.time(), time.process_time(), torch.zeros((), device=images.device)
        model.train()
        for chosen in torch.randperm(len(images), device=images.device)[: batches * BATCH].split(BATCH):
            guess = scores(model, images[chosen])
            loss = nn.functional.cross_entropy(guess, labels[chosen], label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.detach()
        print(
            f"epoch {epoch + 1}/{epochs}: loss {float(total) / batches:.4f}, {time.time() - started:.0f} s "
            f"({time.process_time() - cpu:.0f} s of processor time)",
            flush=True,
        )
    functional.reset_net(model)
    return model.cpu()


def guessed(model: nn.Module, images: Tensor) -> Tensor:
    """Classes (N,) that the float network chooses."""
    with torch.no_grad():
        return torch.cat([scores(model, part).argmax(1) for part in images.split(250)])


def integers(program: spikeplane.Program, images: np.ndarray, device: str) -> np.ndarray:
    """Classes (N,) that the integer program chooses in the golden model, which runs on `device` too."""
    found = []
    with GoldenBoard(program, batch=AT_ONCE, device=device) as board:
        for part in np.split(images, range(AT_ONCE, len(images), AT_ONCE)):
            found.append(program.scores(board.run(program.planes(part))).argmax(1))
    return np.concatenate(found)


def tested(options: argparse.Namespace, given: Tensor) -> int:
    """Compile with corrections found on the images `given`, compare; mismatches on the simulated chip."""
    model, shape = spikformer()
    images, labels = (each[: options.images] for each in load(options.data, "t10k"))
    real = guessed(model, images)
    right = 100 * float((real == labels).float().mean())
    print(f"float: {right:.2f} % of {len(images)} test images", flush=True)
    functional.reset_net(model)
    program = spikeplane.compile(
        model,
        chip=options.chip,
        input_shape=shape,
        encoding=spikeplane.Encoding(kind="direct", steps=STEPS),
        calibration=given.numpy(),
        correct=True,
        name="spikformer",
    )
    program.save(CHECKPOINT.with_suffix(".spk"))
    started, guesses = time.time(), integers(program, images.numpy(), options.device)
    kept = 100 * float((guesses == labels.numpy()).mean())
    print(
        f"integers in the golden model: {kept:.2f} % ({kept - right:+.2f} points), same class for "
        f"{100 * float((guesses == real.numpy()).mean()):.2f} %; {len(images) / (time.time() - started):.0f} images/s",
        flush=True,
    )
    return lockstep(program, images[: options.sim].numpy()) if options.sim else 0


def main() -> int:
    """Train, compile, test; status 1 where a spike differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    say = parser.add_argument
    say("--data", type=Path, required=True, help="folder of the four IDX files")
    say("--epochs", type=int, default=3)
    say("--rate", type=float, default=4e-3)
    say("--device", default="cpu")
    say("--seed", type=int, default=0)
    say("--threads", type=int, default=os.cpu_count())
    say("--chip", default="auto", help="preset, or auto: the smallest that holds it")
    say("--images", type=int, default=None, help="test images (default: all)")
    say("--calibration", type=int, default=128, help="training images that corrections are found on")
    say("--sim", type=int, default=0, help="test images on the simulated chip too")
    say("--test", action="store_true", help="test the checkpoint that is there")
    say("--train", action="store_true", help="train only")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    images, labels = load(options.data, "train")
    if not options.test:
        where = options.device
        save(train(images.to(where), labels.to(where), options.epochs, options.rate), CHECKPOINT)
    return 0 if options.train else int(tested(options, images[: options.calibration]) > 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except spikeplane.SpikeplaneError as error:
        sys.exit(f"error: {error}")
