"""What goes to the server and to every worker: the training as it begins, the terms, what the server needs beside them. One file of
JSON, which Flower carries."""

import base64
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate.terms import Terms
from spikeplane.train.file import Training

#: In front of a line of the server's log that is for whoever submitted the run.
MARK = "spikeplane: "
_NAME = "federation.json"
#: Bytes of the file, of which Flower carries 10 MB in all.
_MOST = 9_500_000


@dataclass(frozen=True, kw_only=True)
class Package:
    """A federation that is to run elsewhere.

    output  where the server writes the training, on its own machine
    board   what workers learn on
    the rest: as `Federation` and `federate` have it
    """

    training: Training
    terms: Terms
    output: str
    rounds: int
    board: str = "golden"
    least: int = 1
    strict: bool = False
    timeout: float = 600.0
    every: int = 0

    def save(self, folder: Path) -> None:
        """Write it. Raises SpikeplaneError for a network that is too large to be carried."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "begun.spt"
            self.training.save(path)
            training = base64.b64encode(path.read_bytes()).decode()
        own = {name: value for name, value in vars(self).items() if name not in ("training", "terms")}
        terms = {name: value for name, value in vars(self.terms).items() if name != "settings"}
        text = json.dumps({"training": training, "terms": terms, **own})
        if len(text) > _MOST:
            raise SpikeplaneError(
                f"the network takes {len(text)} bytes of a Flower app, which carries {_MOST}; use a smaller one, or --local"
            )
        (folder / _NAME).write_text(text)

    @classmethod
    def load(cls, folder: Path) -> "Package":
        """Read it."""
        found = json.loads((folder / _NAME).read_text())
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "begun.spt"
            path.write_bytes(base64.b64decode(found.pop("training")))
            training = Training.load(path)
        return cls(training=training, terms=Terms(settings=training.settings, **found.pop("terms")), **found)
