"""What a program was compiled from: the float network as the importer gave it, and what the compiler was
told. A file keeps it, so that `spikeplane upgrade` can compile it again for another architecture.

Floats are stored as the integers of the same bits, because the reader of program files knows integers only.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.program.corrections import Correction
from spikeplane.program.hdf5 import Dataset
from spikeplane.program.plain import is_list, is_object, made, shown, stated, value

Widths = int | Mapping[str, int] | None
_FLOATS = {np.dtype("<i4"): np.dtype("<f4"), np.dtype("<i8"): np.dtype("<f8")}
_KEYS = {
    "chip", "weight_bits", "guard", "probes", "peaks", "output", "readout", "assumptions", "populations", "projections",
}  # fmt: skip
_CORRECTED = ("scale", "bias", "threshold")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A float network and the options of `spikeplane.compile` that decide what becomes of it.

    network    as the importer gave it; its `origin` is not kept
    chip       what it was compiled for; the program's own chip is a smaller one where it has been fitted
    weight_bits, guard, probes   as they were asked for
    peaks      by population the largest magnitude of a membrane, float (C,), on the calibration samples;
               by default on random planes, for synaptic currents and the neurons behind; None where there were none
    corrections  by population, what calibration data changed; None where nothing was
    """

    network: FloatNetwork
    chip: ChipConfig
    weight_bits: Widths = None
    guard: Widths = None
    probes: tuple[str, ...] | None = None
    peaks: dict[str, np.ndarray] | None = None
    corrections: dict[str, Correction] | None = None


def to_plain(source: Source) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header's part of a source, and its arrays by name."""
    net = source.network
    arrays: dict[str, np.ndarray] = {}
    populations: list[dict[str, Any]] = []
    projections: list[dict[str, Any]] = []
    for i, p in enumerate(net.populations):
        neuron = None if p.neuron is None else _neuron_plain(p.neuron)
        window = None if p.window is None else stated(p.window)
        populations.append(stated(p, ("neuron", "bias", "window")) | {"neuron": neuron, "window": window})
        for name, array in (
            ("bias", p.bias),
            ("threshold", p.neuron and p.neuron.threshold),
            ("amount", p.neuron and p.neuron.amount),
            ("decay", p.neuron.decay if p.neuron and np.size(p.neuron.decay) > 1 else None),
        ):
            if array is not None:
                arrays[f"source/populations/{i}/{name}"] = _bits(array)
    for i, p in enumerate(net.projections):
        projections.append(stated(p, ("weight",)))
        arrays[f"source/projections/{i}/weight"] = _bits(p.weight)
    peaks = None if source.peaks is None else list(source.peaks)
    for i, name in enumerate(peaks or []):
        arrays[f"source/peaks/{i}"] = _bits((source.peaks or {})[name])
    plain = {
        "chip": source.chip.to_dict(),
        "weight_bits": _widths_plain(source.weight_bits),
        "guard": _widths_plain(source.guard),
        "probes": source.probes,
        "peaks": peaks,
        "output": net.output,
        "readout": net.readout,
        "assumptions": [asdict(assumption) for assumption in net.assumptions],
        "populations": populations,
        "projections": projections,
    }
    presented = {"presentations": net.presentations} if net.presentations > 1 else {}
    return plain | presented | _corrections_plain(source, arrays), arrays


def _corrections_plain(source: Source, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Files of programs without corrections do not have the field."""
    for i, one in enumerate((source.corrections or {}).values()):
        for name in _CORRECTED:
            arrays[f"source/corrections/{i}/{name}"] = _bits(getattr(one, name))
    return {"corrections": list(source.corrections)} if source.corrections else {}


def _neuron_plain(neuron: FloatNeuron) -> dict[str, Any]:
    numbers = {name: float(np.asarray(getattr(neuron, name)).flat[0]) for name in ("decay", "v_reset")}
    return stated(neuron, ("threshold", "amount")) | numbers


def from_plain(plain: Any, found: dict[str, Dataset]) -> Source:
    """The inverse; its arrays are taken out of `found`. Raises SpikeplaneError for what is no source."""
    if not is_object(plain) or set(plain) - {"corrections", "presentations"} != _KEYS:
        raise SpikeplaneError(f"source must have the fields {', '.join(sorted(_KEYS))}")
    for key in ("assumptions", "populations", "projections"):
        if not is_list(plain[key]):
            raise SpikeplaneError(f"source, {key} must be a list, not {shown(plain[key])}")
    network = FloatNetwork(
        populations=tuple(_population(found, i, item) for i, item in enumerate(plain["populations"])),
        projections=tuple(_projection(found, i, item) for i, item in enumerate(plain["projections"])),
        output=value(str, plain["output"], "source, output"),
        readout=value(str, plain["readout"], "source, readout"),
        presentations=value(int, plain.get("presentations", 1), "source, presentations"),
        assumptions=tuple(
            made(Assumption, item, f"source, assumption {i}") for i, item in enumerate(plain["assumptions"])
        ),
    )
    if not is_object(plain["chip"]):
        raise SpikeplaneError(f"source, chip must be an object, not {shown(plain['chip'])}")
    names = value(tuple[str, ...] | None, plain["peaks"], "source, peaks")
    return Source(
        network=network,
        chip=ChipConfig.from_dict(plain["chip"]),
        weight_bits=_widths(plain["weight_bits"], "source, weight_bits"),
        guard=_widths(plain["guard"], "source, guard"),
        probes=value(tuple[str, ...] | None, plain["probes"], "source, probes"),
        peaks=None if names is None else {name: _peak(found, i) for i, name in enumerate(names)},
        corrections=_corrections(found, network, plain["corrections"]) if "corrections" in plain else None,
    )


def _corrections(found: dict[str, Dataset], network: FloatNetwork, plain: Any) -> dict[str, Correction]:
    corrections: dict[str, Correction] = {}
    channels = {p.name: p.shape[0] for p in network.populations}
    for i, name in enumerate(value(tuple[str, ...], plain, "source, corrections")):
        parts: dict[str, np.ndarray] = {}
        for part in _CORRECTED:
            array = _floats(found, f"source/corrections/{i}/{part}")
            if array is None or array.shape != (channels.get(name),):
                raise SpikeplaneError(
                    f"source/corrections/{i}/{part}: there must be one number a channel of '{name}'"
                )
            parts[part] = array
        corrections[name] = Correction(**parts)
    return corrections


def _population(found: dict[str, Dataset], number: int, plain: Any) -> FloatPopulation:
    where, place = f"source, population {number}", f"source/populations/{number}"
    neuron = plain.pop("neuron", None) if is_object(plain) else None
    bias = _floats(found, f"{place}/bias")
    arrays = {name: _floats(found, f"{place}/{name}") for name in ("threshold", "amount")}
    decay = _floats(found, f"{place}/decay")
    population = made(FloatPopulation, plain, where, bias=bias, neuron=None)
    if neuron is None:
        return population
    one = made(FloatNeuron, neuron, f"{where}, neuron", **arrays)
    return replace(population, neuron=one if decay is None else replace(one, decay=decay))


def _projection(found: dict[str, Dataset], number: int, plain: Any) -> FloatProjection:
    place = f"source/projections/{number}/weight"
    weight = _floats(found, place)
    if weight is None:
        raise SpikeplaneError(f"{place} is missing")
    return made(FloatProjection, plain, f"source, projection {number}", weight=weight)


def _peak(found: dict[str, Dataset], number: int) -> np.ndarray:
    peak = _floats(found, f"source/peaks/{number}")
    if peak is None:
        raise SpikeplaneError(f"source/peaks/{number} is missing")
    return peak


def _floats(found: dict[str, Dataset], place: str) -> np.ndarray | None:
    if place not in found:
        return None
    dataset = found.pop(place)
    if dataset.dtype not in _FLOATS:
        raise SpikeplaneError(f"{place} is {dataset.dtype} {dataset.shape}")
    return dataset.read().view(_FLOATS[dataset.dtype])


def _bits(array: Any) -> np.ndarray:
    """The integers of the same bits as the floats: float32 stays what it is, all else becomes float64."""
    array = np.atleast_1d(np.asarray(array))
    single = array.dtype == np.float32
    return np.ascontiguousarray(array, "<f4" if single else "<f8").view("<i4" if single else "<i8")


def _widths_plain(widths: Widths) -> Any:
    if isinstance(widths, Mapping):
        return [[name, int(bits)] for name, bits in widths.items()]
    return None if widths is None else int(widths)


def _widths(plain: Any, where: str) -> Widths:
    if type(plain) is list:
        return dict(value(tuple[tuple[str, int], ...], plain, where))
    return value(int | None, plain, where)
