"""The routing rule on its own, in sets of tiles: the specification that the router is proved against.

Written for numbers and for Amaranth values alike. `p` has x0, y0, x1, y1 and host; (x, y) is the
tile; `side` is where the packet came in.
"""

from typing import Any

SIDES = ("north", "east", "south", "west", "local")
STEP = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


def demands(side: str, p: Any, x: Any, y: Any) -> dict[str, Any]:
    """Per output whether a copy has to leave there. A packet goes on in its direction; where it
    travels along x it turns, in each column of the rectangle, towards the rows of the rectangle
    that are not here, and into the core where this tile is in the rectangle."""
    along_x = side in ("east", "west", "local")
    in_column, in_row = (p.x0 <= x) & (x <= p.x1), (p.y0 <= y) & (y <= p.y1)
    turns = in_column if along_x else in_column | 1
    eastwards, westwards = side in ("west", "local"), side in ("east", "local")
    northwards, southwards = side != "north", side != "south"
    return {
        "north": turns & (p.y0 < y) & northwards,
        "south": turns & (p.y1 > y) & southwards,
        "east": (p.x1 > x) & eastwards,
        "west": ((p.x0 < x) & westwards) | (turns & in_row & (p.host == 1)),
        "local": turns & in_row & (p.host == 0),
    }


def legal(side: str, p: Any, x: Any, y: Any, cols: int, rows: int) -> Any:
    """Whether the rule can bring this packet to this side of this tile (a chip's edges and the host
    included)."""
    shaped = (p.x0 <= p.x1) & (p.y0 <= p.y1) & (p.x1 < cols) & (p.y1 < rows)
    to_host = (p.host == 0) | ((p.x1 == 0) & (p.y1 == 0))
    in_column = (p.x0 <= x) & (x <= p.x1)
    came = {
        "north": in_column & (p.y1 >= y) & (y > 0) & (p.host == 0),
        "south": in_column & (p.y0 <= y) & (y + 1 < rows),
        "east": (p.x0 <= x) & (x + 1 < cols),
        "west": (p.x1 >= x) & (p.host == 0),
        "local": True,
    }
    return shaped & to_host & came[side]
