"""Numbers of the chip's inside that gateware and estimates share: how memories are split, who asks
whom in a router, and how many cycles the ways take.

Sizes and ways are what the gateware is built from. Latencies follow from its pipelines:
`tests/unit/test_structure.py` measures them in simulation, and a change of the gateware that moves one
changes it here.
"""

SHARED_LANES = 4  #: lanes that share a copy of a register and a slice of the weight memory
SHORT_MEMORY = 512  #: words up to which two lanes share a memory
SWEEP_ITEMS = 16  #: words of the queue between sweep and egress

#: For each output of a router the inputs that can ask for it: x before y, and no way back.
SOURCES = {
    "north": ("south", "east", "west", "local"),
    "south": ("north", "east", "west", "local"),
    "east": ("west", "local"),
    "west": ("east", "local", "south"),
    "local": ("north", "south", "east", "west", "local"),
}

#: Cycles from a sweep request to its data; the accumulator's own pipeline, so that slots never collide.
SWEEP_LATENCY = 3
HOP = 2  #: cycles of a packet through a router
STAGE = 17  #: cycles of a token from a core's local input through the synapse stage to its event
WORD = 3  #: cycles from a job to its population's word, which the sweep opens with
FUSED_WORDS = 4  #: words that a sweep of fused words reads of a group: -theta, -amount, leaks, bias
PARAMETERS = 6  #: cycles of a group's parameter words in a sweep of all lanes
READY = 6  #: cycles from the last event to a job
