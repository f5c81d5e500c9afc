// One router of a simulated board, with a register in front of what it is told once: reset and place reach everything.
module spikeplane_board_node (
  input clk, input rst, input [`X_BITS-1:0] x, input [`Y_BITS-1:0] y,
  input i_north_valid, input [`PACKET_BITS-1:0] i_north_payload, output i_north_ready,
  output o_north_valid, output [`PACKET_BITS-1:0] o_north_payload, input o_north_ready,
  input i_east_valid, input [`PACKET_BITS-1:0] i_east_payload, output i_east_ready,
  output o_east_valid, output [`PACKET_BITS-1:0] o_east_payload, input o_east_ready,
  input i_south_valid, input [`PACKET_BITS-1:0] i_south_payload, output i_south_ready,
  output o_south_valid, output [`PACKET_BITS-1:0] o_south_payload, input o_south_ready,
  input i_west_valid, input [`PACKET_BITS-1:0] i_west_payload, output i_west_ready,
  output o_west_valid, output [`PACKET_BITS-1:0] o_west_payload, input o_west_ready,
  input i_local_valid, input [`PACKET_BITS-1:0] i_local_payload, output i_local_ready,
  output o_local_valid, output [`PACKET_BITS-1:0] o_local_payload, input o_local_ready
);
  reg reset;
  reg [`X_BITS-1:0] column;
  reg [`Y_BITS-1:0] row;
  initial reset = 1'b1;
  always @(posedge clk) begin
    reset <= rst;
    column <= x;
    row <= y;
  end
  spikeplane_router router (
    .i_north__valid(i_north_valid), .i_north__payload(i_north_payload), .i_north__ready(i_north_ready),
    .o_north__valid(o_north_valid), .o_north__payload(o_north_payload), .o_north__ready(o_north_ready),
    .i_east__valid(i_east_valid), .i_east__payload(i_east_payload), .i_east__ready(i_east_ready),
    .o_east__valid(o_east_valid), .o_east__payload(o_east_payload), .o_east__ready(o_east_ready),
    .i_south__valid(i_south_valid), .i_south__payload(i_south_payload), .i_south__ready(i_south_ready),
    .o_south__valid(o_south_valid), .o_south__payload(o_south_payload), .o_south__ready(o_south_ready),
    .i_west__valid(i_west_valid), .i_west__payload(i_west_payload), .i_west__ready(i_west_ready),
    .o_west__valid(o_west_valid), .o_west__payload(o_west_payload), .o_west__ready(o_west_ready),
    .i_local__valid(i_local_valid), .i_local__payload(i_local_payload), .i_local__ready(i_local_ready),
    .o_local__valid(o_local_valid), .o_local__payload(o_local_payload), .o_local__ready(o_local_ready),
    .clk(clk), .rst(reset), .x(column), .y(row)
  );
endmodule
