// The chip's byte ports as AXI4-Stream, a byte a beat: s_axis takes the host's bytes, m_axis gives the chip's.
// Packets of a stream (tlast) are not needed: frames have flags of their own.
module spikeplane_axi_stream (
@PORTS@
  input wire aclk,
  input wire aresetn,
  input wire [7:0] s_axis_tdata,
  input wire s_axis_tvalid,
  output wire s_axis_tready,
  output wire [7:0] m_axis_tdata,
  output wire m_axis_tvalid,
  input wire m_axis_tready
);
  wire rst = ~aresetn;
  wire valid, ready; // no beat passes in reset

  assign m_axis_tvalid = valid & aresetn;
  assign s_axis_tready = ready & aresetn;

  spikeplane_chip chip (
@CONNECTIONS@
    .clk(aclk),
    .rst(rst),
    .rx__payload(s_axis_tdata),
    .rx__valid(s_axis_tvalid),
    .rx__ready(ready),
    .tx__payload(m_axis_tdata),
    .tx__valid(valid),
    .tx__ready(m_axis_tready)
  );
endmodule
