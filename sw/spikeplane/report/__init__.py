"""One self-contained HTML page per run: the verdict, the network, rasters, the map of cores, the tables."""

from spikeplane.report.page import write_run

__all__ = ["write_run"]
