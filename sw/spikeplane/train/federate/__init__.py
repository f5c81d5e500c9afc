"""Federated learning: workers that keep their samples, a server that adds up what they learned of them, in integers.

```
    step    a round is an iteration: workers send gradients, exact sums, which the server adds and steps by: what one
            computer with all samples learns, bit for bit, however they are split
    epoch   workers train on their own and send weights, of which the server rounds the mean once
```
Either way the order in which the answers arrive changes no bit: docs/federated.md.
"""

from spikeplane.train.federate.grid import Grid, LocalGrid
from spikeplane.train.federate.rounds import Federation
from spikeplane.train.federate.terms import Terms
from spikeplane.train.federate.worker import Worker

__all__ = ["Federation", "Grid", "LocalGrid", "Terms", "Worker"]
