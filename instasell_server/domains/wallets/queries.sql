-- name: find_payout_account
SELECT account_id FROM payout_accounts WHERE user_id = %(user_id)s

-- name: insert_payout_account
INSERT INTO payout_accounts (user_id, account_id) VALUES (%(user_id)s, %(account_id)s)
ON CONFLICT (user_id) DO NOTHING

-- name: find_owner
SELECT email, verification_status = 'verified' AS is_verified FROM users WHERE id = %(user_id)s

-- name: insert_withdrawal
INSERT INTO withdrawals (user_id, amount) VALUES (%(user_id)s, %(amount)s)
RETURNING id, amount, status, failure, created_at, updated_at

-- name: list_stopped
SELECT w.id FROM withdrawals w JOIN wallets p ON p.user_id = w.user_id
WHERE w.status = 'pending' AND w.leased_until <= market_now() AND w.asked_at IS NULL
  AND p.payouts_stopped_at IS NOT NULL
ORDER BY w.leased_until LIMIT %(limit)s

-- name: lock_unsent_withdrawal
SELECT id, user_id, amount FROM withdrawals
WHERE id = %(withdrawal_id)s AND status = 'pending' AND asked_at IS NULL FOR NO KEY UPDATE

-- name: lease_pending
-- What was asked once may have been done, so that it is asked until the answer is known, also
-- from a wallet that nothing may leave any more.
WITH due AS (
    UPDATE withdrawals
    SET leased_until = market_now() + interval '45 seconds',
        asked_at = coalesce(asked_at, market_now())
    WHERE id IN (
        SELECT w.id FROM withdrawals w JOIN wallets p ON p.user_id = w.user_id
        WHERE w.status = 'pending' AND w.leased_until <= market_now()
          AND (w.asked_at IS NOT NULL OR p.payouts_stopped_at IS NULL)
        ORDER BY w.leased_until LIMIT %(limit)s FOR UPDATE OF w SKIP LOCKED
    )
    RETURNING id, user_id, amount
)
SELECT d.id, d.user_id, d.amount, a.account_id
FROM due d JOIN payout_accounts a ON a.user_id = d.user_id

-- name: lock_withdrawal
SELECT id, user_id, amount, status FROM withdrawals WHERE id = %(withdrawal_id)s
FOR NO KEY UPDATE

-- name: lock_sent
SELECT id, user_id, amount, returned_amount FROM withdrawals
WHERE status = 'succeeded' AND provider_id = %(provider_id)s
  AND (%(withdrawal_id)s::uuid IS NULL OR id = %(withdrawal_id)s::uuid)
FOR NO KEY UPDATE

-- name: update_returned
UPDATE withdrawals SET returned_amount = %(amount)s, updated_at = market_now()
WHERE id = %(withdrawal_id)s

-- name: find_owner_of_account
SELECT user_id FROM payout_accounts WHERE account_id = %(account_id)s

-- name: insert_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT DO NOTHING

-- name: update_succeeded
UPDATE withdrawals
SET status = 'succeeded', provider_id = %(provider_id)s, updated_at = market_now()
WHERE id = %(withdrawal_id)s

-- name: update_failed
UPDATE withdrawals
SET status = 'failed', failure = %(failure)s, updated_at = market_now()
WHERE id = %(withdrawal_id)s

-- name: list_withdrawals
SELECT id, amount, status, failure, created_at, updated_at,
       (extract(epoch FROM created_at) * 1000000)::bigint AS sort_key
FROM withdrawals
WHERE user_id = %(user_id)s
  AND (%(after_key)s::bigint IS NULL OR
       ((extract(epoch FROM created_at) * 1000000)::bigint, id)
       < (%(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
