"""One self-contained HTML page of a training: loss and accuracy, who fires, how weights and gradients are spread."""

from spikeplane.train.report.page import page, write_report

__all__ = ["page", "write_report"]
