// One clocked read port, one clocked write port: infers a block RAM. No initial contents on purpose.
module spikeplane_ram #(parameter WIDTH = 8, parameter DEPTH = 16, parameter ADDRESS = 4) (
  input clk,
  input read_en, input [ADDRESS-1:0] read_address, output reg [WIDTH-1:0] read_data,
  input write_en, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data
);
  reg [WIDTH-1:0] words [0:DEPTH-1];
  always @(posedge clk) begin
    if (read_en) read_data <= words[read_address];
    if (write_en) words[write_address] <= write_data;
  end
endmodule
