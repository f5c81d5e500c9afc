// A host at the serial port of the LiteX example: UARTBone's frames (command, words, word address, data, the highest byte
// first) read and write the chip's registers. Prints a line for each, and "done".
`timescale 1ns / 1ps
module uart;
  localparam BIT = 80;  // ns: 12,500,000 baud at 50 MHz
  reg clk = 0, rst = 1, rx = 1;
  wire tx;
  spikeplane_system system (.clk(clk), .rst(rst), .serial_rx(rx), .serial_tx(tx));
  always #10 clk = ~clk;

  integer i, j, k, m;
  reg [7:0] came;
  reg [31:0] data;

  task send(input [7:0] value);
    begin
      rx = 0;
      #BIT;
      for (i = 0; i < 8; i = i + 1) begin
        rx = value[i];
        #BIT;
      end
      rx = 1;
      #(2 * BIT);
    end
  endtask

  task word(input [31:0] value);
    for (j = 3; j >= 0; j = j - 1) send(value[8*j+:8]);
  endtask

  task load(input [31:0] address);
    begin
      send(8'h02);
      send(8'h01);
      fork
        word(address >> 2);
        for (k = 0; k < 4; k = k + 1) begin
          @(negedge tx);
          #(BIT + BIT / 2);
          for (m = 0; m < 8; m = m + 1) begin
            came[m] = tx;
            #BIT;
          end
          data = {data[23:0], came};
        end
      join
      $display("%08x is %08x", address, data);
    end
  endtask

  task store(input [31:0] address, input [31:0] value);
    begin
      send(8'h01);
      send(8'h01);
      word(address >> 2);
      word(value);
    end
  endtask

  initial begin
    #200 rst = 0;
    #1000;
    load(@IDENTITY@);
    load(@DIGEST_LOW@);
    load(@DIGEST_HIGH@);
    store(@CONTROL@, 2);
    load(@CONTROL@);
    load(@EVENT@); // the interrupt's source: nothing waits
    store(@WRITE@, @FRAME0@);
    store(@WRITE@, @FRAME1@);
    #8000;
    load(@STATUS@);
    load(@EVENT@);
    load(@READ@);
    $display("done");
    $finish;
  end

  initial #2000000 begin
    $display("no end");
    $finish;
  end
endmodule
