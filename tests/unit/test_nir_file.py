"""NIR files from anywhere: what may lie in them and what is refused by name, and a reader that is
slow, killed, interrupted or endless."""

import importlib
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import hdf5_child, import_model, nir_file
from spikeplane.importers.nir_file import MOST_BYTES, read_nir

nir: Any = importlib.import_module("nir")


@pytest.fixture
def graph() -> Any:
    return nir.NIRGraph.from_list(
        nir.Input(np.array([1, 4, 4])),
        nir.Conv2d((4, 4), np.arange(27, dtype=np.float32).reshape(3, 1, 3, 3), 1, 1, 1, 1, np.zeros(3)),
        nir.LIF(*(np.full((3, 4, 4), value) for value in (0.1, 1.0, 0.0, 1.0))),
        nir.Flatten({"input": np.array([3, 4, 4])}, 0),
        nir.Affine(np.ones((2, 48)), np.ones(2)),
        nir.Output(np.array([2])),
    )


@pytest.fixture
def path(tmp_path, graph, monkeypatch) -> Path:
    """A whole file, named as it is given: relative to here."""
    monkeypatch.chdir(tmp_path)
    nir.write("net.nir", graph)
    return Path("net.nir")


def message(path: Path) -> str:
    with pytest.raises(SpikeplaneError) as error:
        read_nir(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_it_reads_what_nir_reads(path) -> None:
    found, expected = read_nir(path), nir.read(path)
    assert found.edges == expected.edges
    assert list(found.nodes) == list(expected.nodes)
    for name, node in expected.nodes.items():
        mine = found.nodes[name]
        assert type(mine) is type(node)
        for key, value in vars(node).items():
            if isinstance(value, np.ndarray):
                assert vars(mine)[key].dtype == value.dtype
                np.testing.assert_array_equal(vars(mine)[key], value)
            else:
                assert str(vars(mine)[key]) == str(value)


@pytest.mark.parametrize(("groups", "kernel"), [(1, (3, 1)), (4, (3, 3)), (2, (1, 2))])
def test_convolutions_of_groups_and_oblong_kernels(groups: int, kernel: tuple[int, int], tmp_path) -> None:
    """nir's own reader refuses them: it takes a group's channels for all, and a kernel's height for
    its width."""
    weight = np.arange(8 * 4 // groups * kernel[0] * kernel[1]).reshape(8, 4 // groups, *kernel) / 8.0
    size = (8, *(5 + 2 - k + 1 for k in kernel))
    nodes = {
        "input": nir.Input({"input": np.array([4, 5, 5])}),
        "conv": nir.Conv2d((5, 5), weight, 1, 1, 1, groups, np.zeros(8)),
        "fire": nir.IF(np.ones(size), np.ones(size)),
        "output": nir.Output({"output": np.array(size)}),
    }
    inner = nir.NIRGraph(nodes, [("input", "conv"), ("conv", "fire"), ("fire", "output")], type_check=False)
    ends = {
        "input": nir.Input({"input": np.array([4, 5, 5])}),
        "output": nir.Output({"output": np.array(size)}),
    }
    outer = nir.NIRGraph(
        {**ends, "inner": inner}, [("input", "inner"), ("inner", "output")], type_check=False
    )
    for graph, name in ((inner, "conv"), (outer, "inner.conv")):
        nir.write(tmp_path / "net.nir", graph)
        with pytest.raises(ValueError, match="Type inference error"):
            nir.read(tmp_path / "net.nir")
        net = import_model(tmp_path / "net.nir")
        assert net.populations[-1].shape == size
        assert net.projections[0].layer == name


REFUSED = {
    "external": ("is an external link, to another file; store the data in this one", h5py.ExternalLink("other.h5", "/x")),
    "through": ("'node/through -> /away/x' is an external link, to another file; store the data in this one", h5py.SoftLink("/away/x")),
    "dangling": ("there is nothing called 'node/dangling -> /nothing/there'", h5py.SoftLink("/nothing/there")),
    "round": ("the soft links at", h5py.SoftLink("/node/round")),
    "inside": ("the soft link 'node/inside' leads nowhere", h5py.SoftLink("/node/type/x")),
    "compound": ("'node/compound' holds compound values; a NIR file", np.zeros(2, [("a", int), ("b", float)])),
    "complex": ("'node/complex' holds complex numbers; a NIR file", np.zeros(2, complex)),
    "opaque": ("'node/opaque' holds opaque values; a NIR file", np.void(b"abc")),
    "dates": ("'node/dates' holds opaque values; a NIR file", np.zeros(2, "M8[s]").astype(h5py.opaque_dtype("M8[s]"))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_there(path, name) -> None:
    says, value = REFUSED[name]
    with h5py.File(path, "a") as file:
        file["away"] = h5py.ExternalLink("other.h5", "/")
        file[f"node/{name}"] = value
    answer, chunks = hdf5_child.read(str(path), "node", MOST_BYTES)
    assert says in answer["refused"]
    assert chunks == []


def test_special_types_and_storage(path) -> None:
    def refused(name: str, make) -> str:
        with h5py.File(path, "a") as file:
            make(file, f"node/{name}")
        answer, _ = hdf5_child.read(str(path), "node", MOST_BYTES)
        with h5py.File(path, "a") as file:
            del file[f"node/{name}"]
        return answer["refused"]

    kinds = {
        "references": h5py.ref_dtype,
        "lists": h5py.vlen_dtype(np.int32),
        "names of an enumeration": h5py.enum_dtype({"a": 0, "b": 1}),
        "arrays": np.dtype((np.int32, (3,))),
    }
    for says, kind in kinds.items():
        found = refused("x", lambda file, name, kind=kind: file.create_dataset(name, (2,), kind))
        assert found == f"'node/x' holds {says}; a NIR file holds numbers and names"
    layout = h5py.VirtualLayout((4,), int)
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    found = refused("x", lambda file, name: file.create_virtual_dataset(name, layout))
    assert found == "'node/x' is a virtual dataset, of other files; store the data in this one"
    found = refused(
        "x", lambda file, name: file.create_dataset(name, (4,), "u1", external=[("/etc/passwd", 0, 4)])
    )
    assert found == "'node/x' has external storage, in another file; store the data in this one"
    found = refused("x", lambda file, name: file.create_dataset(name, (1 << 40,), "f8", chunks=(1024,)))
    assert found == f"with 'node/x' it unpacks to more than {MOST_BYTES:,} bytes, which no chip holds"
    assert (
        refused("x", lambda file, name: file.create_dataset(name, data=h5py.Empty("f4")))
        == "'node/x' is empty"
    )
    assert (
        refused("x", lambda file, name: file.create_dataset(name, data=b"\xff\xfe"))
        == "'node/x' is text that is no UTF-8"
    )
    found = refused("x", lambda file, name: file.__setitem__(name, file["node"]))
    assert found == "the group 'node/x' contains itself"


def test_soft_links_inside_the_file_are_followed(path, graph) -> None:
    with h5py.File(path, "a") as file:
        file.move("node/nodes/affine/weight", "kept")
        file["node/nodes/affine/weight"] = h5py.SoftLink("/kept")
    np.testing.assert_array_equal(read_nir(path).nodes["affine"].weight, graph.nodes["affine"].weight)


def test_messages_of_the_whole(path) -> None:
    with h5py.File(path, "a") as file:
        file["node/x"] = h5py.ExternalLink("other.h5", "/x")
    assert (
        message(path) == "net.nir: 'node/x' is an external link, to another file; store the data in this one"
    )
    with h5py.File(path, "a") as file:
        del file["node/x"]
        del file["node/nodes/lif/type"]
        file["node/nodes/lif/type"] = "LIG"
    assert message(path) == (
        "net.nir is not readable as a NIR file: the node 'lif' is of the type 'LIG', which NIR does not have"
    )
    path.write_bytes(path.read_bytes()[:5000])
    assert message(path).startswith("net.nir is not readable as a NIR file: OSError: ")
    assert message(Path("none.nir")) == "model: no file none.nir"


def reader(monkeypatch, tmp_path, code: str) -> None:
    """Another program in the reader's place."""
    (tmp_path / "reader.py").write_text(code)
    monkeypatch.setattr(nir_file, "_CHILD", tmp_path / "reader.py")


ENDS = {
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)": (
        "the HDF5 library ended with SIGSEGV; is the file damaged?"
    ),
    "import os, signal\nos.kill(os.getpid(), signal.SIGXCPU)": (
        "the HDF5 library finds no end of it; is the file damaged?"
    ),
    "import time\ntime.sleep(60)": "the HDF5 library finds no end of it; is the file damaged?",
    "raise ValueError('lost')": "its reader ended: ValueError: lost",
    "": "its reader ended: status 0",
}


@pytest.mark.parametrize("code", ENDS)
def test_readers_that_do_not_answer(path, tmp_path, monkeypatch, code) -> None:
    reader(monkeypatch, tmp_path, code)
    monkeypatch.setattr(nir_file, "SECONDS", 1 if "sleep" in code else 60)
    assert message(path) == f"net.nir is not readable as a NIR file: {ENDS[code]}"


def test_an_endless_reader_ends_by_itself(path, tmp_path, monkeypatch) -> None:
    """A limit of processor time, which holds when nobody is left who waits for it."""
    code = "from spikeplane.foreign_child import limit\n"
    reader(monkeypatch, tmp_path, code + "limit(1, 1 << 30)\nwhile True:\n    pass\n")
    monkeypatch.setattr(nir_file, "SECONDS", 300)
    assert (
        message(path)
        == "net.nir is not readable as a NIR file: the HDF5 library finds no end of it; is the file damaged?"
    )


def test_its_memory_is_limited(path, tmp_path, monkeypatch) -> None:
    code = "from spikeplane.foreign_child import limit\n"
    reader(monkeypatch, tmp_path, code + "limit(60, 1 << 28)\nbytearray(1 << 29)\n")
    assert message(path) == "net.nir is not readable as a NIR file: its reader ended: MemoryError"


def test_ctrl_c_ends_the_reader(path, tmp_path, monkeypatch) -> None:
    """Deaf to SIGINT, as the HDF5 library is."""
    code = "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    reader(
        monkeypatch,
        tmp_path,
        code + "open('pid.txt', 'w').write(str(os.getpid()))\nos.rename('pid.txt', 'pid')\ntime.sleep(300)\n",
    )
    monkeypatch.setattr(nir_file, "SECONDS", 120)

    def interrupt() -> None:
        while not Path("pid").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read_nir(path)
    assert time.monotonic() - started < 100
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)
