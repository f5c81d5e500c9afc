"""Energy, traffic and time of training, by counting: docs/estimate.md, "Training"."""
