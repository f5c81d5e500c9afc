"""Which method `--method auto` takes, by what was measured on clips whose true image is known."""

from typing import NamedTuple

LOOKAHEAD = 16  #: planes, unless somebody says otherwise: with it every method is within 0.1 dB of its best

# PSNR in dB at plane 150 of reds_200_part1 and reds_203_part1, by look-ahead; tfp over 21 planes. A
# test measures them again.
MEASURED: dict[int, dict[str, tuple[float, float]]] = {
    0: {"tfp": (27.10, 20.75), "tfi": (21.00, 22.45), "fsr": (26.96, 23.20), "ssr": (27.95, 23.68)},
    4: {"tfp": (28.20, 23.17), "tfi": (21.69, 23.93), "fsr": (28.35, 25.96), "ssr": (30.95, 27.07)},
    16: {"tfp": (29.10, 25.86), "tfi": (21.71, 24.21), "fsr": (29.26, 26.68), "ssr": (32.48, 27.84)},
}


class Choice(NamedTuple):
    """method, look-ahead, and in one line why."""

    method: str
    lookahead: int
    why: str


def choose(lookahead: int | None, planes: int) -> Choice:
    """The method for a recording of so many planes, and the look-ahead if None is given: LOOKAHEAD,
    or 0 in a shorter recording."""
    short = lookahead is None and planes <= LOOKAHEAD
    taken = lookahead if lookahead is not None else 0 if short else LOOKAHEAD
    like = max(known for known in MEASURED if known <= taken)
    means = {method: sum(values) / len(values) for method, values in MEASURED[like].items()}
    best, *others = sorted(means, key=lambda method: -means[method])
    figures = ", ".join(f"{method} {means[method]:.1f}" for method in others)
    causal = f"only {planes} planes, so no look-ahead; " if short else ""
    why = f"{causal}with look-ahead {like} it measured {means[best]:.1f} dB on two clips ({figures})"
    return Choice(best, taken, why)
