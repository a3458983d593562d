-- name: lock_chargeback
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, debtor_id, amount,
       escrow_amount, owed_amount, recovered_amount, fee_amount, status, holds_order, is_due
FROM chargebacks WHERE provider_id = %(provider_id)s FOR NO KEY UPDATE

-- name: lock_unattached
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, debtor_id, amount,
       escrow_amount, owed_amount, recovered_amount, fee_amount, status, holds_order, is_due
FROM chargebacks WHERE intent_id = %(intent_id)s AND payment_id IS NULL
ORDER BY id FOR NO KEY UPDATE

-- name: lock_owed
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, debtor_id, amount,
       escrow_amount, owed_amount, recovered_amount, fee_amount, status, holds_order, is_due
FROM chargebacks
WHERE id = %(chargeback_id)s AND is_due AND owed_amount > 0 FOR NO KEY UPDATE

-- name: list_recoverable
SELECT c.id FROM chargebacks c JOIN wallets w ON w.user_id = c.debtor_id
WHERE c.is_due AND c.owed_amount > 0 AND c.debtor_id IS NOT NULL AND w.balance > 0
ORDER BY c.created_at, c.id LIMIT %(limit)s

-- name: insert_chargeback
INSERT INTO chargebacks (provider_id, intent_id, amount, owed_amount, created_at)
VALUES (%(provider_id)s, %(intent_id)s, %(amount)s, %(amount)s, %(now)s)
RETURNING id, provider_id, intent_id, payment_id, order_id, dispute_id, debtor_id, amount,
          escrow_amount, owed_amount, recovered_amount, fee_amount, status, holds_order, is_due

-- name: update_chargeback
UPDATE chargebacks
SET payment_id = %(payment_id)s, order_id = %(order_id)s, dispute_id = %(dispute_id)s,
    debtor_id = %(debtor_id)s, escrow_amount = %(escrow_amount)s, owed_amount = %(owed_amount)s,
    recovered_amount = %(recovered_amount)s, fee_amount = %(fee_amount)s, status = %(status)s,
    holds_order = %(holds_order)s, is_due = %(is_due)s,
    closed_at = CASE WHEN %(status)s = 'open' THEN NULL
                     ELSE coalesce(closed_at, %(now)s) END
WHERE id = %(id)s

-- name: insert_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT DO NOTHING

-- name: get_market_now
SELECT market_now() AS now
