"""Where the documentation is: at the address that the installed package names, or beside the sources."""

from importlib import metadata
from pathlib import Path


def docs_link(page: str) -> str | None:
    """The address of a page ("report.md") of the documentation; None where there is none."""
    try:
        named = metadata.metadata("spikeplane").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        named = []
    for entry in named:
        what, _, address = entry.partition(",")
        if what.strip().lower() == "documentation":
            return f"{address.strip().rstrip('/')}/{page.removesuffix('.md')}.html"
    beside = Path(__file__).resolve().parents[3] / "docs" / page
    return beside.as_uri() if beside.is_file() else None
