"""Several runs and programs on one chip object: every one gives the numpy reference's outputs and
every core's exact counters, whatever ran before it and however it ended.
"""

from collections.abc import Iterator

import numpy as np
import pytest
from chips import Chip, probes
from counts import expected_counts
from networks import random_network
from reference import reference
from test_random import CHIPS

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import Counter
from spikeplane.formats.tables import Memory
from spikeplane.host.driver import Driver
from spikeplane.network import Network

pytestmark = pytest.mark.cosim
Planes = dict[str, np.ndarray]


@pytest.fixture(scope="module", params=["core-8", "mesh"])
def device(request: pytest.FixtureRequest) -> Iterator[Chip]:
    with Chip(CHIPS[request.param]) as chip:
        yield chip


def wanted(config: ChipConfig, count: int) -> list[tuple[Network, Planes]]:
    """Networks of an odd number of steps, three or more, that keep state: recurrent ones and such
    with held inputs."""
    found: list[tuple[Network, Planes]] = []
    for seed in range(1000, 1400):
        network, planes = random_network(seed, config)
        loops, holds = any(p.delay for p in network.projections), any(p.hold for p in network.populations)
        busy = all(sum(np.count_nonzero(values[n, 0]) for values in planes.values()) >= 20 for n in range(3))
        if busy and network.steps % 2 and network.steps > 1 and (loops if len(found) % 2 == 0 else holds):
            found.append((network, planes))
            if len(found) == count:
                return found
    raise AssertionError(f"only {len(found)} such networks")


def check(device: Chip, driver: Driver, planes: Planes, what: str) -> None:
    """A run, against numpy, and the counters."""
    config, network = device.config, driver.network
    made = reference(network, planes, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits)
    outputs = driver.run(planes)
    for name in probes(network):
        np.testing.assert_array_equal(outputs[name], made.outputs[name], err_msg=f"{what}, {name}")
    counts = expected_counts(network, {**planes, **outputs}, driver.placement, config, probes(network))
    assert device.counts(driver) == counts, what
    assert sum(c.spikes for c in counts.values()) > 10, what


def part(planes: Planes, samples: slice) -> Planes:
    return {name: values[samples] for name, values in planes.items()}


def test_an_odd_number_of_steps_twice(device: Chip) -> None:
    """START must bring both parities, and the sample's, back: neither run ends where it began."""
    for number, (network, planes) in enumerate(wanted(device.config, 2)):
        driver = device.load(network)
        for samples in (slice(0, 1), slice(1, 2), slice(0, 3), slice(2, 3)):
            check(
                device,
                driver,
                part(planes, samples),
                f"network {number}, samples {samples.start} to {samples.stop}",
            )


def test_one_program_after_another(device: Chip) -> None:
    (first, planes_1), (second, planes_2) = wanted(device.config, 2)
    for number, (network, planes) in enumerate(((first, planes_1), (second, planes_2), (first, planes_1))):
        check(device, device.load(network), part(planes, slice(0, 1 + number % 2)), f"program {number}")


@pytest.mark.parametrize("other", [False, True], ids=["run again", "another program"])
def test_a_run_that_is_cut(device: Chip, other: bool) -> None:
    """The host goes away between two packets, in the middle of a step or between two; the next run
    owes nothing to it."""
    (first, planes_1), (second, planes_2) = wanted(device.config, 2)
    driver = device.load(first)
    packets = np.concatenate([driver.sample_packets(planes_1, n, first.steps) for n in range(2)])
    for place in (1, len(packets) // 5, len(packets) // 2, len(packets) * 4 // 5, len(packets) - 1):
        driver.start()
        driver.exchange(packets[:place])
        if other:
            check(
                device,
                device.load(second),
                part(planes_2, slice(0, 1)),
                f"after {place} of {len(packets)} packets",
            )
            driver = device.load(first)
        check(device, driver, part(planes_1, slice(1, 2)), f"after {place} of {len(packets)} packets")


def test_stop_stops(device: Chip) -> None:
    """Between two runs no core does anything, and flags and counters stand still."""
    ((network, planes),) = wanted(device.config, 1)
    driver = device.load(network)
    check(device, driver, planes, "first")
    before = device.counts(driver)
    driver.device.exchange(b"")
    assert device.counts(driver) == before
    assert {driver.query(Counter.FLAGS, core) for core in before} == {1}


def test_spikes_of_no_projection_are_told(device: Chip) -> None:
    """One PROJECTION word is cleared behind the driver's back."""
    ((network, planes),) = wanted(device.config, 1)
    driver = device.load(network)
    host = next(
        tag for tag, p in enumerate(network.projections) if network.population(p.source).neuron is None
    )
    core = driver.placement.of(network.projections[host].target)[0].core
    word = next(
        word for memory, at, word in driver.image.words[core] if (memory, at) == (Memory.PROJECTION, host)
    )
    valid = 1
    driver.exchange(driver.write_packets(core, [(Memory.PROJECTION, host, word & ~valid)]))
    with pytest.raises(SpikeplaneError) as error:
        driver.run(planes)
    assert str(error.value) == (
        f"core {core} got spikes that are no projection's: its memories are not the program's; load it again"
    )
    check(device, device.load(network), planes, "loaded again")
