"""Divides the file descriptors of a process: what the server needs itself, files, and callers.

A process without a descriptor left can neither accept, nor reach PostgreSQL, nor open a file, so
callers get what remains after everything else has its share, and never more.
"""

from __future__ import annotations

import contextlib
import resource
from typing import NamedTuple

from instasell_server.config.settings import Settings

OWN_DESCRIPTORS = 128
"""Standard streams, the event loop, Redis (16 at once), mail, Stripe, storage, refusals, logs."""

EMBEDDED_DESCRIPTORS = 192
"""Pipes and locks of embedded engines, and the sandbox with its callers."""

REPLICA_DESCRIPTORS = 8
FILES_MAX = 4096
CONNECTIONS_MAX = 20_000
CONNECTIONS_MIN = 64
CONNECTIONS_FEW = 1000
_UNLIMITED = 1_048_576


class TooFewDescriptors(Exception):
    """Report a limit of open files that is too low; the text says what to change."""


class DescriptorShares(NamedTuple):
    """Divide file descriptors: connections of callers open at once, and files of theirs."""

    connections: int
    files: int
    descriptors: int


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open descriptors to the hard one; return what is in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # macOS says that there is no limit and refuses to be taken at its word.
        for wanted in (hard, min(_finite(hard), 10_240)):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                break
    return descriptor_limit()


def descriptor_limit() -> int:
    """Return the soft limit that is in force."""
    return _finite(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _finite(limit: int) -> int:
    return _UNLIMITED if limit == resource.RLIM_INFINITY else min(limit, _UNLIMITED)


def share_descriptors(settings: Settings, limit: int) -> DescriptorShares:
    """Divide `limit` descriptors. Raises TooFewDescriptors."""
    reserved = OWN_DESCRIPTORS + settings.database_connections
    if settings.database_replica_url is not None:
        reserved += REPLICA_DESCRIPTORS
    if settings.database_url is None or settings.redis_url is None or settings.on_loopback:
        reserved += EMBEDDED_DESCRIPTORS
    left = max(0, limit - reserved)
    # A caller who uploads or fetches a file needs a descriptor for it besides the connection.
    files = min(FILES_MAX, left // 4)
    possible = left - files
    wanted = settings.connections_max
    if possible < CONNECTIONS_MIN or (wanted is not None and wanted > possible):
        asked = f"{wanted:,}" if wanted is not None else f"at least {CONNECTIONS_MIN}"
        raise TooFewDescriptors(
            f"the limit of open files is {limit:,}, which leaves {possible:,} connections after"
            f" {reserved} for the server itself and {files:,} for files; {asked} are needed. Raise"
            " it (`ulimit -n`, LimitNOFILE= of systemd, ulimits.nofile of Docker), or set"
            " INSTASELL_CONNECTIONS_MAX lower."
        )
    return DescriptorShares(min(possible, wanted or CONNECTIONS_MAX), files, limit)
