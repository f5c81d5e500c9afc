// One core of a simulated board, with a register in front of what it is told once: reset and place reach everything.
module spikeplane_board_node (
  input clk, input rst, input [`X_BITS-1:0] x, input [`Y_BITS-1:0] y,
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
  spikeplane_core core (
    .i__valid(i_local_valid), .i__payload(i_local_payload), .i__ready(i_local_ready),
    .o__valid(o_local_valid), .o__payload(o_local_payload), .o__ready(o_local_ready),
    .clk(clk), .rst(reset), .x(column), .y(row)
  );
endmodule
