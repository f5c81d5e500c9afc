"""What mkdocs calls while it builds the site: the folders in the navigation, and the pages that are made."""

from pathlib import Path
from typing import Any

import navigation


def on_config(config: Any) -> Any:
    """FOLDER/* in the navigation becomes the pages of that folder."""
    config.nav = navigation.expanded(config.nav, Path(config.docs_dir), [])
    return config
