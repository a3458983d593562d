"""Make a command start and end quickly, whatever it does in between."""

from __future__ import annotations

import gc

from instasell_client.lean_imports import skip_unused_imports

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def start_lightly() -> None:
    """Call it before what is heavy is imported."""
    # Imports make no garbage; by default Python searches for it every 700 objects.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    skip_unused_imports()


def end_lightly() -> None:
    """Call it last: the process ends anyhow, so what is unreachable in it may stay."""
    gc.freeze()
