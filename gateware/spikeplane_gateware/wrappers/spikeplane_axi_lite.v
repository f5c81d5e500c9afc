// The chip on AXI4-Lite, 32 bits: the registers of spikeplane.svd. Reads and writes do not wait for each other;
// what is no register, or not to be written or read, is answered with SLVERR.
module spikeplane_axi_lite (
@PORTS@
  input wire aclk,
  input wire aresetn,
  input wire [4:0] s_axi_awaddr,
  input wire [2:0] s_axi_awprot,
  input wire s_axi_awvalid,
  output wire s_axi_awready,
  input wire [31:0] s_axi_wdata,
  input wire [3:0] s_axi_wstrb,
  input wire s_axi_wvalid,
  output wire s_axi_wready,
  output reg [1:0] s_axi_bresp,
  output reg s_axi_bvalid,
  input wire s_axi_bready,
  input wire [4:0] s_axi_araddr,
  input wire [2:0] s_axi_arprot,
  input wire s_axi_arvalid,
  output wire s_axi_arready,
  output reg [31:0] s_axi_rdata,
  output reg [1:0] s_axi_rresp,
  output reg s_axi_rvalid,
  input wire s_axi_rready,
  output wire irq
);
  localparam OKAY = 2'b00, SLVERR = 2'b10;
  wire rst = ~aresetn;
  wire write_ready, writable, readable;
  wire [31:0] read_data;
  // one bus inside: a write that can be taken goes before a read
  wire write = s_axi_awvalid & s_axi_wvalid & ~s_axi_bvalid & write_ready & ~rst;
  wire read = s_axi_arvalid & ~s_axi_rvalid & ~write & ~rst;
  wire [2:0] address = write ? s_axi_awaddr[4:2] : s_axi_araddr[4:2];
  wire unused = &{1'b0, s_axi_awprot, s_axi_arprot, s_axi_awaddr[1:0], s_axi_araddr[1:0]};

  spikeplane_registers registers (
@CONNECTIONS@
    .clk(aclk),
    .rst(rst),
    .address(address),
    .write(write),
    .write_data(s_axi_wdata),
    .write_lanes(s_axi_wstrb),
    .write_ready(write_ready),
    .writable(writable),
    .read(read),
    .read_data(read_data),
    .readable(readable),
    .irq(irq)
  );

  assign s_axi_awready = write;
  assign s_axi_wready = write;
  assign s_axi_arready = read;

  always @(posedge aclk) begin
    if (write) begin
      s_axi_bvalid <= 1'b1;
      s_axi_bresp <= writable ? OKAY : SLVERR;
    end else if (s_axi_bready) begin
      s_axi_bvalid <= 1'b0;
    end
    if (read) begin
      s_axi_rvalid <= 1'b1;
      s_axi_rdata <= read_data;
      s_axi_rresp <= readable ? OKAY : SLVERR;
    end else if (s_axi_rready) begin
      s_axi_rvalid <= 1'b0;
    end
    if (rst) begin
      s_axi_bvalid <= 1'b0;
      s_axi_rvalid <= 1'b0;
    end
  end
endmodule
