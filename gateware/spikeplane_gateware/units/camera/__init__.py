"""The spike camera's half of the gateware: planes in, images out, a word of pixels every cycle
(docs/camera-pipeline.md)."""
