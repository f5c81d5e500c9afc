"""Zeros between a source's pixels: what a target pixel meets, the tables, and the kernels that importers find."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("network/met.py", "_phase(parts, up, y, x)", "_phase(parts, up, 0, 0)", "bounds see the kernel's first phase only"),
    Mutant("network/met.py", "size * up - 1 + 2 * padding", "size * up + 2 * padding", "a target may have a pixel more than is there"),
    Mutant("compiler/synapses.py", "at // pool * projection.up[axis]", "at // pool", "tables without zeros between the pixels"),
    Mutant("compiler/synapses.py", "projection.up[axis] > 1", "False", "an upsampling's kernel is stored position by position"),
    Mutant("compiler/synapses.py", "(weight == first).all()", "True", "of any kernel the first position is stored"),
    Mutant("compiler/synapses.py", "at * (kept == positions)", "at", "the walker leaves the one position that is stored"),
    Mutant("program/structure.py", "up > 1 and wanted <= most_pixels(size, up, padding, stride)", "wanted <= most_pixels(size, up, padding, stride)", "any pixels of a target are taken without zeros between", tests=("tests/unit/test_structure.py",)),
    Mutant("compiler/ties.py", "weight.shape[-2] <= up[0] and weight.shape[-1] <= up[1]", "True", "a sum over a window of equal weights is an identity"),
    Mutant("estimate/forward.py", "np.arange(n) * u + p", "np.arange(n) * u", "estimates forget the padding of pixels that stand apart"),
    Mutant("run/report/synapses.py", "(pixel >= 0) & (pixel % up == 0)", "pixel >= 0", "the report counts synapses from zeros"),
    Mutant("importers/regular.py", "gcd(s, up) == 1", "s == 1", "strides behind an upsampling are not found", tests=("tests/unit/test_import_layers.py",)),
    Mutant("program/nir_out.py", "tuple(p.up) != (1, 1)", "False", "NIR gets a convolution without the zeros between"),
)  # fmt: skip

PART = Part(
    name="scatter",
    folder="sw/spikeplane",
    gateware=False,
    tests={"*": ("tests/unit/test_scatter_maps.py", "tests/unit/test_synapses.py")},
    mutants=MUTANTS,
)
