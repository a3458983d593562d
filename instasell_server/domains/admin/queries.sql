-- name: lock_admins
-- Requests that demote admins wait for each other, so that two never demote the last two.
SELECT pg_advisory_xact_lock(hashtextextended('instasell admins', 13))

-- name: has_other_admin
SELECT EXISTS (
    SELECT FROM users WHERE role = 'admin' AND status = 'active' AND id <> %(user_id)s
) AS found

-- name: list_users
SELECT id, email, display_name, role, status, verification_status, created_at
FROM users
WHERE (%(q)s::text IS NULL OR plain_text(email) LIKE like_pattern(%(q)s::text)
       OR plain_text(display_name) LIKE like_pattern(%(q)s::text)
       OR id = CASE WHEN %(q)s::text ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                    THEN (%(q)s::text)::uuid END)
  AND (%(role)s::text IS NULL OR role = %(role)s::text)
  AND (%(status)s::text IS NULL OR status = %(status)s::text)
  AND (%(before_at)s::timestamptz IS NULL
       OR (created_at, id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: insert_action
INSERT INTO admin_actions (admin_id, action, subject_kind, subject_id, reason, details)
VALUES (
    %(admin_id)s, %(action)s, %(subject_kind)s, %(subject_id)s, %(reason)s, %(details)s::jsonb
)

-- name: list_actions
SELECT a.id, a.admin_id, u.display_name AS admin_name, a.action, a.subject_kind, a.subject_id,
       a.reason, a.details, a.created_at
FROM admin_actions a JOIN users u ON u.id = a.admin_id
WHERE (%(admin_id)s::uuid IS NULL OR a.admin_id = %(admin_id)s::uuid)
  AND (%(action)s::text IS NULL OR a.action = %(action)s::text)
  AND (%(subject_id)s::uuid IS NULL OR a.subject_id = %(subject_id)s::uuid)
  AND (%(before)s::bigint IS NULL OR a.id < %(before)s::bigint)
ORDER BY a.id DESC LIMIT %(limit)s

-- name: list_alerts
SELECT id, kind, subject, details, created_at, closed_at
FROM alerts
WHERE (%(closed)s::boolean IS NULL OR (closed_at IS NOT NULL) = %(closed)s::boolean)
  AND (%(before_at)s::timestamptz IS NULL
       OR (closed_at IS NOT NULL) > %(is_closed)s::boolean
       OR ((closed_at IS NOT NULL) = %(is_closed)s::boolean
           AND (created_at, id) < (%(before_at)s::timestamptz, %(before_id)s::uuid)))
ORDER BY (closed_at IS NOT NULL), created_at DESC, id DESC LIMIT %(limit)s

-- name: close_alert
UPDATE alerts SET closed_at = market_now() WHERE id = %(alert_id)s AND closed_at IS NULL
RETURNING id

-- name: find_alert
SELECT id, kind, subject, details, created_at, closed_at FROM alerts WHERE id = %(alert_id)s

-- name: list_ledger_of_order
SELECT id, transfer_id, account, user_id, order_id, type, amount, reference_id AS reference,
       created_at
FROM transactions
WHERE transfer_id IN (SELECT transfer_id FROM transactions WHERE order_id = %(order_id)s)
ORDER BY seq
