"""Names and texts side by side: in a terminal, and as a card in a notebook."""

import html
from collections.abc import Iterable, Sequence

Row = tuple[str, str]
_STYLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.3em 0"
_CELL = (
    "text-align:left;padding:.1em 1em .1em 0;vertical-align:top;white-space:pre-wrap;border:0;background:none"
)


def table(title: str, rows: Sequence[Row]) -> str:
    """Lines of text, the names in a column of their own."""
    wide = max((len(name) for name, _ in rows), default=0)
    lines = (_hanging(f"  {name:<{wide}}  ", text) for name, text in rows)
    return "\n".join([title, *lines])


def card(title: str, rows: Iterable[Row]) -> str:
    """HTML without anything from elsewhere; it takes the notebook's colours."""
    cells = "".join(
        f"<tr><td style='{_CELL};opacity:.7'>{html.escape(name)}</td><td style='{_CELL}'>{html.escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<div><strong>{html.escape(title)}</strong><table style='{_STYLE}'>{cells}</table></div>"


def _hanging(head: str, text: str) -> str:
    return head + text.replace("\n", "\n" + " " * len(head))
