"""A worker that reads its own samples, as the configuration of its node says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.data import read_labels, read_samples
from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate.package import Package
from spikeplane.train.federate.shards import Shard, shard, split
from spikeplane.train.federate.worker import Worker, local_settings
from spikeplane.train.learners import open_learner
from spikeplane.train.loop import Labelled


def worker_of(package: Package, node: Mapping[str, Any]) -> Worker:
    """The worker of a node's configuration: `worker` (from 1 on), `data` and `labels` (files), and, where these are its own samples and
    not those of all, `first`: the number of their first among all. Raises SpikeplaneError."""
    terms, network = package.terms, package.training.network
    number = node.get("worker")
    if type(number) is not int or not 1 <= number <= terms.workers:
        raise SpikeplaneError(
            f"the node's configuration has worker = {number!r}, not 1 to {terms.workers}; start it with --node-config 'worker=1 ...'"
        )
    mine = _shard(package, node, number - 1)
    learner = open_learner(package.board, network, local_settings(terms, len(mine.labels)))
    return Worker(number - 1, terms, network, learner, mine)


def _shard(package: Package, node: Mapping[str, Any], number: int) -> Shard:
    data, labels, first = (node.get(name) for name in ("data", "labels", "first"))
    if not isinstance(data, str) or not isinstance(labels, str):
        raise SpikeplaneError(
            'the node\'s configuration names no samples; start it with --node-config \'data="FILE" labels="FILE" ...\''
        )
    settings = package.terms.settings
    limit = settings.samples if first is None else None
    samples = read_samples(Path(data), package.training.network.inputs[0].shape, settings.encoding, limit)
    found = Labelled(samples, read_labels(Path(labels), len(samples), at_least=limit is not None))
    if first is not None:
        last = int(first) + len(samples)
        if int(first) < 0 or last > settings.samples:
            raise SpikeplaneError(
                f"the node's samples are {first} to {last - 1}, and the federation has 0 to {settings.samples - 1}"
            )
        return Shard(found.samples, found.labels, np.arange(int(first), last))
    if len(samples) != settings.samples:
        raise SpikeplaneError(f"{data} has {len(samples)} samples, and the federation has {settings.samples}")
    parts = split(package.terms.split, found.labels, package.terms.workers, settings.seed)
    return shard(found, parts[number])
