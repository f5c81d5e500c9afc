"""A griffe extension: what it reads of the code becomes Markdown before mkdocstrings shows it. Nothing is imported."""

from typing import Any

import griffe
from pages.comments import beside
from pages.prose import linked, markdown
from pages.python import names


class Docstrings(griffe.Extension):
    """What griffe calls for each thing that it has read."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Docstrings become Markdown."""
        if not obj.is_alias and obj.docstring is not None:
            obj.docstring.value = markdown(linked(obj.docstring.value, names()))

    def on_attribute_instance(self, *, attr: Any, **_: Any) -> None:
        """A `#:` comment is the docstring of a name that has none."""
        if attr.docstring is None and attr.lineno and attr.endlineno:
            said = beside(attr.lines_collection[attr.filepath], attr.lineno, attr.endlineno)
            if said:
                attr.docstring = griffe.Docstring(linked(said, names()), lineno=attr.lineno, parent=attr)
