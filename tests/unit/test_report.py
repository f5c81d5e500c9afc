"""The report: what stands in the page, that names cannot break out of it, that it asks nothing of
the network, that it is small."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeplane.config import preset
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane.program.placement import Part, Placement
from spikeplane.run.report import ReportData, write_report
from spikeplane.run.report.synapses import synapse_count

NASTY = '</script><img src=x onerror=alert(1)>&"\'<!--TITLE-->"DATA"'


def small(count: int = 3, **changes: Any) -> ReportData:
    """A convolution and a readout, random planes."""
    random = np.random.default_rng(1)
    hidden = Population(
        name=NASTY,
        shape=(4, 5, 5),
        neuron=Neuron(leak="multiply", leak_value=49152, leak_round="up"),
        theta=np.array([3, 9, 4, 5]),
    )
    network = Network(
        populations=(
            Population(name="input", shape=(1, 5, 5), value_bits=8),
            hidden,
            Population(name="out", shape=(3, 1, 1), neuron=Neuron(kind=MEMBRANE, reset="none")),
        ),
        projections=(
            Projection(source="input", target=NASTY, weight=np.ones((4, 1, 3, 3), int), padding=(1, 1)),
            Projection(source=NASTY, target="out", weight=np.ones((3, 4, 5, 5), int)),
        ),
        output="out",
        steps=4,
    )
    parts = (
        Part(population=NASTY, core=(0, 0), slot=0, first=0, groups=1),
        Part(population="out", core=(1, 1), slot=0, first=0, groups=1),
    )
    values = {
        "title": NASTY,
        "program": "net",
        "chip": preset("small"),
        "network": network,
        "placement": Placement(parts),
        "board": NASTY,
        "encoding": Encoding(kind="direct", steps=4),
        "labels": np.arange(count) % 3,
        "tables": {"assumptions": [{"layer": NASTY}]},
        "inputs": {"input": np.repeat(random.integers(0, 256, (count, 1, 1, 5, 5)), 4, 1)},
        "outputs": {
            NASTY: random.integers(0, 2, (count, 4, 4, 5, 5)),
            "out": random.integers(-40000, 40000, (count, 4, 3, 1, 1)),
        },
        "scores": np.tile([[1, -2, 7]], (count, 1)),
        "figures": {"accuracy": np.float32(0.5), "lockstep": {"mismatches": 0}},
    }
    return ReportData(**(values | changes))


def content(page: Path) -> dict[str, Any]:
    """The JSON in a page."""
    found = re.search(r"const DATA = (\{.*\});$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return json.loads(found[1])


def unpacked(entry: dict[str, Any]) -> np.ndarray:
    raw, dtypes = base64.b64decode(entry["data"]), {"Uint8": "u1", "Int16": "<i2", "Int32": "<i4"}
    if entry["kind"] == "bits":
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
        return bits[: np.prod(entry["shape"])].reshape(entry["shape"])
    return np.frombuffer(raw, dtypes[entry["kind"]]).reshape(entry["shape"])


class Tags(HTMLParser):
    """Every tag with its attributes, and the text of the title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "title":
            self.title += data


def test_planes_scores_and_figures_are_in_the_page_as_they_were(tmp_path: Path) -> None:
    data = small()
    write_report(tmp_path / "deep" / "r.html", data)
    found = content(tmp_path / "deep" / "r.html")
    assert np.array_equal(unpacked(found["inputs"]["input"]), data.inputs["input"][:, :1])
    for name, values in data.outputs.items():
        assert np.array_equal(unpacked(found["outputs"][name]), values)
    assert found["outputs"][NASTY]["kind"] == "bits"
    assert found["outputs"]["out"]["kind"] == "Int32"
    assert found["guesses"] == [2, 2, 2]
    assert found["labels"] == [0, 1, 2]
    assert found["figures"] == {"accuracy": 0.5, "lockstep": {"mismatches": 0}}
    hidden = found["populations"][1]
    assert (hidden["kind"], hidden["theta"], hidden["compare"], hidden["cores"]) == (
        "LIF",
        [3, 9],
        "\u2265",
        [{"core": [0, 0], "channels": [0, 3]}],
    )
    assert [p["kind"] for p in found["populations"]] == ["input", "LIF", "readout"]


def test_names_cannot_leave_their_place(tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", small())
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    seen = Tags(text)
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in seen.tags]
    assert not any("onerror" in attributes for _, attributes in seen.tags)
    assert seen.title.startswith(NASTY)
    assert text.count("</script>") == 1
    found = content(tmp_path / "r.html")
    assert found["title"] == found["board"] == found["tables"]["assumptions"][0]["layer"] == NASTY
    script = text[text.index("<script>") :]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script)


def test_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", small())
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    seen = Tags(text)
    policy = [
        attributes["content"]
        for tag, attributes in seen.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == [
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    ]
    assert [attributes["href"] for _, attributes in seen.tags if "href" in attributes] == ["data:,"]
    assert not any("src" in attributes for _, attributes in seen.tags)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", text)
    # the name of SVG, not an address
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}


def test_samples_are_capped_by_number_and_by_bytes(tmp_path: Path) -> None:
    write_report(tmp_path / "many.html", small(count=30))
    found = content(tmp_path / "many.html")
    assert (found["samples"], found["total"], len(found["guesses"]), len(found["scores"])) == (24, 30, 24, 24)
    data = small(count=4)
    wide = np.zeros((4, 4, 16, 128, 128), np.int64)
    wide[..., 0] = 70000  # four bytes each: 4 MB a sample
    population = Population(name="wide", shape=(16, 128, 128), neuron=Neuron(kind=MEMBRANE))
    network = replace(data.network, populations=(*data.network.populations, population))
    write_report(
        tmp_path / "wide.html", replace(data, network=network, outputs=data.outputs | {"wide": wide})
    )
    assert content(tmp_path / "wide.html")["samples"] == 1


def test_golden_model_is_not_said_to_agree_with_itself(tmp_path: Path) -> None:
    for board, golden in (("golden model", True), ("simulated board", False)):
        write_report(tmp_path / "r.html", small(board=board))
        assert content(tmp_path / "r.html")["golden"] is golden


def test_page_without_labels_figures_or_tables(tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", small(labels=None, figures={}, tables={}, guesses=np.array([1, 0, 1])))
    found = content(tmp_path / "r.html")
    assert (found["labels"], found["figures"], found["guesses"]) == (None, {}, [1, 0, 1])


def brute(network: Network, projection: Projection) -> int:
    """Synapses one by one."""
    source, target = (
        network.population(projection.source).shape,
        network.population(projection.target).current_shape,
    )
    kernel, total = projection.weight.shape[-2:], 0
    for y in range(source[1]):
        for x in range(source[2]):
            row, column = y // projection.pool[0], x // projection.pool[1]
            for v in range(target[1]):
                for u in range(target[2]):
                    i = row + projection.padding[0] - v * projection.stride[0]
                    j = column + projection.padding[1] - u * projection.stride[1]
                    total += 0 <= i < kernel[0] and 0 <= j < kernel[1]
    return total * int(np.prod(projection.weight.shape[:-2]))


@pytest.mark.parametrize(
    ("size", "out", "kernel", "stride", "padding", "pool", "kind"),
    [
        ((8, 8), (8, 8), (3, 3), (1, 1), (1, 1), (1, 1), DENSE),
        ((9, 7), (5, 4), (3, 3), (2, 2), (1, 1), (1, 1), DENSE),
        ((9, 6), (3, 3), (2, 1), (1, 1), (0, 0), (2, 2), DENSE),
        ((4, 4), (1, 1), (4, 4), (1, 1), (0, 0), (1, 1), DENSE),
        ((6, 6), (6, 6), (3, 3), (1, 1), (1, 1), (1, 1), ALIGNED),
    ],
)
def test_synapses_are_counted_one_by_one(size, out, kernel, stride, padding, pool, kind) -> None:
    weight = np.zeros((3, *kernel) if kind is ALIGNED else (5, 3, *kernel), int)
    network = Network(
        populations=(
            Population(name="a", shape=(3, *size)),
            Population(name="b", shape=(3 if kind is ALIGNED else 5, *out)),
        ),
        projections=(),
        output="b",
    )
    projection = Projection(
        source="a", target="b", weight=weight, stride=stride, padding=padding, pool=pool, kind=kind
    )
    assert synapse_count(network, projection) == brute(network, projection) > 0


def test_synapses_end_in_front_of_the_window() -> None:
    window = Population(
        name="b", shape=(2, 2, 2), neuron=Neuron(), window=Window(size=2, stride=2), input_size=(4, 4)
    )
    network = Network(populations=(Population(name="a", shape=(1, 4, 4)), window), projections=(), output="b")
    assert synapse_count(network, Projection(source="a", target="b", weight=np.ones((2, 1, 1, 1), int))) == 32


def test_what_does_not_match_is_refused() -> None:
    with pytest.raises(
        SpikeplaneError, match=r"^report: 'out' should be \(3, steps, 3, 1, 1\), got 2, 4, 3, 1, 1$"
    ):
        small(outputs={"out": np.zeros((2, 4, 3, 1, 1), int)})
    with pytest.raises(SpikeplaneError, match=r"^report: 3 samples but 2 labels; give one for each sample$"):
        small(labels=np.zeros(2, int))
    with pytest.raises(
        SpikeplaneError, match=r"^report: 3 samples but 1 scores; give one row for each sample$"
    ):
        small(scores=np.zeros((1, 3)))


def test_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "r.html").mkdir()
    with pytest.raises(SpikeplaneError, match=rf"^cannot write {tmp_path}/r.html: Is a directory$"):
        write_report(tmp_path / "r.html", small())
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]
