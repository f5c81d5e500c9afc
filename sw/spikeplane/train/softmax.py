"""The error of a classifier, the same bits on every host: float64 +, -, *, / in a fixed order, and no library's
exponential, because those differ between processors."""

import numpy as np

_LOG2E = 1.4426950408889634
#: ln 2 in two parts, the first with so few bits that a whole multiple of it is exact.
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10
#: 1/n! from n = 13 down to 0: below 2^-54 of exp(x) for |x| <= ln 2 / 2.
_TERMS = (
    1.6059043836821613e-10, 2.08767569878681e-09, 2.505210838544172e-08, 2.755731922398589e-07,
    2.7557319223985893e-06, 2.48015873015873e-05, 1.984126984126984e-04, 1.388888888888889e-03,
    8.333333333333333e-03, 4.1666666666666664e-02, 1.6666666666666666e-01, 0.5, 1.0, 1.0,
)  # fmt: skip
_LEAST = -700.0  #: exp of less is 0 beside 1 in any precision that counts here


def exponential(x: np.ndarray) -> np.ndarray:
    """exp of float64 numbers from 0 down, within 2^-51."""
    x = np.maximum(x, _LEAST)
    power = np.rint(x * _LOG2E)
    rest = (x - power * _LN2_HIGH) - power * _LN2_LOW
    found = np.full_like(rest, _TERMS[0])
    for term in _TERMS[1:]:
        found = found * rest + term
    return np.ldexp(found, power.astype(np.int64))


def shares(readout: np.ndarray, steps: int) -> np.ndarray:
    """softmax(readout / steps), float64, of float16 (N, C): the classes are added up from the first to the last."""
    scores = readout.astype(np.float64) / steps
    parts = exponential(scores - scores.max(1, keepdims=True))
    total = np.zeros(len(parts))
    for column in parts.T:
        total = total + column
    return parts / total[:, None]


def softmax16(readout: np.ndarray, labels: np.ndarray, steps: int) -> np.ndarray:
    """softmax(readout / steps) less 1 for the right class, float16 (N, C), of a float16 `readout` (N, C) summed over
    `steps` and labels (N,): d loss / d score of the cross-entropy, not divided by samples or steps."""
    error = shares(readout, steps)
    error[np.arange(len(labels)), labels] -= 1.0
    return error.astype(np.float16) + np.float16(0)


def cross_entropy(readout: np.ndarray, labels: np.ndarray, steps: int) -> float:
    """The mean loss in nats: to be looked at, not part of the contract."""
    right = shares(readout, steps)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(right, 1e-300)).mean())
