"""Read and write in a transaction: objects, events with their deliveries, plans, replies."""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
from collections.abc import Mapping
from typing import Any, NamedTuple

from instasell_server.sandbox.errors import Json, Missing
from instasell_server.sandbox.settings import API_VERSION

PLATFORM = ""
"""The account of objects that belong to the platform itself."""

REPLY_SECONDS = 7 * 24 * 3600
EVENT_SECONDS = 30 * 24 * 3600

_ALPHABET = string.ascii_letters + string.digits
_NO_REQUEST: Json = {"id": None, "idempotency_key": None}


class StoredReply(NamedTuple):
    """Hold a stored reply, and the request it was given to."""

    operation: str
    fingerprint: str
    request_id: str
    status: int
    body: str


class Delivery(NamedTuple):
    """Hold an event on its way to an endpoint. `due_at` is in seconds since the epoch."""

    seq: int
    event_id: str
    endpoint: int
    attempts: int
    due_at: float
    payload: str


class PlannedEvent(NamedTuple):
    """Something that happens by itself at `due_at`, in seconds since the epoch."""

    seq: int
    kind: str
    object_id: str
    due_at: float


class Range(NamedTuple):
    """Bounds of an instant in seconds, both inclusive."""

    first: int
    last: int


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id as Stripe writes them: `pi_` and letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


class SandboxRecords:
    """Read and write records in one transaction."""

    def __init__(self, connection: sqlite3.Connection, now: float, endpoints: int) -> None:
        self.now = now
        self.created = int(now)
        self.request = _NO_REQUEST
        self.emitted = False
        self.planned = False
        self._connection = connection
        self._endpoints = endpoints

    # Objects

    def insert(self, body: Json, account: str = PLATFORM) -> Json:
        """Store a new object; its kind and id stand in it."""
        self._connection.execute(
            "INSERT INTO objects (id, kind, account, created, body) VALUES (?, ?, ?, ?, ?)",
            (body["id"], body["object"], account, self.created, json.dumps(body)),
        )
        return body

    def update(self, body: Json) -> Json:
        """Store an object as it is now."""
        self._connection.execute(
            "UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"])
        )
        return body

    def find(self, kind: str, object_id: str, account: str | None = PLATFORM) -> Json | None:
        """Find an object of an account, or of any account for None."""
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ? AND account = coalesce(?, account)",
            (object_id, kind, account),
        ).fetchone()
        return None if row is None else _object(row[0])

    def get(self, kind: str, object_id: str, account: str = PLATFORM, *, param: str = "") -> Json:
        """Find an object or raise `Missing`, with 400 when a parameter named the object."""
        found = self.find(kind, object_id, account)
        if found is None:
            raise Missing(kind, object_id, param or "id", 400 if param else 404)
        return found

    def find_any(self, object_id: str, account: str) -> Json | None:
        """Find an object of whatever kind."""
        row = self._connection.execute(
            "SELECT body FROM objects WHERE id = ? AND account IN (?, '')", (object_id, account)
        ).fetchone()
        return None if row is None else _object(row[0])

    def owner_of(self, object_id: str) -> str:
        """Return the account that an object belongs to."""
        row = self._connection.execute(
            "SELECT account FROM objects WHERE id = ?", (object_id,)
        ).fetchone()
        return str(row[0])

    def list_objects(
        self,
        kind: str,
        account: str,
        fields: Mapping[str, list[str]],
        created: Range,
        *,
        before: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Json]:
        """List objects, newest first, whose fields have one of the values given for them.

        `before` is an id to go on from, to older ones; `after` goes to newer ones. Either raises
        `Missing` when there is no such object.
        """
        wheres = ["kind = ?", "account = ?", "created BETWEEN ? AND ?"]
        values: list[Any] = [kind, account, *created]
        for name, wanted in fields.items():
            marks = ", ".join("?" * len(wanted))
            wheres.append(f"json_extract(body, '$.{name}') IN ({marks})")
            values += wanted
        if before is not None:
            wheres.append("seq < ?")
            values.append(self._seq(kind, before, account, "starting_after"))
        if after is not None:
            wheres.append("seq > ?")
            values.append(self._seq(kind, after, account, "ending_before"))
        order = "ASC" if after is not None else "DESC"
        rows = self._connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(wheres)} ORDER BY seq {order} LIMIT ?",
            [*values, limit],
        ).fetchall()
        found = [_object(row[0]) for row in rows]
        return found[::-1] if after is not None else found

    def find_session_of(self, intent_id: str) -> Json | None:
        """Find the checkout session that a payment intent belongs to."""
        row = self._connection.execute(
            "SELECT body FROM objects WHERE kind = 'checkout.session'"
            " AND json_extract(body, '$.payment_intent') = ?",
            (intent_id,),
        ).fetchone()
        return None if row is None else _object(row[0])

    def _seq(self, kind: str, object_id: str, account: str, param: str) -> int:
        row = self._connection.execute(
            "SELECT seq FROM objects WHERE id = ? AND kind = ? AND account = ?",
            (object_id, kind, account),
        ).fetchone()
        if row is None:
            raise Missing(kind, object_id, param, 400)
        return int(row[0])

    # Events

    def emit(self, kind: str, body: Json, account: str = PLATFORM) -> None:
        """Say that something happened, with the object as it is now, to every endpoint."""
        event: Json = {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": {"object": body},
            "livemode": False,
            "pending_webhooks": self._endpoints,
            "request": self.request,
            "type": kind,
        }
        if account != PLATFORM:
            event["account"] = account
        self.insert(event, account)
        self._connection.executemany(
            "INSERT INTO deliveries (event_id, endpoint, due_at) VALUES (?, ?, ?)",
            [(event["id"], endpoint, self.now) for endpoint in range(self._endpoints)],
        )
        self.emitted = True

    def list_deliveries(
        self, endpoints: int, due_before: float, limit: int, *, newest_first: bool
    ) -> list[Delivery]:
        """Return deliveries that are due at the endpoints that there are."""
        order = "deliveries.seq DESC" if newest_first else "due_at, deliveries.seq"
        rows = self._connection.execute(
            "SELECT deliveries.seq, event_id, endpoint, attempts, due_at, body FROM deliveries"
            " JOIN objects ON objects.id = event_id"
            " WHERE delivered_at IS NULL AND due_at <= ? AND endpoint < ?"
            f" ORDER BY {order} LIMIT ?",
            (due_before, endpoints, limit),
        )
        return [Delivery(*row) for row in rows]

    def find_next_delivery(self, endpoints: int, after: float) -> float | None:
        """Find when the next delivery after an instant is due, in seconds since the epoch."""
        row = self._connection.execute(
            "SELECT min(due_at) FROM deliveries"
            " WHERE delivered_at IS NULL AND due_at > ? AND endpoint < ?",
            (after, endpoints),
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def update_delivery(self, seq: int, *, delivered: bool, due_at: float) -> None:
        """Note how an attempt ended."""
        self._connection.execute(
            "UPDATE deliveries SET attempts = attempts + 1, due_at = ?, delivered_at = ?"
            " WHERE seq = ?",
            (due_at, self.now if delivered else None, seq),
        )

    def count_undelivered(self) -> int:
        """Count the outstanding deliveries."""
        row = self._connection.execute(
            "SELECT count(*) FROM deliveries WHERE delivered_at IS NULL"
        ).fetchone()
        return int(row[0])

    # Plans

    def plan(self, kind: str, object_id: str, due_at: float) -> None:
        """Have something happen later by itself; `due_at` is in seconds since the epoch."""
        self._connection.execute(
            "INSERT INTO plans (kind, object_id, due_at) VALUES (?, ?, ?)",
            (kind, object_id, due_at),
        )
        self.planned = True

    def drop_plans(self, object_id: str) -> None:
        """Forget what was planned for an object."""
        self._connection.execute("DELETE FROM plans WHERE object_id = ?", (object_id,))

    def drop_plan(self, seq: int) -> None:
        """Forget a plan that was carried out."""
        self._connection.execute("DELETE FROM plans WHERE seq = ?", (seq,))

    def find_next_plan(self, held: tuple[str, ...]) -> PlannedEvent | None:
        """Find the plan that is due first, of the kinds that are not held back."""
        marks = ", ".join("?" * len(held))
        row = self._connection.execute(
            "SELECT seq, kind, object_id, due_at FROM plans"
            f" WHERE kind NOT IN ({marks}) ORDER BY due_at, seq LIMIT 1",
            held,
        ).fetchone()
        return None if row is None else PlannedEvent(*row)

    # Replies

    def find_reply(self, account: str, key: str) -> StoredReply | None:
        """Find the reply that was given under an idempotency key."""
        row = self._connection.execute(
            "SELECT operation, fingerprint, request_id, status, body FROM replies"
            " WHERE account = ? AND key = ?",
            (account, key),
        ).fetchone()
        return None if row is None else StoredReply(*row)

    def insert_reply(self, account: str, key: str, reply: StoredReply) -> None:
        """Keep a reply under its idempotency key."""
        self._connection.execute(
            "INSERT INTO replies (account, key, operation, fingerprint, request_id, status, body,"
            " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (account, key, *reply, self.created),
        )

    # Balances

    def balances(self, account: str) -> dict[str, int]:
        """Return what is available to an account, by currency, in minor units."""
        rows = self._connection.execute(
            "SELECT currency, amount FROM balances WHERE account = ? ORDER BY currency", (account,)
        )
        return {str(currency): int(amount) for currency, amount in rows}

    def add_to_balance(self, account: str, currency: str, amount: int) -> None:
        """Add minor units to a balance; it may become negative."""
        self._connection.execute(
            "INSERT INTO balances (account, currency, amount) VALUES (?, ?, ?)"
            " ON CONFLICT (account, currency) DO UPDATE SET amount = amount + excluded.amount",
            (account, currency, amount),
        )

    def sums(self) -> list[tuple[str, bool, str, int, int]]:
        """Add up balance transactions: currency, whether of the platform, category, amount, fee.

        Amounts and fees are in minor units.
        """
        rows = self._connection.execute(
            "SELECT json_extract(body, '$.currency'), account = '',"
            " json_extract(body, '$.reporting_category'),"
            " sum(json_extract(body, '$.amount')), sum(json_extract(body, '$.fee'))"
            " FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 2, 3"
        )
        return [
            (currency, bool(own), what, amount, fee) for currency, own, what, amount, fee in rows
        ]

    # Housekeeping

    def savepoint(self) -> None:
        """Mark where `undo` goes back to."""
        self._connection.execute("SAVEPOINT begun")

    def undo(self) -> None:
        """Take back everything since the savepoint."""
        self._connection.execute("ROLLBACK TO begun")
        self.emitted = self.planned = False

    def prune(self) -> None:
        """Forget replies after 7 days, and delivered events after 30."""
        oldest = self.created - EVENT_SECONDS
        self._connection.execute(
            "DELETE FROM replies WHERE created < ?", (self.created - REPLY_SECONDS,)
        )
        self._connection.execute("DELETE FROM deliveries WHERE delivered_at < ?", (oldest,))
        self._connection.execute(
            "DELETE FROM objects WHERE kind = 'event' AND created < ?"
            " AND id NOT IN (SELECT event_id FROM deliveries)",
            (oldest,),
        )


def _object(text: str) -> Json:
    body: Json = json.loads(text)
    return body
