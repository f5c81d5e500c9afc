// Loads a program into the chip through its byte ports, sends one sample, and compares what comes back with what the
// golden model says, packet by packet. A packet of a population may come before or behind others of its step and pixel,
// and parts overtake each other: each part is a stream of expected packets, and a token ends a step of its stream.
// The line loses nothing, so the link's recovery is not needed: a frame goes when the chip has room, an answer is
// acknowledged. Prints PASS, or FAIL and ends with a status that is not 0.
module spikeplane_testbench;
@PARAMETERS@
  reg clk, rst;
  reg [7:0] rx__payload;
  reg rx__valid;
  wire rx__ready;
  wire [7:0] tx__payload;
  wire tx__valid;
  wire tx__ready = 1'b1;
@CHIP@

  reg [PACKET_BITS-1:0] host [0:HOST_PACKETS-1];        // what is sent
  reg [PACKET_BITS-1:0] expected [0:EXPECTED_PACKETS-1]; // what must come, stream by stream
  reg seen [0:EXPECTED_PACKETS-1];
  reg [31:0] ends [0:STREAMS-1];                         // of each stream: behind its last packet
  reg [31:0] at [0:STREAMS-1];                           // its first packet that has not come
  reg [LANES+FIELD-1:0] spare [0:PROBES-1];              // tag and last group of a population, channels that it has there

  reg [7:0] body [0:LONGEST-1];  // of the frame that goes
  integer body_bytes, body_at;
  reg [1:0] phase;               // 0: no frame goes, 1: its first flag, 2: its body, 3: its last flag
  reg twisted;                   // an ESCAPE has gone, the byte itself is next
  reg [7:0] came [0:LONGEST-1];  // of the frame that comes
  integer came_bytes;
  reg came_escape;
  reg [31:0] came_crc;

  reg opened, asked, ack_due, over;
  reg [3:0] base, sequence_out, sequence_in; // sequence numbers: acknowledged, next to go, next to come
  integer room, next, matched, silent, cycle;
  integer i, k, s, found, count, limit, waiting;

  initial begin
    $readmemh("testbench/host.mem", host);
    $readmemh("testbench/expected.mem", expected);
    $readmemh("testbench/streams.mem", ends);
    $readmemh("testbench/spare.mem", spare);
    for (i = 0; i < EXPECTED_PACKETS; i = i + 1) seen[i] = 1'b0;
    for (i = 0; i < STREAMS; i = i + 1) at[i] = (i == 0) ? 0 : ends[i - 1];
    body_bytes = 0; body_at = 0; phase = 2'd0; twisted = 1'b0;
    came_bytes = 0; came_escape = 1'b0; came_crc = 32'hffffffff;
    opened = 1'b0; asked = 1'b0; ack_due = 1'b0; over = 1'b0;
    base = 4'd0; sequence_out = 4'd0; sequence_in = 4'd0;
    room = 0; next = 0; matched = 0; silent = 0; cycle = 0;
    clk = 1'b0; rst = 1'b1; rx__payload = 8'h00; rx__valid = 1'b0;
    forever #1 clk = ~clk;
  end

  function [31:0] crc;
    input [31:0] old;
    input [7:0] data;
    integer n;
    begin
      crc = old ^ {24'h000000, data};
      for (n = 0; n < 8; n = n + 1) crc = crc[0] ? (crc >> 1) ^ 32'hedb88320 : crc >> 1;
    end
  endfunction

  task fail;
    begin
      over = 1'b1;
      $display("FAIL: chip @DIGEST@ after %0d cycles, %0d of %0d packets were right", cycle, matched, EXPECTED_PACKETS);
      $fatal;
    end
  endtask

  // ---- What comes ----

  task take_packet;
    input [PACKET_BITS-1:0] given;
    reg [PACKET_BITS-1:0] packet;
    reg ignored, stop;
    begin
      packet = given;
      ignored = 1'b0;
      found = -1;
      if (packet[KIND_AT +: 4] == KIND_SPIKE) // lanes beyond a population's channels say nothing
        for (k = 0; k < PROBES; k = k + 1)
          if (spare[k][LANES +: FIELD] == {packet[GROUP_AT +: GROUP_BITS], packet[TAG_AT +: TAG_BITS]}) begin
            packet[MASK_AT +: LANES] = packet[MASK_AT +: LANES] & spare[k][0 +: LANES];
            ignored = packet[MASK_AT +: LANES] == {LANES{1'b0}};
          end
      for (s = 0; s < STREAMS && found < 0 && !ignored; s = s + 1) begin
        stop = 1'b0;
        for (k = at[s]; k < ends[s] && found < 0 && !stop; k = k + 1)
          if (!seen[k]) begin
            if (expected[k] === packet && (k == at[s] || packet[KIND_AT +: 4] != KIND_TOKEN)) found = k;
            stop = expected[k][KIND_AT +: 4] == KIND_TOKEN; // nothing of the next step may come before
          end
        if (found >= 0) begin
          seen[found] = 1'b1;
          matched = matched + 1;
          stop = 1'b0;
          for (k = at[s]; k < ends[s] && !stop; k = k + 1)
            if (seen[k]) at[s] = k + 1; else stop = 1'b1;
        end
      end
      if (found < 0 && !ignored && !over) begin
        $display("cycle %0d: packet %h came, which no stream waits for", cycle, given);
        for (s = 0; s < STREAMS; s = s + 1)
          if (at[s] < ends[s]) $display("  stream %0d waits for %h, its packet %0d", s, expected[at[s]], at[s]);
        fail;
      end
    end
  endtask

  task end_frame;
    reg [15:0] head;
    reg [PACKET_BITS-1:0] packet;
    begin
      head = {came[1], came[0]};
      if (~came_crc !== CRC_LEFT || head[FRAME_POLL_AT] || head[FRAME_REJECT_AT]) begin // nobody has polled
        $display("cycle %0d: a frame of %0d bytes came broken", cycle, came_bytes);
        fail;
      end else if (head[FRAME_KIND_AT +: 2] == FRAME_RESET) begin
        opened = 1'b1;
        room = {28'd0, head[FRAME_ROOM_AT +: 4]};
      end else begin
        base = head[FRAME_ACK_AT +: 4];
        room = {28'd0, head[FRAME_ROOM_AT +: 4]};
        if (head[FRAME_KIND_AT +: 2] == FRAME_DATA) begin
          if (head[FRAME_SEQUENCE_AT +: 4] != sequence_in) begin
            $display("cycle %0d: frame %0d came, frame %0d is next", cycle, head[FRAME_SEQUENCE_AT +: 4], sequence_in);
            fail;
          end
          sequence_in = sequence_in + 4'd1;
          ack_due = 1'b1;
          for (i = 2; i + 4 + PACKET_BYTES <= came_bytes && !over; i = i + PACKET_BYTES) begin
            packet = {PACKET_BITS{1'b0}};
            for (count = PACKET_BYTES - 1; count >= 0; count = count - 1)
              packet = (packet << 8) | {{PACKET_BITS - 8{1'b0}}, came[i + count]};
            take_packet(packet);
          end
        end
      end
    end
  endtask

  task take_byte;
    input [7:0] data;
    begin
      silent = 0;
      if (data == FLAG) begin
        if (came_bytes > 0) end_frame;
        came_bytes = 0; came_escape = 1'b0; came_crc = 32'hffffffff;
      end else if (data == ESCAPE && !came_escape) begin
        came_escape = 1'b1;
      end else if (came_bytes < LONGEST) begin
        came[came_bytes] = came_escape ? data ^ TWIST : data;
        came_crc = crc(came_crc, came[came_bytes]);
        came_bytes = came_bytes + 1;
        came_escape = 1'b0;
      end
    end
  endtask

  // ---- What goes ----

  // A frame of `packets` packets from `next` on.
  task build;
    input [15:0] head;
    input integer packets;
    reg [31:0] check;
    begin
      body[0] = head[7:0];
      body[1] = head[15:8];
      body_bytes = 2;
      for (i = 0; i < packets; i = i + 1)
        for (k = 0; k < PACKET_BYTES; k = k + 1) begin
          body[body_bytes] = host[next + i][8 * k +: 8];
          body_bytes = body_bytes + 1;
        end
      check = 32'hffffffff;
      for (i = 0; i < body_bytes; i = i + 1) check = crc(check, body[i]);
      check = ~check;
      for (i = 0; i < 4; i = i + 1) body[body_bytes + i] = check[8 * i +: 8];
      body_bytes = body_bytes + 4;
      next = next + packets;
      body_at = 0;
      phase = 2'd1;
    end
  endtask

  // The questions at the end go when everything else has come: their answers come behind it.
  task choose;
    reg [15:0] head;
    begin
      head = 16'h0000;
      head[FRAME_ACK_AT +: 4] = sequence_in;
      limit = (matched >= ASK_AFTER) ? HOST_PACKETS : ASK_FROM;
      count = (limit - next < FRAME_PACKETS) ? limit - next : FRAME_PACKETS;
      waiting = {28'd0, sequence_out - base}; // frames on their way
      if (!opened) begin
        if (!asked) begin
          head = 16'h0000;
          head[FRAME_KIND_AT +: 2] = FRAME_RESET;
          head[15:8] = RESET_MARK;
          asked = 1'b1;
          build(head, 0);
        end
      end else if (count > 0 && waiting < room) begin
        head[FRAME_KIND_AT +: 2] = FRAME_DATA;
        head[FRAME_SEQUENCE_AT +: 4] = sequence_out;
        sequence_out = sequence_out + 4'd1;
        ack_due = 1'b0;
        build(head, count);
      end else if (ack_due) begin
        ack_due = 1'b0;
        build(head, 0);
      end
    end
  endtask

  task send;
    begin
      if (phase == 2'd0) choose;
      rx__valid <= phase != 2'd0;
      if (phase == 2'd1 || phase == 2'd3) begin
        rx__payload <= FLAG;
        phase = phase + 2'd1;
      end else if (phase == 2'd2) begin
        if (!twisted && (body[body_at] == FLAG || body[body_at] == ESCAPE)) begin
          rx__payload <= ESCAPE;
          twisted = 1'b1;
        end else begin
          rx__payload <= twisted ? body[body_at] ^ TWIST : body[body_at];
          twisted = 1'b0;
          body_at = body_at + 1;
          if (body_at == body_bytes) phase = 2'd3;
        end
      end
    end
  endtask

  task step;
    begin
      cycle = cycle + 1;
      rst <= cycle < RESET_CYCLES;
      if (!rst && !over) begin
        silent = silent + 1;
        if (tx__valid) take_byte(tx__payload);
        if (!over && (!rx__valid || rx__ready)) send;
        if (!over && matched == EXPECTED_PACKETS) begin
          over = 1'b1;
          $display("PASS: chip @DIGEST@, %0d packets of @STEPS@ steps are the golden model's, %0d cycles", matched, cycle);
          $finish;
        end else if (!over && silent > PATIENCE) begin
          $display("cycle %0d: nothing has come for %0d cycles", cycle, PATIENCE);
          for (s = 0; s < STREAMS; s = s + 1)
            if (at[s] < ends[s]) $display("  stream %0d waits for %h, its packet %0d", s, expected[at[s]], at[s]);
          fail;
        end
      end
    end
  endtask

  always @(posedge clk) step;
endmodule
