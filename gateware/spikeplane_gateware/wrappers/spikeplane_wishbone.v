// The chip on Wishbone B4, classic, 32 bits: the registers of spikeplane.svd. What is no register, or not to be
// written or read, is answered with an error.
module spikeplane_wishbone (
@PORTS@
  input wire wb_clk_i,
  input wire wb_rst_i,
  input wire wb_cyc_i,
  input wire wb_stb_i,
  input wire wb_we_i,
  input wire [4:0] wb_adr_i,
  input wire [31:0] wb_dat_i,
  input wire [3:0] wb_sel_i,
  output reg [31:0] wb_dat_o,
  output reg wb_ack_o,
  output reg wb_err_o,
  output wire irq
);
  wire write_ready, writable, readable;
  wire [31:0] read_data;
  wire asked = wb_cyc_i & wb_stb_i & ~wb_ack_o & ~wb_err_o & ~wb_rst_i;
  wire write = asked & wb_we_i & write_ready;
  wire read = asked & ~wb_we_i;
  wire unused = &{1'b0, wb_adr_i[1:0]};

  spikeplane_registers registers (
@CONNECTIONS@
    .clk(wb_clk_i),
    .rst(wb_rst_i),
    .address(wb_adr_i[4:2]),
    .write(write),
    .write_data(wb_dat_i),
    .write_lanes(wb_sel_i),
    .write_ready(write_ready),
    .writable(writable),
    .read(read),
    .read_data(read_data),
    .readable(readable),
    .irq(irq)
  );

  always @(posedge wb_clk_i) begin
    wb_ack_o <= (write & writable) | (read & readable);
    wb_err_o <= (write & ~writable) | (read & ~readable);
    if (read) wb_dat_o <= read_data;
    if (wb_rst_i) begin
      wb_ack_o <= 1'b0;
      wb_err_o <= 1'b0;
    end
  end
endmodule
