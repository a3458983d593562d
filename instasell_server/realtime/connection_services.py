"""The parts of the server that its live connections use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.ports.principal import Principal
from instasell_server.realtime.budgets import AddressBuckets, JoinLimits
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.snapshots import JoinReader


@dataclass(frozen=True, slots=True)
class ConnectionServices:
    """Hold what connections need of the server. `frames` is None where frames are not limited."""

    hub: Hub
    joins: JoinReader
    clock: SharedRead[None, bytes]
    auctions: AuctionService
    authenticate: Callable[[str], Awaitable[Principal]]
    join_limits: JoinLimits
    frames: AddressBuckets | None
    spawn: Callable[[Coroutine[Any, Any, None]], None]
