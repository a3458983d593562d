-- name: lock_key
SET LOCAL lock_timeout = '10s';
SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 7));
SET LOCAL lock_timeout = '5s'

-- name: find_reply
SELECT body_hash, reply FROM idempotency_replies
WHERE user_id = %(user_id)s AND method = %(method)s AND path = %(path)s AND key = %(key)s
  AND created_at > market_now() - interval '24 hours'

-- name: insert_reply
INSERT INTO idempotency_replies (user_id, method, path, key, body_hash, reply)
VALUES (%(user_id)s, %(method)s, %(path)s, %(key)s, %(body_hash)s, %(reply)s)
ON CONFLICT (user_id, method, path, key) DO UPDATE
SET body_hash = EXCLUDED.body_hash, reply = EXCLUDED.reply, created_at = market_now()

-- name: delete_old_replies
DELETE FROM idempotency_replies WHERE created_at < market_now() - interval '24 hours'
