# LiteX makes attributes and signals when a module is built: these rules report nothing else here.
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportOptionalMemberAccess=false
# pyright: reportIncompatibleMethodOverride=false, reportArgumentType=false, reportCallIssue=false, reportIndexIssue=false
"""A chip on the bus of a LiteX system.

    spikeplane generate --program net.spk --wrapper wishbone -o chip
    python spikeplane_soc.py chip -o build

`Spikeplane` is what another system takes: its registers lie in a region of the bus, its interrupt is an event. The system
around it is the smallest there is: a serial port as the bus's master, and no processor.
"""

import argparse
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from litex.build.generic_platform import GenericPlatform, Pins, Subsignal
from litex.gen import LiteXModule
from litex.soc.integration.builder import Builder
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import Cat, ClockDomain, ClockSignal, Constant, Instance, ResetSignal

ORIGIN = 0x30000000  #: where the registers lie


def registers(chip):
    """By name the offsets of the chip's registers in bytes, as chip/spikeplane.svd has them."""
    root = ElementTree.parse(Path(chip) / "spikeplane.svd").getroot()
    return {one.findtext("name"): int(one.findtext("addressOffset"), 16) for one in root.iter("register")}


def region(chip):
    """Where they lie on the bus: as many bytes as they take, rounded up to a power of two."""
    size = max(registers(chip).values()) + 4
    return SoCRegion(origin=ORIGIN, size=1 << (size - 1).bit_length(), cached=False)


class Spikeplane(LiteXModule):
    """The chip of a folder that `spikeplane generate --wrapper wishbone` wrote. `bus`: of words of 32 bits; `ev`: an event
    while bytes wait, if CONTROL has the interrupt on. `pins`: by port of the chip the signals of its units, such as a camera's."""

    def __init__(self, platform, chip, pins=None):
        self.bus = bus = wishbone.Interface(data_width=32, address_width=32, addressing="word")
        self.ev = EventManager()
        self.ev.bytes = EventSourceLevel(description="Bytes wait in READ.")
        self.ev.finalize()
        self.specials += Instance(
            "spikeplane_wishbone",
            i_wb_clk_i=ClockSignal(),
            i_wb_rst_i=ResetSignal(),
            i_wb_cyc_i=bus.cyc,
            i_wb_stb_i=bus.stb,
            i_wb_we_i=bus.we,
            i_wb_adr_i=Cat(Constant(0, 2), bus.adr[:3]),
            i_wb_dat_i=bus.dat_w,
            i_wb_sel_i=bus.sel,
            o_wb_dat_o=bus.dat_r,
            o_wb_ack_o=bus.ack,
            o_wb_err_o=bus.err,
            o_irq=self.ev.bytes.trigger,
            **(pins or {}),
        )
        for name in (Path(chip) / "spikeplane.f").read_text().split():
            platform.add_source(str(Path(chip).resolve() / name))


class System(SoCMini):
    """The chip and a serial port that reads and writes its registers (`litex_server --uart`)."""

    def __init__(self, platform, chip, frequency=int(50e6), baud=115200):
        self.crg = Clocks(platform)
        super().__init__(platform, frequency, ident="Spikeplane", ident_version=False)
        self.add_uartbone(uart_name="serial", baudrate=baud)
        self.spikeplane = Spikeplane(platform, chip)
        self.bus.add_slave("spikeplane", self.spikeplane.bus, region(chip))


class Clocks(LiteXModule):
    """The system's clock and reset, from two pins."""

    def __init__(self, platform):
        self.cd_sys = ClockDomain()
        self.comb += [
            self.cd_sys.clk.eq(platform.request("clk")),
            self.cd_sys.rst.eq(platform.request("rst")),
        ]


class Files(GenericPlatform):
    """No board: what is built is the system's Verilog, and the list of all its files for a simulator or a synthesis."""

    def build(self, system, build_dir, build_name, **_):
        """Write them; called by LiteX's builder."""
        folder = Path(build_dir).resolve()
        self.get_verilog(system, name=build_name).write(str(folder / f"{build_name}.v"))
        files = [folder / f"{build_name}.v", *(source[0] for source in self.sources)]
        (folder / f"{build_name}.f").write_text("".join(f"{name}\n" for name in files))


PINS = [
    ("clk", 0, Pins(1)),
    ("rst", 0, Pins(1)),
    ("serial", 0, Subsignal("tx", Pins(1)), Subsignal("rx", Pins(1))),
]


def main():
    """Write the system's Verilog, and the map of its bus."""
    parser = argparse.ArgumentParser(description="A LiteX system with a Spikeplane chip.")
    parser.add_argument("chip", help="the folder of `spikeplane generate --wrapper wishbone`")
    parser.add_argument("-o", "--output", default="build", help="the folder to write (default: build)")
    parser.add_argument("--baud", type=int, default=115200, help="rate of the serial port (default: 115200)")
    arguments = parser.parse_args()
    platform = Files("files", PINS, name="spikeplane_system")
    builder = Builder(
        System(platform, arguments.chip, baud=arguments.baud),
        output_dir=arguments.output,
        compile_software=False,
        csr_csv=str(Path(arguments.output) / "map.csv"),
    )
    builder.build(build_name="spikeplane_system")


if __name__ == "__main__":
    main()
