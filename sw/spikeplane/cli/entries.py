"""The table of commands, and what `spikeplane --help` says of them: light, so that help and completion are quick."""

from typing import NamedTuple

ABOUT = "From a trained spiking network to a verified chip: generate it, simulate it, drive it."


class Entry(NamedTuple):
    """A command: the function `name` of `spikeplane.cli.MODULE`.

    Attributes
    ----------
    extra: the extra of Spikeplane that brings what the command needs, "" if it needs none.
    help: the first paragraph of the function's docstring, on one line.
    """

    name: str
    module: str
    extra: str
    help: str


#: All commands, in the order of the help.
ENTRIES = (
    Entry("generate", "generate", "chip",
          "Write a chip: Verilog, manifest.json, a C header of the memory map, a short README."),
    Entry("boards", "boardlist", "boards",
          "List the boards: device, memory, clock, what each can be built as, tools needed and "
          "whether they are found."),
    Entry("estimate", "estimate", "boards",
          "Estimate, before synthesis, what a program's chip takes of a board, its cycles and its energy; of a "
          "training the energy, traffic and cycles of learning a sample."),
    Entry("build", "build", "boards",
          "Build a board's bitstream: Verilog, synthesis, place and route; print what it uses and how fast it is."),
    Entry("flash", "flash", "boards",
          "Load a built bitstream into a board, and check by its link that it reports the chip that was built."),
    Entry("compile", "compile", "compile",
          "Compile a trained model for a chip; prints what was assumed, how it was quantised and where it went."),
    Entry("train", "train", "compile",
          "Train a spiking network in binary16 with exact sums: the same bits whatever the order of a batch's samples."),
    Entry("federate", "federate", "compile",
          "Train on several workers that keep their samples: gradients added up exactly, or means of weights (FedAvg)."),
    Entry("run", "run", "sim",
          "Run a program and print accuracy, spikes per layer, cycles per sample, utilisation and latency."),
    Entry("serve", "serve", "sim",
          "Simulate a board at its pins, UART included, and print the serial port that stands for it."),
    Entry("simulate", "simulate", "sim",
          "Run the cocotb benches: core, router, mesh, bridge, camera, chip, axi_lite. With --netlist: "
          "the chip as yosys maps it, against golden."),
    Entry("synth", "synth", "chip",
          "Map a chip to standard cells with yosys; print area, cells and flip-flops by block. Memories stay boxes, "
          "listed apart."),
    Entry("systems", "systems", "demo",
          "Run small models of published spiking systems: import proved, integers held against floats, the chip against golden."),
    Entry("upgrade", "upgrade", "compile",
          "Compile a program again, from the float network in its file, for the gateware of this version."),
    Entry("layers", "layers", "compile", "List the layers and nodes that are imported, and what to use in the place of others."),
    Entry("export", "export", "",
          "Write a program for a chip without Python: load stream, memory files, a driver in C99 with an example."),
    Entry("inspect", "inspect", "compile",
          "Show a program: chip, encoding, layers, quantisation, mapping; or a training: weights, and what was proved."),
    Entry("record", "record", "camera",
          "Write the planes that a spike camera would see, with its residual charge and, if wanted, its noise."),
    Entry("view", "view", "camera",
          "Write one HTML page to step through a clip: TFP, TFI, FSR, SSR and the planes, "
          "and the intervals of the pixel under the cursor."),
    Entry("reconstruct", "reconstruct", "camera", "Make images of a spike camera's planes."),
    Entry("demo", "demo", "demo",
          "Train a spiking network on digits, put it on a generated 2x2 chip, and compare every spike "
          "with the golden model."),
    Entry("doctor", "doctor", "",
          "Print the tools found, their versions, what needs them, and how to install what is missing."),
)  # fmt: skip
