"""The spike camera (docs/design.md, "Spike camera"): recordings, a sensor's model, the configuration of the
reconstruction pipeline, images out.

The reconstruction itself is in `spikeplane_sim.golden.camera` (PyTorch) and
`spikeplane_gateware.units.camera` (Amaranth).
"""
