"""The parameter words of a population on a core: -theta, -amount and bias of each channel group, and how it
leaks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.compiler.allocate import Allocator
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.layout import lanes_word
from spikeplane.formats.tables import NO_MEMORY, LeakRound, Memory, lane_leak_layout, parameter_parts
from spikeplane.network import LEAK_ONE, Neuron, Population, at_step, steps_of
from spikeplane.program.placement import Part
from spikeplane.program.values import check_signed, check_steps

_ROUNDS = {"down": LeakRound.DOWN, "up": LeakRound.UP, "odd": LeakRound.ODD}


class Parameters:
    """Puts parameter words: put(memory, address, word). known: by contents where equal words begin."""

    def __init__(
        self,
        config: ChipConfig,
        space: Allocator,
        put: Callable[[Memory, int, int], None],
        known: dict[tuple[Any, ...], int],
    ) -> None:
        self.config, self.space, self.put, self.known = config, space, put, known

    def words(self, population: Population, part: Part, what: str) -> dict[str, int]:
        """Of one part; returns the fields of its POPULATION word that say where they are."""
        steps = steps_of(population.theta, population.amount, population.bias, population.leaks)
        if steps is not None:
            return self._by_step(population, part, what, steps)
        return {
            "parameter_base": self._parameters(population, part, what),
            **self._leaks(population, part, what),
            **({"parameter_step": 0} if self.config.step_bits else {}),
        }

    def _by_step(self, population: Population, part: Part, what: str, steps: int) -> dict[str, int]:
        """The words of a step, its leaks behind them, and then those of the next."""
        check_steps(steps, self.config, what)
        own, found = Parameters(self.config, self.space, self.put, {}), []
        for step in range(steps):
            numbers = ("theta", "amount", "bias", "leaks")
            now = replace(population, **{name: at_step(getattr(population, name), step) for name in numbers})
            own.known.clear()  # words that are shared would not be a step's
            found.append(own.words(now, part, what))
        first, second = found[0]["parameter_base"], found[min(1, steps - 1)]["parameter_base"]
        return {**found[0], "parameter_step": second - first}

    def _parameters(self, population: Population, part: Part, what: str) -> int:
        """-theta, -amount and bias words of each group. A strict comparison is one more on theta."""
        lanes, channels = self.config.lanes, population.shape[0]
        theta = _per_channel(population.theta, channels)
        neuron = population.neuron or Neuron()
        least = neuron.least(theta)
        amount = np.zeros(channels, dtype=np.int64)
        if neuron.reset == "hard":
            amount = np.full(channels, -neuron.v_reset)
        elif neuron.reset == "soft":
            amount = theta if population.amount is None else _per_channel(population.amount, channels)
            self._check_amount(least, amount, what)
        bias = _per_channel(population.bias, channels)
        compared, taken = neuron.kind.words(least, amount)
        check_signed(compared, self.config.membrane_bits, f"{what}: minus its thresholds")
        check_signed(taken, self.config.membrane_bits, f"{what}: its resets")
        check_signed(bias, self.config.acc_bits, f"{what}: its biases")
        first = self.space.take("parameter", 3 * part.groups, what)
        for group in range(part.groups):
            at = slice((part.first + group) * lanes, (part.first + group + 1) * lanes)
            for i, values in enumerate((compared, taken, bias)):
                chosen = np.zeros(lanes, dtype=np.int64)
                chosen[: len(values[at])] = values[at]
                # lanes beyond the channels never fire: 1-bit weights drive them too, up to the
                # membrane's limit
                if i == 0:
                    chosen[len(values[at]) :] = -(1 << (self.config.membrane_bits - 1))
                self._put(first + 3 * group + i, tuple(chosen.tolist()))
        return first

    def _check_amount(self, theta: np.ndarray, amount: np.ndarray, what: str) -> None:
        """v - amount fits the membrane for every v >= theta: the chip does not saturate it again."""
        low = -(1 << (self.config.membrane_bits - 1))
        if (amount < 0).any() or (theta - amount < low).any():
            raise SpikeplaneError(
                f"{what}: a soft reset by {int(amount.min())}..{int(amount.max())} at thresholds "
                f"{int(theta.min())}..{int(theta.max())} "
                f"could leave the {self.config.membrane_bits}-bit membrane; amounts must be 0 or "
                "more and thresholds higher"
            )

    def _leaks(self, population: Population, part: Part, what: str) -> dict[str, int]:
        """How membranes leak. With multipliers a word of leaks of its own for each group where channels
        differ, else one for all, which equal populations share."""
        neuron, lanes, channels = population.neuron or Neuron(), self.config.lanes, population.shape[0]
        if not self.config.leak_multiplier:
            return leak_fields(population, self.config, what)
        each = population.leaks is not None
        values = _per_channel(population.leaks, channels) if each else np.full(lanes, _uniform(neuron))
        check_leaks(values, self.config, what)
        odd = np.full(len(values), neuron.leak_round == "odd")
        if each:
            odd = odd | ((values & (values - 1)) != 0)
        layout, step = lane_leak_layout(self.config), LEAK_ONE >> self.config.leak_bits
        packed = [layout.pack(factor=v // step, odd=o) for v, o in zip(values.tolist(), odd, strict=True)]
        first = part.first * lanes if each else 0
        words = tuple(
            tuple(packed[first + at : first + at + lanes])
            for at in range(0, part.groups * lanes if each else 1, lanes)
        )
        up = neuron.leak == "multiply" and neuron.leak_round == "up"
        return {"leak_base": self._leak_words(words, what), "leak_each": each, "leak_up": up}

    def _leak_words(self, words: tuple[tuple[int, ...], ...], what: str) -> int:
        """Where words of leaks begin. Equal ones are stored once."""
        if ("leaks", *words) not in self.known:
            self.known["leaks", *words] = first = self.space.take("parameter", len(words), what)
            for i, word in enumerate(words):
                self._put(first + i, word)
        return self.known["leaks", *words]

    def _put(self, address: int, lanes: tuple[int, ...]) -> None:
        """A word, in the parts that its memory has it in."""
        parts = parameter_parts(self.config)
        each = self.config.lanes // parts
        for number in range(parts):
            part = lanes[number * each : (number + 1) * each]
            self.put(Memory.PARAMETER, address * parts + number, lanes_word(part, self.config.lane_bits))


def check_leaks(values: np.ndarray, config: ChipConfig, what: str) -> None:
    """Refuse factors (in 1/65536) that the chip cannot multiply by."""
    step = LEAK_ONE >> config.leak_bits
    wrong = values[(values < 0) | (values > LEAK_ONE) | (values % step != 0)]
    if wrong.size:
        raise SpikeplaneError(
            f"{what}: a leak of {int(wrong[0])}/65536 is no multiple of {step} from 0 to 65536, which "
            f"this chip's {config.leak_bits + 1}-bit "
            "factors hold; compile the network for this chip"
        )


def _uniform(neuron: Neuron) -> int:
    return {"none": LEAK_ONE, "memoryless": 0}.get(neuron.leak, neuron.leak_value)


def leak_fields(population: Population, config: ChipConfig, what: str) -> dict[str, int]:
    """The leak in the fields of a chip without multipliers. Raises SpikeplaneError for a factor that it
    lacks, and for several."""
    neuron = population.neuron or Neuron()
    if population.leaks is not None:
        raise SpikeplaneError(
            f"{what}: channels that leak differently need a chip with leak_multiplier = true"
        )
    factor = _uniform(neuron)
    rounding = {"leak_round": int(_ROUNDS[neuron.leak_round])} if neuron.leak == "multiply" else {}
    if neuron.leak != "multiply":
        return {"leak_shift": 0 if factor else NO_MEMORY, "leak_keep": 1}
    for k in range(1, 9):
        part = LEAK_ONE >> k
        if factor in (part, LEAK_ONE - part):
            return {"leak_shift": k, "leak_keep": int(factor == part), **rounding}
    raise SpikeplaneError(
        f"{what}: a leak of {factor}/65536 needs a chip with leak_multiplier = true; without there "
        "are 1/2^k and 1 - 1/2^k, k from 1 to 8"
    )


def _per_channel(values: np.ndarray | None, channels: int) -> np.ndarray:
    return (
        np.zeros(channels, dtype=np.int64)
        if values is None
        else np.broadcast_to(values, (channels,)).astype(np.int64)
    )
