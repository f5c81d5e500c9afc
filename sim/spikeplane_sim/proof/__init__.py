"""The proof of an import: the source model itself beside the float network, spike for spike, on
planes; and the integers beside both.

```
              ┌─▶ torch_source.py | nir_source.py   the model, float64 ──┐ spikes of every layer
 planes.py ───┼─▶ forced.py        FloatModel, given those spikes  ◀─────┘ first difference refuses
              └─▶ integers.py      GoldenModel, given the float network's spikes, and on its own ─▶ table.py
```
"""

from spikeplane_sim.proof.table import check_model, proof_tables

__all__ = ["check_model", "proof_tables"]
