"""A compiled network as one object: chip, integer network, placement, memory words, input encoding,
readout, tables. See `file` for how it is kept."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.doors import door
from spikeplane.encode import check_planes, encode
from spikeplane.encoding import Encoding
from spikeplane.encodings import samples_by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.extras import missing_extra
from spikeplane.files import write_file
from spikeplane.network import Network, Population
from spikeplane.program.check import check
from spikeplane.program.file import from_bytes, read, refused, seal, to_bytes
from spikeplane.program.image import Image, host_side
from spikeplane.program.laid import laid_out
from spikeplane.program.placement import Placement
from spikeplane.program.scores import scores
from spikeplane.program.source import Source
from spikeplane.program.words import Words, build_images, digest


@dataclass(frozen=True, kw_only=True, repr=False)
class Program:
    """What a board needs to run a network.

    name        of the network
    config      the chip that it is for
    network     the integer network
    placement   which core holds what
    encoding    of the first input
    others      by name those of further inputs, where they are not the same
    readout     of a sample's steps, the scores: "count" of spikes, "last" step, "sum" of values, "early" (`program.scores`)
    probes      populations whose output goes to the host
    tables      rows for people: assumptions, quantisation, bounds, mapping
    source      the float network and options that it was compiled from, None where there are none
    """

    name: str
    config: ChipConfig
    network: Network
    placement: Placement
    encoding: Encoding
    others: dict[str, Encoding] = field(default_factory=dict[str, Encoding])
    readout: str = "count"
    probes: tuple[str, ...] = ()
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    source: Source | None = field(default=None, repr=False, compare=False)
    #: The memory words of the file that the program was loaded from, image by image. A changed copy has
    #: none: its words are those that its network compiles to.
    stored: tuple[Words, ...] | None = field(default=None, init=False, repr=False, compare=False)

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """The contents of every memory, one image after the other (today there is one): those of the file
        that the program was loaded from, or else what its network compiles to."""
        if self.stored is None:
            return build_images(self)
        side = (self.laid, self.placement, list(self.probes))
        return tuple(replace(host_side(*side), words=words) for words in self.stored)

    @cached_property
    def laid(self) -> Network:
        """The network as the chip has it, with pair populations where projections are dynamic (`program.laid`)."""
        return laid_out(self.network, self.config)

    @property
    def image(self) -> Image:
        """The only image."""
        (found,) = self.images
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the chip, the memory words and the tables, 64 hexadecimal digits: equal for programs
        that load the same and say the same of it."""
        return digest(self)

    @property
    def input(self) -> Population:
        """The first input population."""
        return next(iter(self.network.inputs))

    @property
    def inputs(self) -> list[str]:
        """The names of the input populations, in order."""
        return [p.name for p in self.network.inputs]

    @property
    def encodings(self) -> dict[str, Encoding]:
        """The encoding of each input."""
        return {name: self.others.get(name, self.encoding) for name in self.inputs}

    @property
    def classes(self) -> int:
        """Scores of a sample: the channels of the readout's population, each once where steps are channels."""
        last = self.network.population(self.network.output)
        return last.shape[0] // last.fold

    @property
    def values(self) -> int:
        """Values of one sample, of all populations in all steps: what its outputs take."""
        return self.network.steps * sum(prod(p.shape) for p in self.network.populations)

    def planes(self, samples: Any, first: int = 0) -> dict[str, np.ndarray]:
        """Samples as `spikeplane.data.read_samples` gives them -> planes, integers (N, T, C, H, W) by
        input population. Of several inputs the samples are a dictionary by input, or a list with one
        item an input; `first` is the number of the first sample."""
        given, encodings = samples_by_input(samples, self.inputs), self.encodings
        return {p.name: encode(encodings[p.name], given[p.name], p.shape, first) for p in self.network.inputs}

    def check_planes(self, inputs: dict[str, np.ndarray]) -> None:
        """Raise SpikeplaneError unless `inputs` are what `planes` gives: boards check before they
        send anything."""
        if set(inputs) != set(self.inputs):
            given = ", ".join(f"'{name}'" for name in inputs) or "nothing"
            own = ", ".join(f"'{name}'" for name in self.inputs)
            several = "inputs are" if len(self.inputs) > 1 else "input is"
            raise SpikeplaneError(
                f"the program's {several} {own}, given was {given}; use program.planes(samples)"
            )
        for p in self.network.inputs:
            check_planes(p.name, inputs[p.name], self.encodings[p.name], p.shape)
        counts = {name: len(values) for name, values in inputs.items()}
        if len(set(counts.values())) > 1:
            raise SpikeplaneError(
                f"the inputs hold different numbers of samples: {counts}; give as many of each"
            )

    def scores(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """(N, C): the readout of the output population from (N, T, C, H, W)."""
        last = self.network.population(self.network.output)
        return scores(self.readout, outputs[last.name].astype(np.int64), last.fold)

    def check(self) -> None:
        """Raise SpikeplaneError, one line, unless golden model and chip can run it, and run it alike."""
        check(self)

    def run(self, samples: Any, **options: Any) -> Any:
        """Run samples and return a `RunResult`: accuracy, spikes, cycles, time, mismatches.

        samples    what the model takes: tensors, arrays (N, ...), recordings, a DataLoader or a dataset, of several
                   inputs a mapping by name; floats must be values that the encoding can send
        labels     (N,); those of a DataLoader's pairs where None
        board      "golden" (default), "sim", a serial port, "auto", or an open board, which stays open
        lockstep   compare every output with the golden model
        limit      at most so many samples
        keep       samples whose planes the result keeps; as many as fit 256 MiB, at a bit a spike, where None
        clock      MHz that times are stated at, 100
        baud       the rate of a serial port, and of the link that times are stated for
        verify     read back every memory word that was loaded
        progress   False: no bar

        Raises SpikeplaneError for samples that the program does not take, a board that is not there, and one
        that stops answering.
        """
        return door("run")(self, samples, **options)

    def detect(self, samples: Any, **options: Any) -> Any:
        """Run samples of a detector and return `Detections`: the boxes of each image, as the host makes them of the output,
        whose channels are the bins of four distances and the scores of classes (YOLOv8's and SpikeYOLO's head).

        samples    as for `run`
        threshold  boxes of a higher score, 0 to 1; 0.25
        iou        of two boxes of one class that overlap by more, 0 to 1, the better is left; 0.7
        top        boxes an image at most, 300
        bins       of each distance, 16
        strides    pixels of the image a pixel of each map, the finest first; None: one map, whose stride its size tells
        names      of the classes, a text each

        Other options are those of `run`, but for labels. Raises SpikeplaneError too for an output that is no such head.
        """
        return door("detect")(self, samples, **options)

    def compare(self, model: Any, samples: Any, labels: Any = None, **options: Any) -> Any:
        """Float against integer on samples, layer by layer: an `Agreement`.

        model     what the program was made from, which runs beside the float network that the program keeps: a
                  spike that differs refuses it; None: that network alone
        options   those of `spikeplane.compile` that say how the model is read: dt, reset, compare, ...

        Raises SpikeplaneError for another model, and for a program that keeps no float network.
        """
        return door("compare")(self, model, samples, labels, **options)

    def sensitivity(self, samples: Any, labels: Any = None, *, tolerance: float = 0.002) -> Any:
        """What each layer's integers alone cost in accuracy, and which weight bits or guard bits give it back: a
        `Sensitivity`. A cure is looked for where a layer costs more than `tolerance`. Raises SpikeplaneError without
        labels, and for a program that keeps no float network."""
        return door("sensitivity")(self, samples, labels, tolerance=tolerance)

    def train(self, samples: Any, labels: Any = None, **options: Any) -> Any:
        """Go on training the float network that the program keeps, in binary16 as chips learn, with the program's encoding:
        a `TrainingResult`, whose `to_inference` gives the next program. Samples, options and errors: see `spikeplane.train`.
        Raises SpikeplaneError too for a program that keeps no float network."""
        return door("train_program")(self, samples, labels, **options)

    def estimate(self, board: str, samples: Any = None, **options: Any) -> Any:
        """What the program takes of a board before anything is built, how fast it is there and on what energy: an
        `Estimate`.

        board      its name, as `spikeplane boards` lists it
        samples    spikes are counted on the first 8 of them, see `run`
        activity   spikes a neuron and step, 0 to 1, in their place; without either what compile recorded, else 0.1
        count      samples one behind the other, 20

        Raises SpikeplaneError for a board that there is not, and for a chip with a camera.
        """
        return door("estimate")(self, board, samples, **options)

    @property
    def assumptions(self) -> list[dict[str, Any]]:
        """What was assumed where the model did not say, and what quantisation loses: rows of layer, what, value,
        why."""
        return self.tables.get("assumptions", [])

    def __repr__(self) -> str:
        return door("line")(self)

    def _repr_html_(self) -> str:
        return door("card")(self)

    def to_nir(self) -> Any:
        """The integer network as a NIR graph (`nir.write` makes a file of it), for other tools: it takes
        what the model takes, and fires as the golden model does but for what its metadata calls
        approximate. Raises SpikeplaneError for what NIR has no nodes for."""
        try:
            from spikeplane.program.nir_out import to_graph

            notes = {"program": self.name, "spikeplane": self.digest}
            encodings = self.encodings
            notes |= {f"encoding of {name}": str(encoding) for name, encoding in encodings.items()}
            return to_graph(self.network, {name: one.value for name, one in encodings.items()}, notes)
        except ModuleNotFoundError as error:
            if (missing := missing_extra(error.name or "")) is None:
                raise
            raise SpikeplaneError(f"a NIR graph: {missing}") from None

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
        write_file(path, seal(to_bytes(self)))

    @classmethod
    def load(cls, path: str | Path, chip: ChipConfig | None = None) -> "Program":
        """Read and check the file. Raises SpikeplaneError if it is missing, no program, damaged, of
        another version, a program that cannot run, or (with `chip`) one for another chip."""
        fields, words = from_bytes(read(path), path)
        program = cls(**fields)
        object.__setattr__(program, "stored", words)
        try:
            program.check()
        except SpikeplaneError as error:
            raise refused(path, error) from None
        if chip is not None and chip.digest != program.config.digest:
            raise SpikeplaneError(
                f"program {path} is for chip {program.config.digest}, not for chip {chip.digest}; "
                "compile it for that chip"
            )
        return program
