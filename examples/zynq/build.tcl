# vivado -mode batch -source build.tcl -tclargs CHIP PART
# CHIP: the folder of `spikeplane generate --wrapper axi-lite`; PART: such as xc7z020clg400-1.
# Makes the block design `processors` of processors.v (the box of that name is for elaboration without Vivado), then a
# bitstream. It has never been run: the example is checked by elaboration.
lassign $argv chip part
create_project spikeplane_zynq build -part $part -force
foreach file [split [string trim [read [open $chip/spikeplane.f]]] "\n"] { add_files $chip/$file }
add_files spikeplane_zynq.v

create_bd_design processors
create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 ps
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 -config {make_external "FIXED_IO, DDR"} [get_bd_cells ps]
set_property -dict {CONFIG.PCW_USE_FABRIC_INTERRUPT 1 CONFIG.PCW_IRQ_F2P_INTR 1 CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 50} [get_bd_cells ps]
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect bus
set_property CONFIG.NUM_SI 1 [get_bd_cells bus]
create_bd_intf_port -mode Master -vlnv xilinx.com:interface:aximm_rtl:1.0 m_axi
set_property -dict {CONFIG.PROTOCOL AXI4LITE CONFIG.DATA_WIDTH 32 CONFIG.ADDR_WIDTH 32} [get_bd_intf_ports m_axi]
connect_bd_intf_net [get_bd_intf_pins ps/M_AXI_GP0] [get_bd_intf_pins bus/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins bus/M00_AXI] [get_bd_intf_ports m_axi]
create_bd_port -dir O -type clk clk
create_bd_port -dir O -type rst resetn
create_bd_port -dir I -type intr irq
set_property CONFIG.ASSOCIATED_BUSIF m_axi [get_bd_ports clk]
connect_bd_net [get_bd_pins ps/FCLK_CLK0] [get_bd_ports clk] [get_bd_pins ps/M_AXI_GP0_ACLK] [get_bd_pins bus/aclk] [get_bd_pins reset/slowest_sync_clk]
connect_bd_net [get_bd_pins ps/FCLK_RESET0_N] [get_bd_pins reset/ext_reset_in]
connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_ports resetn] [get_bd_pins bus/aresetn]
connect_bd_net [get_bd_ports irq] [get_bd_pins ps/IRQ_F2P]
assign_bd_address -offset 0x43C00000 -range 64K [get_bd_addr_segs m_axi/Reg]
validate_bd_design
save_bd_design
generate_target all [get_files processors.bd]
add_files [make_wrapper -files [get_files processors.bd] -top]

set_property top spikeplane_zynq [current_fileset]
launch_runs impl_1 -to_step write_bitstream
wait_on_run impl_1
