"""The federation over Flower (https://flower.ai): its messages, its grid, its two apps. Needs the extra `federated`.

Everything else of a federation knows nothing of Flower; this module and `submit` are the only ones that import it.
"""
# pyright: reportMissingImports=false

import time
from collections.abc import Iterator, Sequence
from logging import INFO
from pathlib import Path
from typing import Any

from flwr.app import Array, ArrayRecord, ConfigRecord, Context, RecordDict
from flwr.app import Message as FlowerMessage
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.supercore import log

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate.message import Fact, Message
from spikeplane.train.federate.package import MARK, Package
from spikeplane.train.federate.reading import worker_of
from spikeplane.train.federate.rounds import Federation, federate
from spikeplane.train.file import Training, epoch_line

#: Seconds between looks for answers.
_PAUSE = 0.5


def packed(message: Message) -> RecordDict:
    """A message as Flower carries it."""
    arrays = ArrayRecord({name: Array(array) for name, array in message.arrays.items()})
    return RecordDict({"arrays": arrays, "facts": ConfigRecord(dict(message.facts))})


def unpacked(message: FlowerMessage) -> Message:
    """What Flower brought; of a message that says why there is no other one, that line."""
    if message.has_error():
        return Message({"error": f"Flower: {message.error.reason or message.error.code}"})
    try:
        arrays = {name: array.numpy() for name, array in message.content["arrays"].items()}
        return Message(dict(message.content["facts"]), arrays)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return Message({"error": f"it is no answer of a worker: {type(error).__name__}"})


class FlowerGrid:
    """Flower's grid as `Grid`: an address is the number of a node. Waits until `wanted` nodes are there, at most
    `patience` seconds, before it first says which there are."""

    def __init__(self, grid: Grid, wanted: int, patience: float) -> None:
        self._grid, self._wanted, self._over = grid, wanted, time.monotonic() + patience
        self._open: set[str] = set()  #: messages without an answer

    def addresses(self) -> list[str]:
        """See Grid."""
        while True:
            found = [str(node) for node in self._grid.get_node_ids()]
            if len(found) >= self._wanted or time.monotonic() > self._over:
                self._wanted = 0
                return found
            time.sleep(_PAUSE)

    def ask(self, task: Message, addresses: Sequence[str], timeout: float) -> Iterator[tuple[str, Message]]:
        """See Grid."""
        content, group = packed(task), str(task.facts["round"])
        sent = [
            FlowerMessage(content, dst_node_id=int(address), message_type="train", group_id=group)
            for address in addresses
        ]
        waited = {one for one in self._grid.push_messages(sent) if one}
        self._open |= waited
        over = time.monotonic() + timeout
        while waited and time.monotonic() < over:
            found = list(self._grid.pull_messages(self._open))
            for message in found:
                number = message.metadata.reply_to_message_id
                self._open.discard(number)
                waited.discard(number)
                yield str(message.metadata.src_node_id), unpacked(message)
            if waited and not found:
                time.sleep(_PAUSE)


class Exact:
    """The strategy: exact sums, and answers that are checked one by one (`Federation`), where Flower's own FedAvg rounds at every
    addition and one answer of a wrong shape ends the run."""

    def __init__(self, package: Package) -> None:
        self.package = package

    def start(self, grid: Grid) -> Training:
        """All rounds; the training is written as it goes. Raises SpikeplaneError where too few workers answer."""
        package = self.package
        terms, training, output = package.terms, package.training, Path(package.output)
        carrier = FlowerGrid(grid, terms.workers, package.timeout)
        server = Federation(
            terms, training, carrier, least=package.least, strict=package.strict, timeout=package.timeout, say=tell,
        )  # fmt: skip
        federate(
            server, rounds=package.rounds, every=package.every, checkpoint=lambda now: now.save(output),
            progress=lambda _: tell(f"round {server.number} of {package.rounds}"), row_done=lambda row: tell(epoch_line(row)),
        )  # fmt: skip
        training.save(output)
        return training


def tell(line: str) -> None:
    """A line that the command which submitted the run shows."""
    log(INFO, "%s%s", MARK, line)


def server_app(folder: Path) -> ServerApp:
    """The server of the package in a folder."""
    app = ServerApp()

    @app.main()
    def main(grid: Grid, context: Context) -> None:  # noqa: ARG001 - all is in the package
        try:
            Exact(Package.load(folder)).start(grid)
        except SpikeplaneError as error:
            tell(f"error: {error}")
            raise

    return app


def client_app(folder: Path) -> ClientApp:
    """A worker: which one, and its samples, stand in the configuration of its node (docs/federated.md)."""
    app = ClientApp()

    @app.train()
    def train(message: FlowerMessage, context: Context) -> FlowerMessage:
        task = unpacked(message)
        node: dict[str, Any] = dict(context.node_config)
        try:
            answer = worker_of(Package.load(folder), node).answer(task)
        except SpikeplaneError as error:
            number = node.get("worker")
            own: dict[str, Fact] = {"worker": number - 1} if type(number) is int else {}
            answer = Message({**task.facts, **own, "error": str(error)})
        return FlowerMessage(packed(answer), reply_to=message)

    return app
