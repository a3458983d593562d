"""The tables of the sandbox's SQLite file."""

from __future__ import annotations

SCHEMA_VERSION = 1

SCHEMA = """
-- Everything the API shows, as it shows it. An account of '' is the platform itself.
CREATE TABLE objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX objects_by_kind ON objects (kind, account, seq);
CREATE INDEX objects_by_intent
    ON objects (kind, json_extract(body, '$.payment_intent'), seq)
    WHERE kind IN ('refund', 'dispute', 'charge', 'checkout.session');
CREATE INDEX objects_by_customer
    ON objects (kind, json_extract(body, '$.customer'), seq) WHERE kind = 'payment_intent';
CREATE INDEX objects_by_type
    ON objects (kind, json_extract(body, '$.type'), seq)
    WHERE kind IN ('event', 'balance_transaction');

-- What is available to each account; the balance transactions add up to it.
CREATE TABLE balances (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (account, currency)
) WITHOUT ROWID;

-- Replies by idempotency key.
CREATE TABLE replies (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    operation TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    request_id TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

-- The outbox of webhooks. An endpoint is known by its place in the settings, so that it may move
-- to another address between two runs.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    endpoint INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    delivered_at REAL
);
CREATE INDEX deliveries_due ON deliveries (due_at, seq) WHERE delivered_at IS NULL;

-- What happens later by itself.
CREATE TABLE plans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    due_at REAL NOT NULL
);
CREATE INDEX plans_due ON plans (due_at, seq);
"""
