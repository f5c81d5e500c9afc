"""The waiver file for Verilator's lint: what a generator of Verilog cannot avoid, rule by rule,
with the reason.

Nothing else is waived: widths, undriven and unread signals, incomplete cases, latches and several
drivers are told as they are.
"""

#: (rule, what its message must match or "" for all, why), in the order of the file.
_WAIVERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("DECLFILENAME", (), "One file holds every module of the chip, so that it can be handed on as one."),
    (
        "INITIALDLY",
        (),
        (
            "Values at power-up are assigned by <= on purpose: every always @* waits for a change by "
            "then, and none of them misses it."
        ),
    ),
    (
        "UNUSEDSIGNAL",
        ("Bits of signal are not used:*",),
        (
            "Words of memories, packets and products go to a module whole; it takes the fields and the "
            "places that it needs."
        ),
    ),
    (
        "UNUSEDSIGNAL",
        tuple(
            f"Signal is not used: '{way}_{side}__*'"
            for side in ("north", "east", "south", "west")
            for way in "io"
        ),
        (
            "A tile has four sides, also in a mesh of one row or one column, where nothing comes from "
            "some of them."
        ),
    ),
    (
        "PINCONNECTEMPTY",
        tuple(f"*'{way}_{side}__*'" for side in ("north", "east", "south", "west") for way in "io"),
        "What tiles at the edge of the mesh send outwards leads nowhere.",
    ),
    (
        "PINCONNECTEMPTY",
        ("*'image*'",),
        "A board sends a camera's images to the host; its pins for them at full rate lead nowhere.",
    ),
    (
        "UNUSEDSIGNAL",
        ("Signal is not used: 'rst'",),
        "A camera's lane has a reset as every module that stands alone, though no register of it needs one.",
    ),
)
#: The same, of a chip without cores.
_NO_CORES = (
    (
        "PINCONNECTEMPTY",
        ("*'mesh_*'",),
        "A chip without cores has no mesh: what the host's side sends there leads nowhere.",
    ),
)


def waivers(file: str = "*spikeplane_chip.v", *, cores: bool = True) -> str:
    """Verilator's settings for a file that matches `file` and holds a chip's Verilog, of one with or
    without cores."""
    name = file.removeprefix("*")
    use = f"// For {name}: verilator --lint-only -Wall spikeplane.vlt {name}"
    return _text(file, use, (*_WAIVERS, *(() if cores else _NO_CORES)))


def waivers_of_modules(*, cores: bool = True) -> str:
    """The same for a chip whose modules are a file each, with names that begin with spikeplane_."""
    use = "// For spikeplane.f: verilator --lint-only -Wall --top-module spikeplane_chip spikeplane.vlt -f spikeplane.f"
    rules = [one for one in (*_WAIVERS, *(() if cores else _NO_CORES)) if one[0] != "DECLFILENAME"]
    return _text("*spikeplane_*.v", use, tuple(rules))


def _text(file: str, use: str, rules: tuple[tuple[str, tuple[str, ...], str], ...]) -> str:
    lines = ["`verilator_config", use]
    for rule, matches, why in rules:
        lines.append(f"// {why}")
        lines += [
            f'lint_off -rule {rule} -file "{file}"' + (f' -match "{match}"' if match else "")
            for match in matches or ("",)
        ]
    return "\n".join([*lines, ""])
