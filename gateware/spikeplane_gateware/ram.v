// One clocked read port, one clocked write port: a block RAM. No initial contents on purpose. A read of the word being written
// gives either value: the users forward, or never do it (no_rw_check tells yosys).
module spikeplane_ram #(parameter WIDTH = 8, parameter DEPTH = 16, parameter ADDRESS = 4) (
  input clk,
  input read_en, input [ADDRESS-1:0] read_address, output reg [WIDTH-1:0] read_data,
  input write_en, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data
);
  (* no_rw_check, ram_style = "block" *) reg [WIDTH-1:0] words [0:DEPTH-1];
  always @(posedge clk) begin
    if (read_en) read_data <= words[read_address];
    if (write_en) words[write_address] <= write_data;
  end
`ifndef SYNTHESIS
`ifndef VERILATOR
  // Words that were never written hold anything, but bits: 0 * x is x in a simulator of four states, 0 in hardware.
  integer k;
  initial for (k = 0; k < DEPTH; k = k + 1) words[k] = {((WIDTH + 31) / 32){$random}};
`endif
`endif
endmodule
