"""The synapse stage of a core: from a packet to the accumulators."""
