"""Values into memory words, each held against its field first: what does not fit is refused,
nothing wraps."""

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.layout import Layout

_ADVICE = {
    "count": "use a smaller kernel, or a chip with more lanes or more cores",
    "window": "pool over a smaller window",
    "window_last": "pool over a smaller window",
    "stride": "pool with a smaller stride",
    "padding": "pool with less padding",
}


class Crowded(SpikeplaneError):
    """More connections than a core counts; a placement on fewer cores has fewer."""


def fields_word(layout: Layout, what: str, **values: int) -> int:
    """The word of `layout` that holds `values`, all unsigned. `what` begins the message."""
    widths = dict(layout.fields)
    for name, value in values.items():
        top = (1 << widths[name]) - 1
        if not 0 <= value <= top:
            advice = _ADVICE.get(name, "use a larger chip")
            raise SpikeplaneError(
                f"{what}: {name} is {int(value)}, a {layout.name} word holds 0 to {top}; {advice}"
            )
    return layout.pack(**values)
