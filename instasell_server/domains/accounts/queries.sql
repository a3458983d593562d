-- name: insert_user
WITH made AS (
    INSERT INTO users (email, password_hash, display_name, role)
    VALUES (
        %(email)s, %(password_hash)s,
        coalesce(%(display_name)s, 'member-' || substr(gen_random_uuid()::text, 1, 8)), %(role)s
    )
    RETURNING id, email, display_name, role, status, verification_status, created_at, version
), purse AS (
    INSERT INTO wallets (user_id) SELECT id FROM made
)
SELECT * FROM made

-- name: find_account
SELECT id FROM users WHERE email = ANY(%(emails)s::text[])
ORDER BY array_position(%(emails)s::text[], email) LIMIT 1

-- name: find_sign_in
SELECT u.id, u.password_hash, EXISTS (
    SELECT FROM known_addresses k
    WHERE k.user_id = u.id AND k.address_hash = %(address_hash)s
      AND k.last_used_at > market_now() - interval '90 days'
) AS is_known
FROM users u WHERE u.email = ANY(%(emails)s::text[])
ORDER BY array_position(%(emails)s::text[], u.email) LIMIT 1

-- name: get_password_hash
SELECT email, display_name, password_hash FROM users WHERE id = %(user_id)s

-- name: get_user
SELECT id, email, display_name, role, status, verification_status, created_at, version
FROM users WHERE id = %(user_id)s

-- name: update_display_name
UPDATE users SET display_name = %(display_name)s, updated_at = market_now()
WHERE id = %(user_id)s
RETURNING id, email, display_name, role, status, verification_status, created_at, version

-- name: replace_password_hash
UPDATE users SET password_hash = %(new_hash)s, updated_at = market_now()
WHERE id = %(user_id)s AND password_hash = %(old_hash)s

-- name: update_password_hash
UPDATE users SET password_hash = %(password_hash)s, updated_at = market_now()
WHERE id = %(user_id)s

-- name: update_role
UPDATE users SET role = %(role)s, version = version + 1, updated_at = market_now()
WHERE id = %(user_id)s AND role <> %(role)s
RETURNING id

-- name: update_status
UPDATE users SET status = %(status)s, version = version + 1, updated_at = market_now()
WHERE id = %(user_id)s AND status <> %(status)s
RETURNING id

-- name: update_verification
UPDATE users SET verification_status = %(status)s, updated_at = market_now()
WHERE id = %(user_id)s AND verification_status <> %(status)s
RETURNING id

-- name: insert_login
-- The share lock orders a sign-in against a new password, a suspension and a new role: whichever
-- commits first is seen by the other, so no session outlives what should have ended it.
WITH owner AS (
    SELECT id, email, display_name, role, status, verification_status, created_at, version
    FROM users WHERE id = %(user_id)s AND password_hash = %(password_hash)s FOR SHARE
), opened AS (
    INSERT INTO sessions (user_id, kind, expires_at)
    SELECT id, 'login', clock_timestamp() + make_interval(days => %(days)s) FROM owner
    RETURNING id, expires_at
), known AS (
    -- A day is fine enough, and spares the row an update at each sign-in.
    INSERT INTO known_addresses AS k (user_id, address_hash)
    SELECT id, %(address_hash)s FROM owner
    ON CONFLICT (user_id, address_hash) DO UPDATE SET last_used_at = EXCLUDED.last_used_at
    WHERE k.last_used_at < EXCLUDED.last_used_at - interval '1 day'
)
SELECT owner.*, opened.id AS session_id, opened.expires_at FROM owner, opened

-- name: open_session
-- The share lock orders this against the end of the session that asks (lock_sessions): whichever
-- commits first is seen by the other. A session of a session opens no more, so one end ends all.
WITH asking AS (
    SELECT id, user_id, kind, scopes, expires_at FROM sessions
    WHERE id = %(session_id)s AND user_id = %(user_id)s AND opened_by IS NULL
      AND revoked_at IS NULL AND expires_at > clock_timestamp()
    FOR SHARE
), opened AS (
    INSERT INTO sessions (user_id, kind, name, scopes, expires_at, opened_by)
    SELECT user_id, kind, CASE WHEN kind = 'token' THEN %(name)s END, scopes,
           least(expires_at, clock_timestamp() + make_interval(days => %(days)s)), id
    FROM asking
    RETURNING id, kind, scopes, expires_at
)
SELECT opened.id AS session_id, opened.kind, opened.scopes, opened.expires_at, true AS is_copied,
       u.id AS user_id, u.id, u.email, u.display_name, u.role, u.status, u.verification_status,
       u.created_at, u.version
FROM opened, users u WHERE u.id = %(user_id)s

-- name: is_opened_by_another
SELECT opened_by IS NOT NULL AS is_opened FROM sessions WHERE id = %(session_id)s

-- name: list_surplus_opened
SELECT id::text AS session_id FROM sessions
WHERE user_id = %(user_id)s AND opened_by = %(session_id)s AND revoked_at IS NULL
ORDER BY created_at DESC, id DESC OFFSET %(keep)s

-- name: lock_sessions
SELECT id FROM sessions
WHERE user_id = %(user_id)s AND revoked_at IS NULL
  AND (%(only)s::uuid IS NULL OR id = %(only)s::uuid)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
ORDER BY id
FOR UPDATE

-- name: lock_owner
SELECT id FROM users WHERE id = %(user_id)s FOR SHARE

-- name: insert_token
INSERT INTO sessions (user_id, kind, name, scopes, expires_at)
SELECT s.user_id, 'token', %(name)s, %(scopes)s::text[],
       clock_timestamp() + make_interval(days => %(days)s)
FROM sessions s
WHERE s.id = %(session_id)s AND s.user_id = %(user_id)s AND s.revoked_at IS NULL
RETURNING id, name, scopes, created_at, expires_at

-- name: count_tokens
SELECT count(*) AS live FROM sessions
WHERE user_id = %(user_id)s AND kind = 'token' AND opened_by IS NULL AND revoked_at IS NULL
  AND expires_at > clock_timestamp()

-- name: list_tokens
SELECT id, name, scopes, created_at, expires_at FROM sessions
WHERE user_id = %(user_id)s AND kind = 'token' AND opened_by IS NULL AND revoked_at IS NULL
  AND expires_at > clock_timestamp()
ORDER BY created_at DESC, id DESC

-- name: find_session
SELECT s.id AS session_id, s.kind, s.scopes, s.expires_at, s.is_copied, u.id AS user_id, u.role,
       u.status, u.version
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = %(session_id)s AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()

-- name: update_copied
UPDATE sessions SET is_copied = %(is_copied)s WHERE id = %(session_id)s

-- name: list_sessions
SELECT s.id AS session_id, s.kind, s.scopes, s.expires_at, s.is_copied, u.id AS user_id, u.role,
       u.status, u.version
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.user_id = %(user_id)s AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()

-- name: revoke_sessions
WITH ended AS (
    UPDATE sessions SET revoked_at = market_now()
    WHERE user_id = %(user_id)s AND revoked_at IS NULL
      AND (%(only)s::uuid IS NULL OR id = %(only)s::uuid OR opened_by = %(only)s::uuid)
      AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
      AND id IS DISTINCT FROM %(keep)s::uuid
    RETURNING id, expires_at
)
SELECT EXISTS (SELECT FROM ended) AS any,
       ARRAY(SELECT id::text FROM ended WHERE expires_at > clock_timestamp()) AS live_ids

-- name: delete_known_addresses
DELETE FROM known_addresses WHERE user_id = %(user_id)s

-- name: delete_old_addresses
DELETE FROM known_addresses WHERE (user_id, address_hash) IN (
    SELECT user_id, address_hash FROM known_addresses
    WHERE last_used_at < market_now() - interval '90 days'
    ORDER BY last_used_at LIMIT 5000
)

-- name: insert_burst_cause
INSERT INTO notice_causes (kind, payload)
VALUES ('failed_sign_ins', %(facts)s::jsonb)

-- name: delete_old_sessions
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < clock_timestamp() - interval '30 days'
    ORDER BY expires_at LIMIT 5000
)
