"""One self-contained HTML page per run: the verdict, the network, the planes of samples, the map of
cores, the tables."""

from spikeplane.run.report.data import ReportData
from spikeplane.run.report.page import write_report, write_run

__all__ = ["ReportData", "write_report", "write_run"]
