"""Fetches the data that tests, examples and figures use, into the folder where they look for it.
Each file is checked by its SHA-256; what is there already stays.

python examples/data.py                     # into ../shared/data beside the project: 41 MB
python examples/data.py --to DIR            # elsewhere
python examples/data.py --nmnist Test.zip   # 20 recordings from the archive of N-MNIST, which its
authors hand out by hand

Fashion-MNIST: Zalando, MIT. NIR networks: neuromorphs/NIR, BSD-3. Spike-camera clips: Spike-Zoo,
MIT. N-MNIST: Orchard et al., CC BY-SA 4.0.
"""

import argparse
import gzip
import hashlib
import sys
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file, write_files

PLACE = Path(__file__).parents[1] / "../shared/data"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
_NIR = "https://raw.githubusercontent.com/neuromorphs/NIR/7232ada6d30e1beea78b180a5135b1a3bb3d3bc0/paper"
_CLIPS = "https://raw.githubusercontent.com/chenkang455/Spike-Zoo/32e327ccf2f36f10d224368a79b69a65723beb8b"

#: Where each file goes: (where it comes from, SHA-256 of what it holds, unpacked where it is gzip).
FILES: dict[str, tuple[str, str]] = {
    "fashion_mnist/t10k-images-idx3-ubyte.gz": (
        f"{_FASHION}/t10k-images-idx3-ubyte.gz", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "fashion_mnist/t10k-labels-idx1-ubyte.gz": (
        f"{_FASHION}/t10k-labels-idx1-ubyte.gz", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    "fashion_mnist/train-images-idx3-ubyte.gz": (
        f"{_FASHION}/train-images-idx3-ubyte.gz", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "fashion_mnist/train-labels-idx1-ubyte.gz": (
        f"{_FASHION}/train-labels-idx1-ubyte.gz", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "nir/braille_noDelay_bias_zero.nir": (
        f"{_NIR}/03_rnn/braille_noDelay_bias_zero.nir", "f1aab3ce74024e7feac508a03b04c58d483ee3a01e293dba4b53d0b519b8650e"),
    "nir/braille_noDelay_noBias_subtract.nir": (
        f"{_NIR}/03_rnn/braille_noDelay_noBias_subtract.nir", "14f59e0903d76437be3cb23d7e4be6b4e08ea476e482f7478dbb4592b29377d3"),
    "nir/cnn_sinabs.nir": (
        f"{_NIR}/02_cnn/cnn_sinabs.nir", "e2fa55bda7aab5a772485e1b690358bcb825b303eca7dc426e3973937fcb5bcb"),
    "nir/lif_norse.nir": (f"{_NIR}/01_lif/lif_norse.nir", "0dd9143ef624892d4a6461f474d93653a337b3490a62e23ec9ec5d18fde9b7b6"),
    "nir/lif_rockpool.nir": (f"{_NIR}/01_lif/lif_rockpool.nir", "f493a2cd00e20be6305acd7808faa1d4558993c91f3af43454bf637371e543d6"),
    "nir/two_lif_neurons.nir": (
        f"{_NIR}/01_lif/debug_spike_representation/two_lif_neurons.nir",
        "806c7c1cfae72b5be92ce15a670f37014b82a5d4fba8a077efce46d193c21a82"),
    "nir/lif_norse.csv": (f"{_NIR}/01_lif/lif_norse.csv", "300d80dc21d67137740722caefb6d9a2f267331bfe682051ed99ac41a9cd0448"),
    "nir/lif_sinabs.csv": (f"{_NIR}/01_lif/lif_sinabs.csv", "a891d016e51abfcbfb00e9f4f7ecbcb6191bd15f982b200335382e9ca15eb55d"),
    "nir/lif_snntorch.csv": (f"{_NIR}/01_lif/lif_snntorch.csv", "6c1258f6a972ce9bf09ca0f4aacf8a457d38259df11613b22b442d21fa6bf5c1"),
    "spike_camera/reds_200_part1.dat": (
        f"{_CLIPS}/data/data.dat", "c03e101bca99803e1a688c80652ca87922bb71ab2e31d7032bc839cb6bd50ee5"),
    "spike_camera/reds_200_part1_plane150.png": (
        f"{_CLIPS}/data/data.png", "864293aa9befd4cb3fc6370fde5436a724ecc2208cd48ed82ca47f00da83e419"),
    "spike_camera/reds_203_part1.dat": (
        f"{_CLIPS}/spikezoo/data/base/test/spike/203_part1_key_id151.dat",
        "92e8fdb32d239fd6fead65aee4c9dbadd40517582c4fc442cc40a5c80a5c4939"),
    "spike_camera/reds_203_part1_plane150.png": (
        f"{_CLIPS}/spikezoo/data/base/test/gt/203_part1_key_id151.png",
        "c79848b4a81a326a64df27a3c79832d831367b04150a986cee065ea911e1b164"),
}  # fmt: skip
RECORDINGS = [str(60001 + i) for i in range(20)]
#: SHA-256 of the recordings, each behind its line of the labels.
NMNIST = "0dcc7c452f156877bd6565da15c33bd9e70256a77fff972f71eb4234824c15b2"


def holds(data: bytes, digest: str) -> bool:
    """The data, or what is packed in it, has that SHA-256."""
    try:
        plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError):
        return False
    return hashlib.sha256(plain).hexdigest() == digest


def fetch(place: Path, files: dict[str, tuple[str, str]]) -> list[str]:
    """Fetch what is not there yet; returns the names. Raises SpikeplaneError for what cannot be
    had, or is not what it was."""
    found = []
    for name, (source, digest) in files.items():
        target = place / name
        if target.exists() and holds(target.read_bytes(), digest):
            continue
        print(f"{name} from {source}", flush=True)
        try:
            with urllib.request.urlopen(source, timeout=30) as answer:
                data = answer.read()
        except OSError as error:
            raise SpikeplaneError(
                f"cannot fetch {source}: {getattr(error, 'reason', error)}; try again with a network"
            ) from None
        if not holds(data, digest):
            raise SpikeplaneError(
                f"{source} is not the file that the tests were written for; nothing of it is kept"
            )
        write_file(target, data)
        found.append(name)
    return found


def recordings(archive: Path, place: Path) -> None:
    """The first 20 test recordings of N-MNIST and their labels, which are the names of the
    archive's folders. Raises SpikeplaneError."""
    made, labels = {}, {}
    try:
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.namelist():
                path = PurePosixPath(entry)
                if path.stem in RECORDINGS and path.suffix in (".bin", ".bs2"):
                    labels[path.stem], made[place / f"nmnist/{path.stem}.bs2"] = (
                        path.parent.name,
                        packed.read(entry),
                    )
    except (OSError, zipfile.BadZipFile) as error:
        raise SpikeplaneError(
            f"cannot read {archive}: {error}; give the archive Test.zip of N-MNIST"
        ) from None
    if sorted(labels) != RECORDINGS:
        raise SpikeplaneError(
            f"{archive} has {len(labels)} of the 20 recordings 60001 to 60020; give the archive "
            "Test.zip of N-MNIST"
        )
    lines = [f"{name}\t{labels[name]}\n" for name in RECORDINGS]
    whole = hashlib.sha256()
    for name, line in zip(RECORDINGS, lines, strict=True):
        whole.update(line.encode() + made[place / f"nmnist/{name}.bs2"])
    if whole.hexdigest() != NMNIST:
        raise SpikeplaneError(
            f"{archive} holds other recordings than the tests were written for; nothing of it is kept"
        )
    write_files({**made, place / "nmnist/labels.txt": "".join(["#sample #class\n", *lines])})


def main() -> int:
    """Exit status 2, and one line, for what cannot be had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=PLACE, help="the folder")
    parser.add_argument("--nmnist", type=Path, help="an archive of N-MNIST's test recordings")
    options = parser.parse_args()
    try:
        if options.nmnist:
            recordings(options.nmnist, options.to)
        else:
            print(f"{len(fetch(options.to, FILES))} of {len(FILES)} files fetched into {options.to}")
    except SpikeplaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
