"""The default engines of the market: PostgreSQL and Valkey from their wheels, in a data folder.

They listen on sockets only, in a private folder, with generated passwords. This package imports
nothing but the standard library (and platformdirs for the default folder), so that it can run
before anything else is loaded.
"""

from __future__ import annotations

from .engines import EmbeddedEngines, EngineUrls
from .failures import (
    EmbeddedError,
    EngineFailed,
    FolderInUse,
    FolderUnusable,
    NoUnprivilegedUser,
    ProgramsMissing,
)
from .folder import default_data_dir

__all__ = [
    "EmbeddedEngines",
    "EmbeddedError",
    "EngineFailed",
    "EngineUrls",
    "FolderInUse",
    "FolderUnusable",
    "NoUnprivilegedUser",
    "ProgramsMissing",
    "default_data_dir",
]
