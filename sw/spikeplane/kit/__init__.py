"""What the pages of runs and cameras are made of: one style, one script, one way to put them together.

```
    page.html  <- kit.css, the page's own .css;  kit.js, the page's own .js;  title;  data as JSON
```
"""

import html
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from spikeplane.kit.docs import docs_link

__all__ = ["docs_link", "page_text"]
FOLDER = Path(__file__).parent


def page_text(
    folder: Path,
    scripts: Iterable[str],
    title: str,
    data: Any,
    plain: Callable[[Any], Any] | None = None,
) -> str:
    """The page `page.html` of a folder, with `page.css` and `scripts` of it behind the kit's own. `plain`: what JSON
    does not know, as something that it does."""
    text = json.dumps(data, separators=(",", ":"), default=plain)
    text = text.replace("<", "\\u003c")  # data cannot end the script
    template = (folder / "page.html").read_text(encoding="utf-8")
    styles = [FOLDER / "kit.css", folder / "page.css"]
    for mark, paths in (
        ("<!--BRAND-->", [FOLDER / "brand.svg"]),
        ("/*STYLE*/", styles),
        ("/*SCRIPT*/", [FOLDER / "kit.js", *(folder / name for name in scripts)]),
    ):
        template = template.replace(mark, "".join(path.read_text(encoding="utf-8") for path in paths))
    return template.replace("<!--TITLE-->", html.escape(title)).replace('"DATA"', text, 1)
