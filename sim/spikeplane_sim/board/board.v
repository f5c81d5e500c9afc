// The simulated board: the chip behind registers, so that the simulator finds no path from a pin through the chip's logic and
// evaluates it once a cycle only. `rst` comes from a register as well: synchronous resets reach everything. With PACKET_BITS it is the
// host's side of a chip whose tiles are simulated beside it. The pins of its units are macros, see units.py.
`include "units.vh"
module spikeplane_board (
  input clk, input rst,
  input rx_valid, input [7:0] rx_payload, output rx_ready,
  output tx_valid, output [7:0] tx_payload, input tx_ready
`ifdef PACKET_BITS
  , input mesh_i_valid, input [`PACKET_BITS-1:0] mesh_i_payload, output mesh_i_ready,
  output mesh_o_valid, output [`PACKET_BITS-1:0] mesh_o_payload, input mesh_o_ready, input [63:0] digest
`endif
  `UNIT_PORTS
);
  reg reset;
  initial reset = 1'b1;
  always @(posedge clk) reset <= rst;
`ifdef PACKET_BITS
  reg [63:0] named;
  always @(posedge clk) named <= digest;
  spikeplane_host chip (
    .digest(named),
    .mesh_i__valid(mesh_i_valid), .mesh_i__payload(mesh_i_payload), .mesh_i__ready(mesh_i_ready),
    .mesh_o__valid(mesh_o_valid), .mesh_o__payload(mesh_o_payload), .mesh_o__ready(mesh_o_ready),
`else
  spikeplane_chip chip (
`endif
    `UNIT_PINS
    .clk(clk), .rst(reset),
    .rx__valid(rx_valid), .rx__payload(rx_payload), .rx__ready(rx_ready),
    .tx__valid(tx_valid), .tx__payload(tx_payload), .tx__ready(tx_ready)
  );
endmodule
