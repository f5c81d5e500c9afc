"""The copy of the packages that holds every mutant, in a folder named by its contents.

```
    sw, gateware, sim, hw -> copied, rewritten -> build/mutants/KEY/{sw,gateware,sim,hw,support}
```
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from mutants.catalogue import ROOT, Numbered, UnfitError
from mutants.rewrite import rewritten

PACKAGES = ("sw", "gateware", "sim", "hw")
SUPPORT = Path(__file__).with_name("support")
BUILD = ROOT / "build" / "mutants"


def sources(mutants: list[Numbered]) -> dict[str, str]:
    """The rewritten files: path below the repository -> text. Raises UnfitError that names every
    mutant which does not fit."""
    by_path: dict[str, list[Numbered]] = {}
    for entry in mutants:
        by_path.setdefault(entry.path, []).append(entry)
    texts, errors = {}, []
    for path, entries in by_path.items():
        text = (ROOT / path).read_text()
        try:
            texts[path] = rewritten(text, entries)
        except UnfitError as error:
            errors.append(str(error))
    if errors:
        raise UnfitError("\n".join(errors))
    return texts


def key_of(texts: dict[str, str]) -> str:
    """A name for the copy: the packages' files, with the mutants in them."""
    digest = hashlib.sha256()
    files = sorted(
        p
        for name in PACKAGES
        for p in (ROOT / name).rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    )
    for file in [*files, *sorted(SUPPORT.glob("*.py"))]:
        path = str(file.relative_to(ROOT))
        digest.update(path.encode() + b"\0" + (texts[path].encode() if path in texts else file.read_bytes()))
    return digest.hexdigest()[:16]


def build(mutants: list[Numbered], folder: Path = BUILD) -> Path:
    """The copy, made unless it is there; copies of other sources are removed."""
    texts = sources(mutants)
    target = folder / f"tree-{key_of(texts)}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder, prefix="draft-"))
    for name in PACKAGES:
        shutil.copytree(ROOT / name, draft / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(SUPPORT, draft / "support", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in texts.items():
        (draft / path).write_text(text)
    for old in folder.glob("tree-*"):
        shutil.rmtree(old)
    os.replace(draft, target)
    return target


def environment(tree: Path, number: int) -> dict[str, str]:
    """For a process with the copy's packages, and that mutant in them (0: none)."""
    places = [str(tree / name) for name in (*PACKAGES, "support")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(places),
        "SPIKEPLANE_MUTANT": str(number),
        "SPIKEPLANE_CACHE": str(tree.parent / "cache"),
    }
