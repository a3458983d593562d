"""Define what operators and their probes ask a server."""

from __future__ import annotations

from typing import Literal

from instasell_client.models.base import Reply


class Health(Reply):
    """Report that the process runs and its event loop answers."""

    status: Literal["ok"] = "ok"


class Readiness(Reply):
    """Report that requests can be served. Without Redis they are slower: `degraded`.

    `warnings` names what an operator should fix: `database_role` where the server's role could
    change the schema or rewrite the books.
    """

    status: Literal["ok", "degraded"]
    database: Literal["ok"]
    redis: Literal["ok", "degraded"]
    warnings: list[str] = []
