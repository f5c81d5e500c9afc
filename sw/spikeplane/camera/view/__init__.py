"""The page to step through a clip with: `plan` chooses what it holds, `collect` reads and
reconstructs it, `write_page` writes it."""

from spikeplane.camera.view.data import Clip, collect
from spikeplane.camera.view.page import write_page
from spikeplane.camera.view.plan import Plan, plan

__all__ = ["Clip", "Plan", "collect", "plan", "write_page"]
