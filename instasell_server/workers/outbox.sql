-- name: lock_waiting
SELECT id, kind, payload, attempts FROM outbox
WHERE done_at IS NULL AND available_at <= (SELECT market_now())
ORDER BY available_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED

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
