"""Hands out the words of a core's memories, and says who asked for more than there is."""

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import core_tables


class Allocator:
    """Word addresses of one core, counted up per resource. `acc` is the accumulator banks' depth."""

    def __init__(self, config: ChipConfig, core: tuple[int, int]) -> None:
        tables = core_tables(config)
        self.core = core
        self.available = {memory.name.lower(): tables.depth(memory) for memory in tables.memories}
        self.available |= {"acc": config.acc_depth, "membrane": 0 if config.fused else config.membrane_depth}
        if config.dynamic_depth:
            self.available["dynamic"] = config.dynamic_depth
        self.used = dict.fromkeys(self.available, 0)

    def take(self, resource: str, words: int, what: str) -> int:
        """The first of `words` new words. Raises SpikeplaneError naming memory, need and what there is."""
        if not words:
            return 0  # the end of a full memory is no address
        first = self.used[resource]
        self.used[resource] += words
        if self.used[resource] > self.available[resource]:
            raise SpikeplaneError(
                f"the network does not fit: {what} needs words {first} to "
                f"{self.used[resource] - 1} of the {resource} memory of "
                f"core {self.core}, which has {self.available[resource]}"
            )
        return first
