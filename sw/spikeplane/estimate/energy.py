"""Energy by counting operations: what each addition, multiplication and memory access takes in a 45
nm process at 0.9 V.

Source: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure
1.1.9: integer addition 0.03 pJ (8 bits) and 0.1 pJ (32 bits), multiplication 0.2 pJ (8) and 3.1 pJ
(32), SRAM of 8 kbyte, 64 bits read, 10 pJ; of 32 kbyte 20 pJ. In between an addition goes with the
bits, a multiplication with their square, an SRAM access with its bits and the square root of the
memory's size, which meets all of those figures to a tenth.

An FPGA takes 14 times the dynamic energy of the same logic in standard cells of the same process
(I. Kuon, J. Rose, "Measuring the gap between FPGAs and ASICs", IEEE TCAD 26(2), 2007, circuits of
LUTs and flip-flops; less where memories and multipliers dominate).

Left out: clock tree, leakage and everything else static, registers, wires across the chip, pins, the board.
"""

import math

from spikeplane.config import ChipConfig
from spikeplane.estimate.counts import Counts
from spikeplane.formats.packet import packet_format

FPGA = 14.0  #: dynamic energy of an FPGA over that of standard cells
ACCESS, WORD, SIZE = 10.0, 64, 8 * 8192  #: pJ of a read or write of 64 bits in a memory of that many bits
FIFO = 512  #: bits of the small memories that a packet passes at each router
PARTS = ("weights", "accumulators", "additions", "neurons", "packets")


def add(bits: float) -> float:
    """pJ of an integer addition."""
    return 0.1 * bits / 32


def multiply(bits: float) -> float:
    """pJ of an integer multiplication of two numbers of so many bits."""
    return 3.1 * (bits / 32) ** 2


def access(bits: int, words: int) -> float:
    """pJ of reading or writing one word of `bits` bits in an SRAM of `words` words."""
    return ACCESS * bits / WORD * math.sqrt(bits * words / SIZE)


def energy(config: ChipConfig, counts: Counts) -> dict[str, float]:
    """pJ of a sample by part, in 45 nm standard cells."""
    lanes, acc, membrane = config.lanes, config.acc_bits, config.membrane_bits
    sum_access = access(acc, config.acc_depth if config.fused else 2 * config.acc_depth)
    kept = (
        0.0 if config.fused else 2 * access(membrane, config.membrane_depth)
    )  # the word of the sum holds it
    leak = multiply(math.sqrt((config.leak_bits + 1) * membrane)) if config.leak_multiplier else add(membrane)
    neuron = 2 * sum_access + kept + leak + 3 * add(membrane)
    width = packet_format(config).width
    return {
        "weights": counts.read * access(lanes * config.weight_bits, config.weight_depth),
        "accumulators": counts.words * lanes * 2 * sum_access,
        "additions": counts.words * lanes * add(acc),
        "neurons": counts.swept * lanes * neuron,
        "packets": counts.hops * 2 * access(width, FIFO // width + 1),
    }
