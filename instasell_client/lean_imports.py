"""Skip imports that a pure client of the market does not need, so that it starts sooner."""

from __future__ import annotations

import os
import sys


def skip_unused_imports() -> None:
    """Call it before httpx and pydantic are imported. For programs of ours, not for libraries."""
    # Looking for plug-ins of pydantic, which our programs have none of, reads every distribution.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # httpx does without its own command line, which loads rich, pygments and click.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
