// Simulation models of the ECP5 cells that yosys maps to, written from what Lattice's guides to the ECP5's slices, memories and multipliers say
// that they do; the combinational ones are proved equal to yosys's own (tests/unit/test_netlist_cells.py). Cycle-accurate, without delays.
// What is not modelled is refused when the simulator is built: a parameter that is not declared here is unknown to Verilator, and a value
// that is not handled names an unknown module.

// Z is the bit of INIT that D, C, B, A (A lowest) point to.
module LUT4 #(parameter [15:0] INIT = 0) (input A, B, C, D, output Z);
  assign Z = INIT[{D, C, B, A}];
endmodule

// The fifth input of a pair of LUT4.
module PFUMX (input ALUT, BLUT, C0, output Z);
  assign Z = C0 ? ALUT : BLUT;
endmodule

// The sixth input and above.
module L6MUX21 (input D0, D1, SD, output Z);
  assign Z = SD ? D1 : D0;
endmodule

// Two bits of a carry chain. A LUT4 that gives 1 lets the carry pass, otherwise the LUT2 of A and B (the low bits of INIT) makes it.
module CCU2C #(
  parameter [15:0] INIT0 = 0, INIT1 = 0, parameter INJECT1_0 = "YES", INJECT1_1 = "YES"
) (input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT);
  localparam CARRY_0 = INJECT1_0 != "YES", CARRY_1 = INJECT1_1 != "YES";
  wire propagate_0 = INIT0[{D0, C0, B0, A0}], propagate_1 = INIT1[{D1, C1, B1, A1}];
  wire middle = propagate_0 ? CIN : CARRY_0 & INIT0[{2'b00, B0, A0}];
  assign S0 = propagate_0 ^ (CARRY_0 & CIN);
  assign S1 = propagate_1 ^ (CARRY_1 & middle);
  assign COUT = propagate_1 ? middle : CARRY_1 & INIT1[{2'b00, B1, A1}];
endmodule

// A flip-flop on the rising edge with a synchronous set or reset. Power-up gives what the reset gives.
module TRELLIS_FF #(
  parameter CLKMUX = "CLK", CEMUX = "1", LSRMUX = "LSR", SRMODE = "LSR_OVER_CE", REGSET = "RESET", GSR = "ENABLED"
) (input CLK, LSR, CE, DI, output reg Q);
  localparam VALUE = REGSET == "SET";
  wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "0" ? 1'b0 : CEMUX == "INV" ? ~CE : CE;
  wire set = LSRMUX == "INV" ? ~LSR : LSR;
  initial Q = VALUE;
  generate
    if (CLKMUX != "CLK") unsupported_clock edge_not_modelled ();
    if (SRMODE == "LSR_OVER_CE") begin : over
      always @(posedge CLK) if (set) Q <= VALUE; else if (enable) Q <= DI;
    end else if (SRMODE == "CE_OVER_LSR") begin : under
      always @(posedge CLK) if (enable) Q <= set ? VALUE : DI;
    end else unsupported_reset mode_not_modelled ();
  endgenerate
endmodule

// 16 words of 4 bits in LUTs: written by the clock, read at once.
module TRELLIS_DPR16X4 #(
  parameter WCKMUX = "WCK", WREMUX = "WRE", parameter [63:0] INITVAL = 0
) (input [3:0] DI, WAD, input WRE, WCK, input [3:0] RAD, output [3:0] DO);
  reg [3:0] words [0:15];
  wire write = WREMUX == "1" ? 1'b1 : WREMUX == "0" ? 1'b0 : WREMUX == "INV" ? ~WRE : WRE;
  integer i;
  initial for (i = 0; i < 16; i = i + 1) words[i] = INITVAL[4*i +: 4];
  generate if (WCKMUX != "WCK") unsupported_clock edge_not_modelled (); endgenerate
  always @(posedge WCK) if (write) words[WAD] <= DI;
  assign DO = words[RAD];
endmodule

// The multiplier, its registers unused (those parameters are not declared). SIGNED: that factor is two's complement.
module MULT18X18D (
  input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0, B17, B16, B15, B14, B13, B12, B11, B10, B9,
  B8, B7, B6, B5, B4, B3, B2, B1, B0, C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0, SIGNEDA,
  SIGNEDB, SOURCEA, SOURCEB,
  output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12,
  P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  wire signed [35:0] left = $signed({{18{SIGNEDA & a[17]}}, a});
  wire signed [35:0] right = $signed({{18{SIGNEDB & b[17]}}, b});
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} =
    left * right;
endmodule

// 18 kbit of block RAM: 512 words of four 9-bit bytes, which both ports see at their own width.
// Widths 1, 2 and 4 leave every ninth bit alone. 36: port A writes (low half on DIA), port B reads (low half on DOA).
// With 18 and 36 bits the lowest address bits enable the bytes of a write. A read that meets the other port's write of the same bits is
// undefined on the device; here it gives the new bits inverted, so that a design which relies on it is found.
module DP16KD #(
  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18, REGMODE_A = "NOREG", REGMODE_B = "NOREG", RESETMODE = "SYNC",
  ASYNC_RESET_RELEASE = "SYNC", CSDECODE_A = "0b000", CSDECODE_B = "0b000", WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL",
  CLKAMUX = "CLKA", CLKBMUX = "CLKB", GSR = "ENABLED",
  parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0,
  INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0,
  INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0,
  INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0,
  INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0,
  INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0,
  INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0,
  INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0,
  INITVAL_3F = 0
) (
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0, ADA13,
  ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0, CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
  input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0, ADB13,
  ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0, CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
  output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0, DOB17,
  DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
  wire [17:0] di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
  wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [17:0] di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
  wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  localparam [64*320-1:0] CONTENTS = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37, INITVAL_36,
    INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C,
    INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22,
    INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
    INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E,
    INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
    INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00};
  localparam PAIRED = DATA_WIDTH_A == 36;
  generate
    if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG") unsupported_register output_not_modelled ();
    if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000") unsupported_select code_not_modelled ();
    if (CLKAMUX != "CLKA" || CLKBMUX != "CLKB") unsupported_clock edge_not_modelled ();
    if (DATA_WIDTH_B == 36 && !PAIRED) unsupported_width pair_not_modelled ();
  endgenerate

  // Two halves of 18 bits a word; the nth stands in the 20-bit slots of the INITVALs.
  reg [35:0] words [0:511];
  integer i;
  initial for (i = 0; i < 512; i = i + 1) words[i] = {CONTENTS[20*(2*i+1) +: 18], CONTENTS[40*i +: 18]};

  wire on_a = CEA & ~(CSA2 | CSA1 | CSA0), on_b = CEB & ~(CSB2 | CSB1 | CSB0);
  wire write_a = on_a & WEA, write_b = on_b & WEB & ~PAIRED;
  wire [35:0] mask_a, mask_b, data_a, data_b;
  ecp5_ram_write #(.WIDTH(DATA_WIDTH_A)) put_a (.address(ad_a), .data({di_b, di_a}), .enable(write_a), .mask(mask_a), .wide(data_a));
  ecp5_ram_write #(.WIDTH(DATA_WIDTH_B)) put_b (.address(ad_b), .data({18'b0, di_b}), .enable(write_b), .mask(mask_b), .wide(data_b));

  wire meet = ad_a[13:5] == ad_b[13:5];
  wire [35:0] word_a = words[ad_a[13:5]], word_b = words[ad_b[13:5]];
  wire [35:0] noise_a = meet ? mask_b : 36'b0, noise_b = meet ? mask_a : 36'b0;
  // What a port reads: its own write's old or new bits as its mode says, the other port's inverted.
  wire [35:0] own_a = WRITEMODE_A == "WRITETHROUGH" ? (word_a & ~mask_a) | (data_a & mask_a) : word_a;
  wire [35:0] own_b = WRITEMODE_B == "WRITETHROUGH" ? (word_b & ~mask_b) | (data_b & mask_b) : word_b;
  wire [35:0] seen_a = (own_a & ~noise_a) | (~data_b & noise_a), seen_b = (own_b & ~noise_b) | (~data_a & noise_b);
  wire [35:0] got_a, got_b;
  ecp5_ram_read #(.WIDTH(PAIRED ? 9 : DATA_WIDTH_A)) get_a (.address(ad_a), .word(seen_a), .narrow(got_a));
  ecp5_ram_read #(.WIDTH(DATA_WIDTH_B)) get_b (.address(ad_b), .word(seen_b), .narrow(got_b));
  reg [35:0] out_a = 0, out_b = 0;

  always @(posedge CLKA) begin
    if (write_a) words[ad_a[13:5]] <= (word_a & ~mask_a) | (data_a & mask_a);
    if (on_a && (!WEA || WRITEMODE_A != "NORMAL")) out_a <= got_a;
    if (RSTA) $fatal(1, "DP16KD: resets are not modelled");
  end
  always @(posedge CLKB) begin
    if (write_b) words[ad_b[13:5]] <= (word_b & ~mask_b) | (data_b & mask_b);
    if (on_b && (!WEB || WRITEMODE_B != "NORMAL")) out_b <= got_b;
    if (RSTB) $fatal(1, "DP16KD: resets are not modelled");
  end
  // Paired, port B reads on both outputs: 36 bits low half first, and what is narrower on DOB.
  assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = PAIRED ? out_b[17:0] : out_a[17:0];
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
endmodule

// Which bits of a 36-bit word a write of WIDTH bits sets, and to what.
module ecp5_ram_write #(parameter WIDTH = 18) (
  input [13:0] address, input [35:0] data, input enable, output [35:0] mask, wide
);
  wire [35:0] ones;
  assign mask = enable ? ones : 36'b0;
  generate
    case (WIDTH)
      36: begin : full
        assign wide = data;
        assign ones = {{9{address[3]}}, {9{address[2]}}, {9{address[1]}}, {9{address[0]}}};
      end
      18: begin : half
        assign wide = {data[17:0], data[17:0]};
        assign ones = {18'b0, {9{address[1]}}, {9{address[0]}}} << (18 * address[4]);
      end
      9: begin : byte9
        assign wide = {4{data[8:0]}};
        assign ones = 36'h1ff << (9 * address[4:3]);
      end
      4: begin : nibble
        assign wide = {4{1'b0, {2{data[3:0]}}}};
        assign ones = 36'hf << (9 * address[4:3] + 4 * address[2]);
      end
      2: begin : pair
        assign wide = {4{1'b0, {4{data[1:0]}}}};
        assign ones = 36'h3 << (9 * address[4:3] + 2 * address[2:1]);
      end
      1: begin : single
        assign wide = {4{1'b0, {8{data[0]}}}};
        assign ones = 36'h1 << (9 * address[4:3] + address[2:0]);
      end
      default: unsupported_width width_not_modelled ();
    endcase
  endgenerate
endmodule

// The WIDTH bits of a 36-bit word that an address names.
module ecp5_ram_read #(parameter WIDTH = 18) (input [13:0] address, input [35:0] word, output [35:0] narrow);
  wire [5:0] low = 9 * address[4:3];
  generate
    case (WIDTH)
      36: assign narrow = word;
      18: assign narrow = {18'b0, address[4] ? word[35:18] : word[17:0]};
      9: assign narrow = {27'b0, word[low +: 9]};
      4: assign narrow = {32'b0, word[low + 4 * address[2] +: 4]};
      2: assign narrow = {34'b0, word[low + 2 * address[2:1] +: 2]};
      1: assign narrow = {35'b0, word[low + address[2:0] +: 1]};
      default: unsupported_width width_not_modelled ();
    endcase
  endgenerate
endmodule
