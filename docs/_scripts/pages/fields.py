"""What every field of a packet, a frame, a memory word and a camera's value means, by layout. The layouts stand in
`spikeplane.formats`; a test compares the names."""

_TAG = "the projection of the target; of a CREDIT the population's slot at the source"
_PARITY = "the step's number modulo 2: which bank is meant"
_SOURCE = {"source_x": "the column of the core that sent it", "source_y": "its row"}
_RECT = {
    "x0": "the first column of the rectangle of tiles that it goes to",
    "y0": "its first row",
    "x1": "its last column",
    "y1": "its last row",
}
_SEEK = "1: `data` is a SEEK word (memory and address), and what follows counts up from there"

ABOUT: dict[str, dict[str, str]] = {
    "header": {
        "kind": "what the payload is, see the kinds",
        "host": "1: to tile (0, 0) and out of its west edge to the host; from the host: for the bridge or a unit itself",
        **_RECT,
    },
    "spike": {
        "tag": _TAG, "parity": _PARITY,
        "negate": "1: the bits count negative (the top plane of a number in two's complement)",
        "shift": "the significance: a bit counts 2^shift",
        "group": "the group of channels of the source: channels group * lanes to group * lanes + lanes - 1",
        "x": "the column of the source's pixel", "y": "its row",
        "mask": "a bit for each channel of the group",
    },
    "token": {
        "tag": _TAG, "parity": _PARITY, "last": "1: the sample's last step", **_SOURCE,
        "source_slot": "the slot of the source's population, for the credit that goes back",
    },
    "credit": {"tag": _TAG, "parity": _PARITY, "last": "0"},
    "write": {"seek": _SEEK, "data": "SEEK, or the next 32 bits of the word, lowest first"},
    "control": {"op": "the operation, see Operations", "arg": "its argument"},
    "reply": {**_SOURCE, "counter": "which counter this is", "value": "its value, modulo 2^32"},
    "read": {"seek": _SEEK, "data": "SEEK, or how many words to send from there on, 0 to 255"},
    "words": {**_SOURCE, "chunk": "which 32 bits of the word, the lowest are 0", "data": "those bits"},
    "image": {
        "stream": "0: images, 1: raw planes", "first": "1: `data` is the plane's number",
        "last": "1: the image's last packet", "data": "the next 32 bits of the image's word, lowest first",
    },
    "seek": {"memory": "the memory's number", "address": "its first word"},
    "frame": {
        "sequence": "the number of a DATA frame; of a RESET any number, which its answer repeats",
        "kind": "see the kinds of frames",
        "poll": "to the chip: answer with a frame; from the chip: this is the answer",
        "reject": "to the chip: send again from `ack` on",
        "ack": "the sequence number that is expected next: all before it are in",
        "room": "from the chip: frames from `ack` on that it has room for",
    },
    "coordinate": {
        "count": "how many rows, columns or output groups to visit; 0: the spike is dropped",
        "acc": "adds to the address of the first accumulator word", "weight": "adds to the address of the first weight word",
    },
    "projection": {
        "valid": "0: a spike with this tag is dropped, and sets a flag",
        "aligned": "1: lane i of the source drives lane i of the target only (depthwise, pooling, identity)",
        "slot": "the population here that is driven", "pre": "adds to the shift of every spike",
        "row_base": "where its entries in ROW begin", "column_base": "where those in COLUMN begin",
        "group_base": "where those in GROUP begin",
        "acc_row": "accumulator words from one row that is visited to the next", "acc_column": "from one column to the next",
        "acc_group": "from one group to the next", "weight_row": "weight words from one row that is visited to the next",
        "weight_column": "from one column to the next", "weight_group": "from one group to the next",
        "dynamic": "1: its weights are rows of the dynamic memory, unsigned",
    },
    "population": {
        "valid": "0: no population in this slot", "group_last": "channel groups held here, less one",
        "group_base": "the number of the first of them in the whole population",
        "y_last": "rows of the output, less one", "x_last": "columns of the output, less one",
        "window_last": "edge of the window whose maximum is taken, less one; 0: none",
        "stride": "from one window to the next; 1 without a window", "padding": "of the window",
        "input_height": "rows of the accumulators", "input_width": "their columns",
        "input_words": "accumulators of a group", "words": "membranes of a group",
        "corner": "from a group's first accumulator back to the first element of its first window, which padding puts outside",
        "acc_down": "from the last element of a window's row to the first of the next row",
        "acc_right": "from a window's last element to the next window",
        "acc_across": "from the last window of a row to the first of the next row",
        "acc_base": "the first accumulator", "membrane_base": "the first membrane",
        "parameter_base": "the first parameter word: for each group -theta, -amount, bias",
        "stateless": "1: no membranes; nothing is kept from step to step",
        "leak_base": "the word of leaks in PARAMETER", "leak_each": "1: a word of leaks for each group, one after the other",
        "leak_up": "1: the leak's product is rounded up, 0: down, in lanes that do not round to odd",
        "leak_shift": "k of the leak 1/2^k or 1 - 1/2^k; 15: nothing is kept", "leak_keep": "1: u / 2^k, 0: u - u / 2^k",
        "leak_round": "0 down, 1 up, 2 to odd",
        "levels": "bits of the integer spikes that are sent; 0: none are", "capped": "1: the top level has the highest bit alone",
        "reset": "0 none, 1 hard, 2 soft", "floor": "1: membranes below 0 become 0",
        "membrane_out": "1: the membranes are sent as planes, in the place of spikes",
        "plane_last": "the highest of these", "plane_low": "the lowest of these: its shift is 0",
        "relu": "1: 0 and more, no plane counts negative; 0: two's complement",
        "hold": "1: accumulators are kept until `last`, one bank a sample",
        "egress_first": "its first entry in EGRESS", "egress_count": "destinations", "credit_count": "credits, behind them",
        "sink": "where its words go: 0 to the destinations, 1 to the outer engine", "pair_groups": "words of K in a token",
        "value_groups": "words of V, behind them",
        "head": "log2 of the lanes of a head; of the chip's lanes where a head has as many or more",
        "row_base": "its first row in the dynamic memory, in blocks of as many rows as there are lanes",
        "row_blocks": "how many such blocks it has: they are cleared first",
    },
    "egress": {
        **_RECT, "host": "1: to the host", "tag": "the projection there; of a credit the slot at the source",
        "delay": "1: recurrent; the parity is inverted", "order": "1: tokens only, no spikes",
    },
    "schedule": {
        "left": "events that are still missing in this step", "expected": "how many a step has: `left` begins with it again",
        "ready": "1: none is missing as the run begins",
    },
    "leak": {"factor": "u is kept to factor / 2^leak_bits", "odd": "1: rounded to odd"},
    "camera": {"value": "12 bits of the register", "register": "its number"},
    "select": {"stream": "the stream whose registers follow", "item": "what Counter.CAMERA answers"},
    "route": {"tag": "the projection that the feed drives", "index": "which of four routes", "last": "1: no route behind this one"},
    "rect": dict(_RECT),
}  # fmt: skip
