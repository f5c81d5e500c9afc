// Two clocked ports, a block RAM in true dual-port form: the first reads or writes, a write first; the second reads. No initial
// contents on purpose. A word that the second reads while it is written is either value: the users never do it (no_rw_check tells yosys).
module spikeplane_dual_ram #(parameter WIDTH = 8, parameter DEPTH = 16, parameter ADDRESS = 4) (
  input clk,
  input read_en, input write_en, input [ADDRESS-1:0] address,
  output reg [WIDTH-1:0] read_data, input [WIDTH-1:0] write_data,
  input second_en, input [ADDRESS-1:0] second_address, output reg [WIDTH-1:0] second_data
);
  (* no_rw_check, ram_style = "block" *) reg [WIDTH-1:0] words [0:DEPTH-1];
  always @(posedge clk) begin
    if (write_en) words[address] <= write_data;
    else if (read_en) read_data <= words[address];
  end
  always @(posedge clk) if (second_en) second_data <= words[second_address];
`ifndef SYNTHESIS
`ifndef VERILATOR
  // Words that were never written hold anything, but bits: 0 * x is x in a simulator of four states, 0 in hardware.
  integer k;
  initial for (k = 0; k < DEPTH; k = k + 1) words[k] = {((WIDTH + 31) / 32){$random}};
`endif
`endif
endmodule
