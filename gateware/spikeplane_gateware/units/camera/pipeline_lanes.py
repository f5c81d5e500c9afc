"""The P lanes of the pipeline, side by side.

```
    states, spikes, fresh -> lane 0, 1 ... P - 1 -> following, values
```
Of 50 equal submodules Amaranth would write 50 modules: in Verilog lanes are instances of one.
"""

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane_gateware.ram import Verilog
from spikeplane_gateware.units.camera.lane import Lane
from spikeplane_gateware.units.camera.state import state_layout

LANE_MODULE = "spikeplane_camera_lane"


class Lanes(wiring.Component):
    """Gives each pixel of a word its lane.

    Throughput: a word a cycle. Latency: `state_latency` cycles to `following`, `value_latency` cycles
    to `values` (see `lane`).

    Parameters
    ----------
    config : CameraConfig
        The sensor and its method: P pixels a word, S bits of state, V bits of a value.

    Attributes
    ----------
    states : In(P * S)
        States of a word's pixels; in all of these pixel 0 is lowest.
    spikes : In(P)
        Their spikes.
    fresh : In(1)
        There is no state yet.
    following : Out(P * S)
        Their states for the next plane.
    values : Out(P * V)
        Their values.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config, self.state_bits = config, state_layout(config).size
        states = config.pixels * self.state_bits
        inputs = {"states": In(states), "spikes": In(config.pixels), "fresh": In(1)}
        values = Out(config.pixels * config.output_bits)
        super().__init__({**inputs, "following": Out(states), "values": values})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for i in range(self.config.pixels):
            ports = {
                "state": self.states.word_select(i, self.state_bits),
                "spike": self.spikes[i],
                "fresh": self.fresh,
                "following": self.following.word_select(i, self.state_bits),
                "value": self.values.word_select(i, self.config.output_bits),
            }
            outputs = ("following", "value")
            if isinstance(platform, Verilog):
                wires = {f"{'o' if name in outputs else 'i'}_{name}": wire for name, wire in ports.items()}
                m.submodules[f"lane_{i}"] = Instance(
                    LANE_MODULE, i_clk=ClockSignal(), i_rst=ResetSignal(), **wires
                )
                continue
            m.submodules[f"lane_{i}"] = lane = Lane(self.config)
            for name, wire in ports.items():
                port = getattr(lane, name)
                m.d.comb += wire.eq(port) if name in outputs else port.eq(wire)
        return m
