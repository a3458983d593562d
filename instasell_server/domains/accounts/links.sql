-- name: insert_link
-- The update changes nothing; it makes a repeat return the row that is there.
INSERT INTO account_links (id, user_id, purpose, expires_at)
VALUES (
    %(link_id)s, %(user_id)s, %(purpose)s, market_now() + make_interval(hours => %(hours)s)
)
ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id
RETURNING expires_at

-- name: is_open
SELECT id FROM account_links
WHERE id = %(link_id)s AND purpose = %(purpose)s AND used_at IS NULL
  AND expires_at > market_now()

-- name: use_link
-- One link uses up all of its purpose and account. Of many at once the first finds `used_at`
-- empty; the others wait for its commit and look again. The order keeps them from deadlock.
WITH used AS (
    UPDATE account_links SET used_at = market_now()
    WHERE id IN (
        SELECT l.id FROM account_links l
        JOIN account_links own ON own.user_id = l.user_id AND own.purpose = l.purpose
        WHERE own.id = %(link_id)s AND own.purpose = %(purpose)s
          AND own.used_at IS NULL AND own.expires_at > market_now() AND l.used_at IS NULL
        ORDER BY l.id FOR UPDATE OF l
    )
    RETURNING id, user_id
)
SELECT user_id FROM used WHERE id = %(link_id)s

-- name: delete_old_links
DELETE FROM account_links WHERE id IN (
    SELECT id FROM account_links WHERE expires_at < market_now() - interval '30 days'
    ORDER BY expires_at LIMIT 5000
)
