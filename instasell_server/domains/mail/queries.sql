-- name: insert_email
INSERT INTO emails (user_id, kind, facts, cause, next_at)
VALUES (%(user_id)s, %(kind)s, %(facts)s::jsonb, %(cause)s,
        coalesce(%(send_at)s::timestamptz, market_now()))
ON CONFLICT (user_id, kind, cause) DO NOTHING

-- name: insert_email_to_address
INSERT INTO emails (address, kind, facts, cause)
VALUES (%(address)s, %(kind)s, %(facts)s::jsonb, %(cause)s)
ON CONFLICT (kind, cause) WHERE user_id IS NULL DO NOTHING

-- name: lease_due
-- A mail without an account brings its address along, and no name, which a stranger could choose.
WITH due AS (
    SELECT id, user_id FROM emails
    WHERE state = 'queued' AND next_at <= market_now() AND handed_over_at IS NULL
    ORDER BY next_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE emails e
    SET attempts = e.attempts + 1, address = coalesce(u.email, e.address),
        next_at = market_now() + make_interval(secs => %(lease_seconds)s)
    FROM due LEFT JOIN users u ON u.id = due.user_id
    WHERE e.id = due.id
    RETURNING e.id, e.message_key, e.user_id, e.address, e.kind, e.facts, e.attempts, e.created_at,
              coalesce(u.display_name, 'there') AS display_name
)
SELECT *, market_now() AS leased_at FROM leased ORDER BY id

-- name: find_unread_messages
SELECT c.unread_count AS count,
       (SELECT left(m.text, 200) FROM messages m
        WHERE m.conversation_id = c.id AND m.author_id <> c.reader_id
        ORDER BY m.seq DESC LIMIT 1) AS text,
       CASE c.you WHEN 'buyer' THEN c.seller_name ELSE c.buyer_name END AS sender_name
FROM conversation_states c
WHERE c.id = %(conversation_id)s AND c.reader_id = %(user_id)s AND c.unread_count > 0

-- name: update_handed_over
UPDATE emails SET handed_over_at = market_now()
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'queued' AND handed_over_at IS NULL
  AND next_at > market_now()

-- name: update_done
-- A sender that lost its lease may not change the mail any more.
UPDATE emails
SET state = %(state)s, facts = '{}', done_at = market_now(), last_error = %(error)s
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'queued'

-- name: update_postponed
UPDATE emails
SET next_at = market_now() + make_interval(secs => %(delay_seconds)s), handed_over_at = NULL,
    last_error = %(error)s
WHERE id = %(id)s AND attempts = %(attempts)s AND state = 'queued'

-- name: close_unknown
UPDATE emails SET state = 'failed', facts = '{}', done_at = market_now(), last_error = %(error)s
WHERE id IN (
    SELECT id FROM emails
    WHERE state = 'queued' AND handed_over_at IS NOT NULL AND next_at <= market_now()
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id, kind

-- name: insert_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT DO NOTHING

-- name: delete_old
DELETE FROM emails WHERE id IN (
    SELECT id FROM emails
    WHERE state <> 'queued' AND done_at < market_now() - make_interval(days => %(days)s)
    ORDER BY done_at LIMIT 5000
)
