"""What the host makes of the packets that a chip sends: steps by tokens, and who is behind when it stops."""

import numpy as np

from spikeplane.config import PRESETS
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.collect import Collector, Part, Probe
from spikeplane.host.packets import pack_many

CONFIG = PRESETS["small"]


def collector() -> Collector:
    """Two populations, the second one on two cores."""
    first = Probe("first", (16, 1, 2), [Part(0, 1, (0, 0))])
    second = Probe("second", (32, 1, 1), [Part(0, 1, (1, 0)), Part(1, 1, (0, 1))])
    return Collector(CONFIG, {0: first, 1: second})


def token(tag: int, core: tuple[int, int]) -> np.ndarray:
    return pack_many(
        packet_format(CONFIG), Kind.TOKEN, 1, {"tag": tag, "source_x": core[0], "source_y": core[1]}
    )


def spike(tag: int, group: int, mask: int, x: int = 0) -> np.ndarray:
    return pack_many(packet_format(CONFIG), Kind.SPIKE, 1, {"tag": tag, "group": group, "mask": mask, "x": x})


def test_a_spike_belongs_to_the_step_of_the_tokens_before_it_from_its_own_core():
    found = collector()
    packets = [
        spike(1, 0, 1),
        token(1, (1, 0)),
        spike(1, 1, 2),
        spike(1, 0, 4),
        token(1, (0, 1)),
        spike(0, 0, 8, x=1),
    ]
    assert len(found.take(np.concatenate(packets))) == 0
    second = found.probes[1].steps
    # group 1 is still in step 0 where group 0 is in step 1
    assert np.flatnonzero(second[0]).tolist() == [0, 17]
    assert np.flatnonzero(second[1]).tolist() == [2]
    assert found.probes[0].steps[0][3, 0, 1] == 1


def test_who_is_behind_is_named():
    found = collector()
    assert found.missing == "step 0 of population 'first' on core (0, 0) has not ended"
    found.take(np.concatenate([token(0, (0, 0)), token(1, (1, 0))]))
    assert found.missing == "step 0 of population 'second' on core (0, 1) has not ended"
    assert found.complete == 0


def test_what_comes_after_the_last_step_is_seen():
    every = [token(0, (0, 0)), token(1, (1, 0)), token(1, (0, 1))]
    found = collector()
    found.take(np.concatenate([spike(0, 0, 1), *every]))
    assert found.complete == 1
    assert found.beyond(1) is None
    assert found.beyond(0) == "a token of population 'first' from core (0, 0) after its last step"
    found.take(spike(1, 1, 2))
    assert found.complete == 1
    assert found.beyond(1) == "spikes of population 'second' after its last step"
    found = collector()
    found.take(np.concatenate([*every, token(1, (0, 1))]))
    assert found.beyond(1) == "a token of population 'second' from core (0, 1) after its last step"
    found = collector()
    found.take(np.concatenate([*every, spike(2, 0, 1)]))
    assert found.beyond(1) == "packets of tag 2, which is no probe's"


def test_a_token_counts_for_the_part_of_its_own_core():
    """Cores of one column, and of one row, are told apart."""
    cores = [(0, 0), (1, 0), (0, 1), (1, 1)]
    probe = Probe("p", (64, 1, 1), [Part(n, 1, core) for n, core in enumerate(cores)])
    found = Collector(CONFIG, {0: probe})
    for n, core in enumerate(cores):
        found.take(token(0, core))
        assert [part.tokens for part in probe.parts] == [1] * (n + 1) + [0] * (3 - n)
