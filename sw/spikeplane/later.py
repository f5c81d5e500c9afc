"""Fields of dataclasses that are newer than the program files which hold them."""

from dataclasses import fields
from typing import Any

#: Metadata of such a field. A file does not state it where it has its default, so that files which were
#: written before it are read as they are, and equal programs still give equal files.
LATER = {"later": True}


def later(kind: Any) -> dict[str, Any]:
    """Name and default of the fields of a dataclass, or of its class, that files may leave out."""
    return {f.name: f.default for f in fields(kind) if f.metadata.get("later")}
