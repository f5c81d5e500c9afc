// The processors of the Zynq example for a simulation: bus.cpp turns the clock and drives the AXI port.
module processors (
  inout wire [14:0] DDR_addr,
  inout wire [2:0] DDR_ba,
  inout wire DDR_cas_n, DDR_ck_n, DDR_ck_p, DDR_cke, DDR_cs_n,
  inout wire [3:0] DDR_dm,
  inout wire [31:0] DDR_dq,
  inout wire [3:0] DDR_dqs_n, DDR_dqs_p,
  inout wire DDR_odt, DDR_ras_n, DDR_reset_n, DDR_we_n,
  inout wire FIXED_IO_ddr_vrn, FIXED_IO_ddr_vrp,
  inout wire [53:0] FIXED_IO_mio,
  inout wire FIXED_IO_ps_clk, FIXED_IO_ps_porb, FIXED_IO_ps_srstb,
  output reg clk /*verilator public_flat_rw*/,
  output reg resetn /*verilator public_flat_rw*/,
  input wire irq /*verilator public_flat_rd*/,
  output reg [31:0] m_axi_awaddr /*verilator public_flat_rw*/,
  output wire [2:0] m_axi_awprot,
  output reg m_axi_awvalid /*verilator public_flat_rw*/,
  input wire m_axi_awready /*verilator public_flat_rd*/,
  output reg [31:0] m_axi_wdata /*verilator public_flat_rw*/,
  output reg [3:0] m_axi_wstrb /*verilator public_flat_rw*/,
  output reg m_axi_wvalid /*verilator public_flat_rw*/,
  input wire m_axi_wready /*verilator public_flat_rd*/,
  input wire [1:0] m_axi_bresp /*verilator public_flat_rd*/,
  input wire m_axi_bvalid /*verilator public_flat_rd*/,
  output reg m_axi_bready /*verilator public_flat_rw*/,
  output reg [31:0] m_axi_araddr /*verilator public_flat_rw*/,
  output wire [2:0] m_axi_arprot,
  output reg m_axi_arvalid /*verilator public_flat_rw*/,
  input wire m_axi_arready /*verilator public_flat_rd*/,
  input wire [31:0] m_axi_rdata /*verilator public_flat_rd*/,
  input wire [1:0] m_axi_rresp /*verilator public_flat_rd*/,
  input wire m_axi_rvalid /*verilator public_flat_rd*/,
  output reg m_axi_rready /*verilator public_flat_rw*/
);
  assign m_axi_awprot = 3'd0;
  assign m_axi_arprot = 3'd0;
endmodule
