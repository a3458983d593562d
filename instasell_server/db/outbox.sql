-- name: insert_tasks
INSERT INTO outbox (kind, payload, available_at)
SELECT kind, payload, market_now() + make_interval(secs => %(delay_seconds)s)
FROM unnest(%(kinds)s::text[], %(payloads)s::jsonb[]) AS n(kind, payload)
RETURNING id

-- name: lock_waiting
SELECT id, kind, payload FROM outbox
WHERE done_at IS NULL AND available_at <= (SELECT market_now())
ORDER BY available_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: close_free
-- A row that the worker has locked is being worked on a second time, and closed by the worker.
UPDATE outbox SET done_at = market_now()
WHERE id IN (
    SELECT id FROM outbox WHERE id = ANY(%(ids)s::bigint[]) AND done_at IS NULL
    FOR UPDATE SKIP LOCKED
)

-- name: update_done
UPDATE outbox SET done_at = market_now(), attempts = attempts + 1
WHERE id = ANY(%(ids)s::bigint[])

-- name: update_failed
UPDATE outbox
SET attempts = attempts + 1,
    available_at = market_now() + make_interval(secs => least(300, 2 ^ least(attempts, 8)))
WHERE id = ANY(%(ids)s::bigint[])

-- name: delete_done
DELETE FROM outbox WHERE done_at < market_now() - interval '1 day'
