"""The program `instasell-server`: says what is missing before anything of it is loaded.

`pip install .` alone installs the command line and the client; the server's libraries are an extra.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("aiohttp", "aiopg", "bcrypt", "pydantic_settings", "redis", "stripe", "structlog")
"""Libraries of the extra `server` without which nothing of it starts."""


def main() -> None:
    """Run the program, or print the pip line of its extra and exit with 1."""
    missing = [name for name in NEEDED if not _is_installed(name)]
    if missing:
        print(
            f"instasell-server: {missing[0]} is not installed; run:"
            f' {sys.executable} -m pip install "instasell[server]"',
            file=sys.stderr,
        )
        sys.exit(1)
    from instasell_server.__main__ import main as run

    run()


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
