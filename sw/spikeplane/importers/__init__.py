"""From trained models to the float network: NIR graphs, SpikingJelly and snnTorch modules."""
