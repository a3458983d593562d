-- name: insert_pending
INSERT INTO pending_signups (id, email, display_name, role, expires_at)
VALUES (
    %(signup_id)s, %(email)s, %(display_name)s, %(role)s,
    market_now() + make_interval(hours => %(hours)s)
)

-- name: find_pending
SELECT id, email, display_name, role, expires_at FROM pending_signups
WHERE id = %(signup_id)s AND expires_at > market_now()

-- name: use_pending
-- One proof uses up all sign-ups of its address. Of many at once the first finds the rows; the
-- others wait for its commit and find none. The order keeps them from deadlock.
WITH used AS (
    DELETE FROM pending_signups WHERE id IN (
        SELECT p.id FROM pending_signups p
        JOIN pending_signups own ON own.email = p.email
        WHERE own.id = %(signup_id)s AND own.expires_at > market_now()
        ORDER BY p.id FOR UPDATE OF p
    )
    RETURNING id, email, display_name, role, expires_at
)
SELECT * FROM used WHERE id = %(signup_id)s

-- name: delete_pending
DELETE FROM pending_signups WHERE id = %(signup_id)s

-- name: delete_old_pending
DELETE FROM pending_signups WHERE id IN (
    SELECT id FROM pending_signups WHERE expires_at < market_now()
    ORDER BY expires_at LIMIT 5000
)
