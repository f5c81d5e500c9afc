"""The reference of Python: which names stand on which page. mkdocstrings fills the pages from the docstrings."""

from collections import Counter
from typing import NamedTuple


class Page(NamedTuple):
    """A page of the reference: `groups` are headings with the full paths of the names below them."""

    title: str
    about: str
    groups: dict[str, tuple[str, ...]]


PAGES = {
    "python.md": Page(
        "Python: compile and run",
        "What `import spikeplane` gives, and what its functions give back. "
        "[From Python](../python.md) shows how they go together.",
        {
            "Compile": ("spikeplane.compile", "spikeplane.Program"),
            "Run": ("spikeplane.open_board", "spikeplane.Board", "spikeplane.RunResult", "spikeplane.front.result.Time",
                    "spikeplane.ChipModule", "spikeplane.show_images"),
            "Streams": ("spikeplane.front.stream.Stream", "spikeplane.front.stream.StreamStep", "spikeplane.front.stream.Streamed"),
            "Compare and estimate": ("spikeplane.front.compare.Agreement", "spikeplane.front.compare.Sensitivity",
                                     "spikeplane.boards_for", "spikeplane.Estimate"),
            "Planes in, planes out": ("spikeplane.execute", "spikeplane.Result", "spikeplane.run.execute.Differing",
                                      "spikeplane.summarise", "spikeplane.compare", "spikeplane.Comparison",
                                      "spikeplane.run.lockstep.Difference"),
            "Errors": ("spikeplane.SpikeplaneError",),
        },
    ),
    "python-configuration.md": Page(
        "Python: configurations",
        "The chip, its units, and how samples become planes. Fields stand in TOML files as they are named here.",
        {
            "The chip": ("spikeplane.ChipConfig", "spikeplane.PRESETS", "spikeplane.config.preset", "spikeplane.config.RANGES"),
            "Input": ("spikeplane.Encoding",),
            "Units": ("spikeplane.units.UnitConfig", "spikeplane.units.unit", "spikeplane.units.size_of",
                      "spikeplane.camera.config.CameraConfig"),
        },
    ),
    "python-data.md": Page(
        "Python: data",
        "Readers of what networks and cameras are driven with. [Inputs](../inputs.md) says what encodings take.",
        {
            "Samples": ("spikeplane.data.read_samples", "spikeplane.data.read_inputs", "spikeplane.data.read_labels",
                        "spikeplane.data.Samples", "spikeplane.data.Events"),
            "Recordings of spike cameras": ("spikeplane.camera.recording.open_recording", "spikeplane.camera.recording.Recording",
                                            "spikeplane.camera.recording.write_dat"),
        },
    ),
    "python-importers.md": Page(
        "Python: importers",
        "How a model becomes a network, and how a layer of your own does. [Layers](../layers.md) shows it at work.",
        {
            "A layer of your own": ("spikeplane.importers.register", "spikeplane.importers.Call", "spikeplane.importers.State",
                                    "spikeplane.importers.Outputs", "spikeplane.importers.assemble.Assembler"),
            "The float network": ("spikeplane.importers.import_model", "spikeplane.float_network.FloatNetwork",
                                  "spikeplane.float_network.FloatPopulation", "spikeplane.float_network.FloatProjection",
                                  "spikeplane.float_network.FloatNeuron", "spikeplane.float_network.Assumption"),
        },
    ),
    "python-training.md": Page(
        "Python: training for the chip",
        "Quantisation-aware training: `spikeplane.nn` puts the chip's grids of weights under an ordinary training loop.",
        {
            "Quantise": ("spikeplane.nn.quantise", "spikeplane.nn.baked", "spikeplane.nn.plain"),
            "Look": ("spikeplane.nn.grids", "spikeplane.nn.widths", "spikeplane.nn.differences", "spikeplane.nn.Grid",
                     "spikeplane.nn.Row", "spikeplane.nn.Difference"),
        },
    ),
    "python-learning.md": Page(
        "Python: chips that learn",
        "Training in binary16, on the golden model, the simulated chip or a board. [Training](../training.md) is the contract.",
        {
            "Train": ("spikeplane.train", "spikeplane.TrainingResult"),
            "What was learned": ("spikeplane.Training", "spikeplane.Inference"),
        },
    ),
    "python-network.md": Page(
        "Python: the integer network",
        "What a program means, on the chip as in the golden model. [Arithmetic](../arithmetic.md) has the sums.",
        {
            "Network": ("spikeplane.network.Network", "spikeplane.network.Population", "spikeplane.network.Projection",
                        "spikeplane.network.Neuron", "spikeplane.network.Window"),
            "Golden model": ("spikeplane_sim.golden.GoldenModel", "spikeplane_sim.golden.FloatModel"),
            "Placement and memory words": ("spikeplane.compiler.place", "spikeplane.compiler.Placement", "spikeplane.compiler.Part",
                                           "spikeplane.compiler.Image"),
        },
    ),
    "python-host.md": Page(
        "Python: host driver",
        "The driver on its own: bytes to a device and back. [The host](../host.md) says how it works.",
        {
            "Driver": ("spikeplane.host.driver.Driver", "spikeplane.host.channel.Channel", "spikeplane.host.link.Link",
                       "spikeplane.host.camera.CameraPort"),
            "Devices": ("spikeplane.host.device.Device", "spikeplane.host.serial.SerialDevice", "spikeplane.host.find.connected",
                        "spikeplane.host.find.Found"),
            "Layouts": ("spikeplane.formats.layout.Layout", "spikeplane.formats.packet.packet_format",
                        "spikeplane.formats.packet.PacketFormat", "spikeplane.formats.tables.core_tables",
                        "spikeplane.formats.tables.CoreTables", "spikeplane.formats.c_header.c_header"),
            "Without Python": ("spikeplane.export.write.export",),
        },
    ),
}  # fmt: skip


def made() -> dict[str, str]:
    """The Markdown of every page by name."""
    return {name: _page(page) for name, page in PAGES.items()}


def documented() -> set[str]:
    """The full paths of all names that have a place."""
    return {path for page in PAGES.values() for names in page.groups.values() for path in names}


def names() -> dict[str, str]:
    """The full paths of classes by their names, where only one has it, and of everything by its full path."""
    paths = documented()
    short = Counter(path.rpartition(".")[2] for path in paths)
    classes = {path.rpartition(".")[2]: path for path in paths}
    single = {name: path for name, path in classes.items() if name[0].isupper() and short[name] == 1}
    return single | {path: path for path in paths}


def _page(page: Page) -> str:
    lines = [f"# {page.title}", "", page.about, ""]
    for heading, names in page.groups.items():
        lines += [f"## {heading}", ""]
        for path in names:
            lines += [f"::: {path}", "    options: {heading_level: 3}", ""]
    return "\n".join(lines)
