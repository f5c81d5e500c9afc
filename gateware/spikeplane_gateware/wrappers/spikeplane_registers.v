// The chip behind registers of 32 bits. A write or a read is taken in a cycle where its strobe is 1, a write only while
// write_ready is 1. Bytes of WRITE go to the chip one a cycle; READ gives up to three that have come.
module spikeplane_registers (
@PORTS@
  input wire clk,
  input wire rst,
  input wire [2:0] address,
  input wire write,
  input wire [31:0] write_data,
  input wire [3:0] write_lanes,
  output wire write_ready,
  output wire writable,
  input wire read,
  output reg [31:0] read_data,
  output wire readable,
  output wire irq
);
@NUMBERS@
  reg hold, enabled;      // CONTROL: reset, interrupt
  reg [31:0] out;         // bytes of the last WRITE
  reg [3:0] left;         // those of them that have still to go
  reg [23:0] in;          // bytes that have come, the first lowest
  reg [1:0] count;        // how many
  wire takes = write & write_ready;
  wire reads = read & (address == READ);
  wire [7:0] rx__payload = left[0] ? out[7:0] : left[1] ? out[15:8] : left[2] ? out[23:16] : out[31:24];
  wire rx__valid = left != 4'h0;
  wire rx__ready;
  wire [7:0] tx__payload;
  wire tx__valid;
  wire tx__ready = (count != 2'd3) & ~reads;
  wire chip_rst = rst | hold;

  spikeplane_chip chip (
@CONNECTIONS@
    .clk(clk),
    .rst(chip_rst),
    .rx__payload(rx__payload),
    .rx__valid(rx__valid),
    .rx__ready(rx__ready),
    .tx__payload(tx__payload),
    .tx__valid(tx__valid),
    .tx__ready(tx__ready)
  );

  assign write_ready = ~rx__valid;
  assign writable = (address == CONTROL) | (address == WRITE);
  assign readable = (address <= STATUS) | (address == READ);
  assign irq = enabled & (count != 2'd0);

  always @* begin
    case (address)
      IDENTITY: read_data = IDENTITY_VALUE;
      DIGEST_LOW: read_data = DIGEST_VALUE[31:0];
      DIGEST_HIGH: read_data = DIGEST_VALUE[63:32];
      CONTROL: read_data = {30'd0, enabled, hold};
      STATUS: read_data = {29'd0, rx__valid, count};
      READ: read_data = {6'd0, count, in};
      default: read_data = 32'd0;
    endcase
  end

  always @(posedge clk) begin
    if (takes & (address == CONTROL)) {enabled, hold} <= write_data[1:0];
    if (takes & (address == WRITE)) begin
      out <= write_data;
      left <= write_lanes;
    end else if (rx__valid & rx__ready) begin
      left <= left & (left - 4'h1);
    end
    if (reads | hold) begin
      count <= 2'd0;
      in <= 24'd0;
    end else if (tx__valid & tx__ready) begin
      count <= count + 2'd1;
      case (count)
        2'd0: in[7:0] <= tx__payload;
        2'd1: in[15:8] <= tx__payload;
        default: in[23:16] <= tx__payload;
      endcase
    end
    if (rst) begin
      hold <= 1'b0;
      enabled <= 1'b0;
      left <= 4'h0;
      count <= 2'd0;
      in <= 24'd0;
    end
  end
endmodule
