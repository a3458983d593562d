"""Commands of `instasell-server` on a market that is made for a test."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.e2e.terminals import PROGRAMS

RUN = f"{PROGRAMS}/instasell-server run"
OFF = {
    f"INSTASELL_RATE_LIMIT_{name}": "0" for name in ("ANONYMOUS", "SIGNED_IN", "TOKEN", "BIDS")
} | {"INSTASELL_BCRYPT_ROUNDS": "4"}


def command(environment: dict[str, str], *words: str, **options: Any) -> Any:
    """Run `instasell-server` to its end."""
    return subprocess.run(
        [f"{PROGRAMS}/instasell-server", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        **options,
    )
