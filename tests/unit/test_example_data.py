"""The script that fetches the data of tests and examples: whole and right, or one line and nothing."""

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

import data as example  # noqa: E402  # pyright: ignore[reportMissingImports]

SHARED = Path(__file__).parents[2] / "../shared/data"


def run(monkeypatch, capsys, *options: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["data.py", *map(str, options)])
    status = example.main()
    out, err = capsys.readouterr()
    return status, out, err


def sources(tmp_path, monkeypatch, **contents: bytes) -> Path:
    """Files behind file:// addresses; returns where they are to go."""
    files = {}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        plain = gzip.decompress(data) if name.endswith("gz") else data
        files[f"folder/{name}"] = ((tmp_path / name).as_uri(), hashlib.sha256(plain).hexdigest())
    monkeypatch.setattr(example, "FILES", files)
    return tmp_path / "to"


def test_what_is_missing_or_damaged_is_fetched(tmp_path, monkeypatch, capsys):
    place = sources(tmp_path, monkeypatch, a=b"first", b_gz=gzip.compress(b"second"))
    assert run(monkeypatch, capsys, "--to", place)[0] == 0
    assert (place / "folder/a").read_bytes() == b"first"
    assert gzip.decompress((place / "folder/b_gz").read_bytes()) == b"second"
    (place / "folder/a").write_bytes(b"fir")
    status, out, _ = run(monkeypatch, capsys, "--to", place)
    assert (status, out.splitlines()[-1]) == (0, f"1 of 2 files fetched into {place}")
    assert (place / "folder/a").read_bytes() == b"first"


def test_another_file_is_refused(tmp_path, monkeypatch, capsys):
    place = sources(tmp_path, monkeypatch, a=b"first")
    (tmp_path / "a").write_bytes(b"other")
    status, _, err = run(monkeypatch, capsys, "--to", place)
    address = (tmp_path / "a").as_uri()
    assert (status, err) == (
        2,
        f"error: {address} is not the file that the tests were written for; nothing of it is kept\n",
    )
    assert not place.exists()


def test_no_network_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(example, "FILES", {"a": ("http://127.0.0.1:9/a", "0" * 64)})
    status, _, err = run(monkeypatch, capsys, "--to", tmp_path / "to")
    assert status == 2
    assert err.startswith("error: cannot fetch http://127.0.0.1:9/a: ")
    assert err.endswith("; try again with a network\n")
    assert err.count("\n") == 1
    assert not (tmp_path / "to").exists()


def archive_of(tmp_path, monkeypatch) -> Path:
    """An archive as N-MNIST's, and its SHA-256 as the one that is wanted."""
    archive, whole = tmp_path / "Test.zip", hashlib.sha256()
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(60000, 60022):
            packed.writestr(f"Test/{number % 10}/{number}.bin", f"events {number}")
            if 60001 <= number <= 60020:
                whole.update(f"{number}\t{number % 10}\nevents {number}".encode())
    monkeypatch.setattr(example, "NMNIST", whole.hexdigest())
    return archive


def test_other_recordings_are_refused(tmp_path, monkeypatch, capsys):
    archive = archive_of(tmp_path, monkeypatch)
    monkeypatch.setattr(example, "NMNIST", "0" * 64)
    status, _, err = run(monkeypatch, capsys, "--to", tmp_path / "to", "--nmnist", archive)
    assert (status, err) == (
        2,
        f"error: {archive} holds other recordings than the tests were written for; nothing of it is kept\n",
    )
    assert not (tmp_path / "to").exists()


def test_recordings_of_an_archive(tmp_path, monkeypatch, capsys):
    archive = archive_of(tmp_path, monkeypatch)
    assert run(monkeypatch, capsys, "--to", tmp_path / "to", "--nmnist", archive)[0] == 0
    found = sorted(path.name for path in (tmp_path / "to/nmnist").iterdir())
    assert found == [*(f"{number}.bs2" for number in range(60001, 60021)), "labels.txt"]
    assert (tmp_path / "to/nmnist/60007.bs2").read_text() == "events 60007"
    assert (tmp_path / "to/nmnist/labels.txt").read_text().splitlines()[:3] == [
        "#sample #class",
        "60001\t1",
        "60002\t2",
    ]


@pytest.mark.parametrize(("contents", "reason"), [(None, "No such file"), (b"no archive", "not a zip file")])
def test_no_archive_is_one_line(tmp_path, monkeypatch, capsys, contents, reason):
    archive = tmp_path / "Test.zip"
    if contents is not None:
        archive.write_bytes(contents)
    status, _, err = run(monkeypatch, capsys, "--to", tmp_path / "to", "--nmnist", archive)
    assert status == 2
    assert err.startswith(f"error: cannot read {archive}: ")
    assert reason in err
    assert err.count("\n") == 1


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data (python examples/data.py)")
def test_what_the_tests_use_is_what_would_be_fetched():
    for name, (_, digest) in example.FILES.items():
        assert example.holds((SHARED / name).read_bytes(), digest), name
    labels = (SHARED / "nmnist/labels.txt").read_text().splitlines(keepends=True)[1:]
    whole = hashlib.sha256()
    for name, line in zip(example.RECORDINGS, labels, strict=True):
        whole.update(line.encode() + (SHARED / f"nmnist/{name}.bs2").read_bytes())
    assert whole.hexdigest() == example.NMNIST
