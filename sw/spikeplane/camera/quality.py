"""How close a reconstructed image comes to the true one: PSNR and SSIM by scikit-image."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spikeplane.camera.light import as_light
from spikeplane.camera.region import Region
from spikeplane.camera.scenes import read_frames
from spikeplane.camera.size import Size, size_text
from spikeplane.errors import SpikeplaneError

SSIM_WINDOW = 7  #: pixels, scikit-image's own


class Quality(NamedTuple):
    """psnr: dB, infinite for equal images. ssim: at most 1; None for images smaller than its window
    of 7x7."""

    psnr: float
    ssim: float | None

    def __str__(self) -> str:
        ssim = "too small for SSIM" if self.ssim is None else f"SSIM {self.ssim:.4f}"
        return f"PSNR {self.psnr:.2f} dB, {ssim}"


def quality(image: np.ndarray, truth: np.ndarray) -> Quality:
    """Of two images (H, W) of 0..1."""
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    same = np.array_equal(truth, image)
    psnr = float("inf") if same else float(peak_signal_noise_ratio(truth, image, data_range=1.0))
    if min(image.shape) < SSIM_WINDOW:
        return Quality(psnr, None)
    ssim: Any = structural_similarity(truth, image, data_range=1.0)
    return Quality(psnr, float(ssim))


def read_truth(path: Path, size: Size, region: Region) -> np.ndarray:
    """The true image, float64 (H, W) of 0..1, of a region of planes of that size; the file may show
    the whole plane or the region.

    Raises SpikeplaneError for a file that is no image and one of another size.
    """
    found = read_frames(path)
    if found.ndim == 3:
        raise SpikeplaneError(f"{path} holds {len(found)} images; --compare takes one")
    image, shown = as_light(found).astype(np.float64), (found.shape[1], found.shape[0])
    if shown == size:
        return region.of(image)
    if shown == region.size:
        return image
    crop = "" if region.size == size else f", the region {size_text(region.size)}"
    raise SpikeplaneError(f"{path} has {size_text(shown)} pixels, the planes have {size_text(size)}{crop}")
