-- name: insert_window
INSERT INTO message_mail_windows (user_id, conversation_id, next_at, gap_seconds)
VALUES (%(user_id)s, %(conversation_id)s, (SELECT market_now()), %(gap_seconds)s)
ON CONFLICT DO NOTHING

-- name: lock_window
SELECT next_at, gathered_at, gap_seconds FROM message_mail_windows
WHERE user_id = %(user_id)s AND conversation_id = %(conversation_id)s FOR UPDATE

-- name: update_window
UPDATE message_mail_windows
SET next_at = %(next_at)s, gathered_at = %(gathered_at)s, gap_seconds = %(gap_seconds)s
WHERE user_id = %(user_id)s AND conversation_id = %(conversation_id)s
