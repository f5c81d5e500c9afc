"""The core: everything between a router's local output and its local input.

```
    i -> Front(ingress, lookup, scanner, walker, accumulate) --events--> Back(schedule, sweep, egress) --+-> o
              |                                  ^------ sweep port ------^                              |
              +-> Loader -> write bus to all memories, start / stop, queries -> Replies -----------------+
```

Ports: x, y (the tile's place); i, o (packet streams). Accepts a packet a cycle when loading; a spike costs its visits.
"""

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.structs import packet_struct


class Core(wiring.Component):
    """See the module's picture. `config` gives every width."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "i": In(packets),
                "o": Out(packets),
            }
        )
