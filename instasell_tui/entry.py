"""The program `instasell-tui`: says what is missing before anything of it is loaded.

`pip install .` alone installs the command line and the client; the screen's libraries are an extra.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("textual", "PIL")
"""Libraries of the extra `tui` without which no screen opens."""


def main() -> int:
    """Run the program, or print the pip line of its extra and return 1."""
    missing = [name for name in NEEDED if not _is_installed(name)]
    if missing:
        print(
            f"instasell-tui: {missing[0]} is not installed; run:"
            f' {sys.executable} -m pip install "instasell[tui]"',
            file=sys.stderr,
        )
        return 1
    from instasell_tui.__main__ import main as run

    return run()


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
