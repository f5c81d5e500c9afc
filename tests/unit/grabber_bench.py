"""A grabber with random images in Amaranth's simulator: words in with gaps, a reader that stalls,
whole images out."""

import random
from typing import Any

from camera_streams import assemble, random_images, read, simulate, words_of

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words
from spikeplane_gateware.units.camera.grabber import Grabber


def camera(width: int, height: int, pixels: int) -> CameraConfig:
    return CameraConfig(width=width, height=height, pixels=pixels)


class Bench:
    """A grabber with random images of `bits` bits a pixel. `ready`: the reader's probability."""

    def __init__(
        self, config: CameraConfig, *, count: int, depth: int | None = None, bits: int = 8, seed: int = 0
    ) -> None:
        self.config, self.rng, self.bits = config, random.Random(seed), bits
        self.dut: Any = Grabber(config, config.pixels * bits, depth=depth)
        self.images = [words_of(config, image, bits) for image in random_images(config, count, bits, seed)]
        self.got: list[Any] = []
        self.ready, self.withdrawn = 1.0, False
        self.overruns = 0

    def settle(self, ctx: Any, region: Region, every: int) -> list[int]:
        """Set the registers; returns the words that the region keeps."""
        kept = kept_words(self.config, region).tolist()
        ctx.set(self.dut.settings, {"every": every, "region": vars(region), "words": len(kept)})
        return kept

    def run(self, bench: Any) -> list[tuple[int, list[int]]]:
        async def all_of_it(ctx: Any) -> None:
            await bench(ctx)
            self.ready = max(self.ready, 0.5)
            await ctx.tick().repeat(20 * self.dut.depth)
            self.overruns = ctx.get(self.dut.overruns)

        async def reader(ctx: Any) -> None:
            await read(
                ctx, self.dut.o, self.got, lambda: self.rng.random() < self.ready, withdrawn=self.withdrawn
            )

        simulate(self.dut, all_of_it, background=(reader,))
        return assemble(self.got)
