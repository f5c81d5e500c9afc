"""The registers through which a processor reaches a chip's byte ports (AXI-Lite, Wishbone): the one home of their map.

Words of 32 bits, four bytes apart. Bytes go out by WRITE and come in by READ; both are frames of the link.
"""

from dataclasses import dataclass

ADDRESS_BITS = 5  #: of a byte's address: eight words
WORD_BYTES = 4


@dataclass(frozen=True)
class Field:
    """Bits `low` to `low` + `width` - 1 of a register, and what they say."""

    name: str
    low: int
    width: int
    about: str


@dataclass(frozen=True)
class Register:
    """`number`: of its word. `access`: "read-only", "write-only" or "read-write", as SVD calls them."""

    name: str
    number: int
    access: str
    about: str
    fields: tuple[Field, ...]

    @property
    def offset(self) -> int:
        """Bytes from the first register."""
        return WORD_BYTES * self.number


REGISTERS = (
    Register("IDENTITY", 0, "read-only", "What a chip of this architecture is.", (Field("identity", 0, 32, "0x5350, architecture"),)),
    Register("DIGEST_LOW", 1, "read-only", "Which chip it is.", (Field("low", 0, 32, "bits 31..0 of the configuration's digest"),)),
    Register("DIGEST_HIGH", 2, "read-only", "Which chip it is.", (Field("high", 0, 32, "bits 63..32"),)),
    Register(
        "CONTROL", 3, "read-write", "Reset and interrupt.",
        (Field("reset", 0, 1, "1: the chip is held in reset"), Field("interrupt", 1, 1, "1: bytes that wait raise the interrupt")),
    ),
    Register(
        "STATUS", 4, "read-only", "What waits.",
        (Field("count", 0, 2, "bytes that READ would give, 0 to 3"), Field("sending", 2, 1, "1: bytes of WRITE are on their way")),
    ),
    Register(
        "WRITE", 5, "write-only", "Bytes to the chip: those whose strobe (AXI) or select (Wishbone) is 1, the lowest first. "
        "A write waits until those before it have gone, a cycle each.",
        (Field("bytes", 0, 32, "up to 4 bytes"),),
    ),
    Register(
        "READ", 6, "read-only", "Bytes from the chip. What is read is gone.",
        (Field("bytes", 0, 24, "the first byte lowest, 0 beyond them"), Field("count", 24, 2, "how many, 0 to 3")),
    ),
)  # fmt: skip
