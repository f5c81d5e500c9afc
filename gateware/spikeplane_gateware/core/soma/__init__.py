"""The soma stage of a core: from accumulators to spikes and packets."""
