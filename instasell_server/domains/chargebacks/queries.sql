-- name: lock_chargeback
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, amount,
       refunded_amount, escrow_amount, owed_amount, recovered_amount, fee_amount, status,
       holds_order, kind, suspense_amount
FROM chargebacks WHERE provider_id = %(provider_id)s FOR NO KEY UPDATE

-- name: list_paid_parts
SELECT o.id AS order_id, sum(u.amount)::bigint AS amount
FROM wallet_holds h
JOIN wallet_hold_uses u ON u.hold_id = h.id AND u.amount > 0
JOIN orders o ON o.id = u.purpose_id
WHERE h.payment_id = %(payment_id)s AND o.status IN ('processing', 'shipped', 'disputed')
GROUP BY o.id ORDER BY 2 DESC, 1 LIMIT %(limit)s

-- name: list_claimed_ids
SELECT o.order_id FROM chargebacks c JOIN chargeback_orders o ON o.chargeback_id = c.id
WHERE c.provider_id = %(provider_id)s ORDER BY 1

-- name: insert_claimed_order
INSERT INTO chargeback_orders (chargeback_id, order_id, dispute_id, escrow_amount)
VALUES (%(chargeback_id)s, %(order_id)s, %(dispute_id)s, %(escrow_amount)s)

-- name: list_claimed_orders
SELECT order_id, dispute_id, escrow_amount FROM chargeback_orders
WHERE chargeback_id = %(chargeback_id)s ORDER BY order_id

-- name: list_orders_of_chargeback
SELECT order_id FROM chargebacks WHERE provider_id = %(provider_id)s AND order_id IS NOT NULL
UNION
SELECT o.order_id FROM chargebacks c JOIN chargeback_orders o ON o.chargeback_id = c.id
WHERE c.provider_id = %(provider_id)s

-- name: find_open_top_up
SELECT payment_id FROM chargebacks
WHERE provider_id = %(provider_id)s AND kind = 'chargeback' AND status = 'open'
  AND order_id IS NULL AND payment_id IS NOT NULL

-- name: update_claimed_order
UPDATE chargeback_orders SET escrow_amount = %(escrow_amount)s
WHERE chargeback_id = %(chargeback_id)s AND order_id = %(order_id)s

-- name: find_payer
SELECT p.user_id FROM chargebacks c JOIN payments p ON p.id = c.payment_id
WHERE c.id = %(chargeback_id)s

-- name: lock_unattached
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, amount,
       refunded_amount, escrow_amount, owed_amount, recovered_amount, fee_amount, status,
       holds_order, kind, suspense_amount
FROM chargebacks WHERE intent_id = %(intent_id)s AND payment_id IS NULL
ORDER BY id FOR NO KEY UPDATE

-- name: lock_open_debt
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, amount,
       refunded_amount, escrow_amount, owed_amount, recovered_amount, fee_amount, status,
       holds_order, kind, suspense_amount
FROM chargebacks
WHERE id = %(chargeback_id)s AND owed_amount > 0 FOR NO KEY UPDATE

-- name: list_recoverable
SELECT d.chargeback_id, d.debtor_id
FROM chargeback_debts d
JOIN wallets w ON w.user_id = d.debtor_id
JOIN chargebacks c ON c.id = d.chargeback_id
WHERE d.is_due AND d.owed_amount > 0 AND w.balance > 0
ORDER BY c.created_at, c.id, d.debtor_id LIMIT %(limit)s

-- name: get_claims
SELECT coalesce(sum(c.refunded_amount), 0)::bigint AS refunded_amount,
       -- What a refund took out of escrow is counted by the order itself.
       coalesce(sum(c.escrow_amount) FILTER (WHERE c.kind = 'chargeback'), 0)::bigint
           AS escrow_amount,
       coalesce(sum(d.owed_amount + d.recovered_amount), 0)::bigint AS seller_amount
FROM chargebacks c
LEFT JOIN chargeback_debts d ON d.chargeback_id = c.id AND d.debtor_id = %(seller_id)s
WHERE c.order_id = %(order_id)s AND c.status <> 'won'

-- name: insert_debt
INSERT INTO chargeback_debts (chargeback_id, debtor_id, owed_amount, recovered_amount, is_due)
VALUES (%(chargeback_id)s, %(debtor_id)s, %(owed_amount)s, %(recovered_amount)s, %(is_due)s)

-- name: list_debts
SELECT debtor_id, owed_amount, recovered_amount, is_due FROM chargeback_debts
WHERE chargeback_id = %(chargeback_id)s ORDER BY debtor_id

-- name: update_debt
UPDATE chargeback_debts
SET owed_amount = %(owed_amount)s, recovered_amount = %(recovered_amount)s, is_due = %(is_due)s
WHERE chargeback_id = %(chargeback_id)s AND debtor_id = %(debtor_id)s

-- name: insert_chargeback
INSERT INTO chargebacks (provider_id, intent_id, amount, owed_amount, created_at, kind)
VALUES (%(provider_id)s, %(intent_id)s, %(amount)s, %(amount)s, %(now)s, %(kind)s)
RETURNING id, provider_id, intent_id, payment_id, order_id, dispute_id, amount,
          refunded_amount, escrow_amount, owed_amount, recovered_amount, fee_amount, status,
          holds_order, kind, suspense_amount

-- name: update_chargeback
UPDATE chargebacks
SET amount = %(amount)s, payment_id = %(payment_id)s, order_id = %(order_id)s, dispute_id = %(dispute_id)s,
    refunded_amount = %(refunded_amount)s, escrow_amount = %(escrow_amount)s,
    owed_amount = %(owed_amount)s, recovered_amount = %(recovered_amount)s,
    fee_amount = %(fee_amount)s, status = %(status)s, holds_order = %(holds_order)s,
    suspense_amount = %(suspense_amount)s,
    closed_at = CASE WHEN %(status)s = 'open' THEN NULL
                     ELSE coalesce(closed_at, %(now)s) END
WHERE id = %(id)s

-- name: take_kept
WITH before AS (
    SELECT intent_id, least(kept_amount, %(amount)s) AS taken FROM unmatched_payments
    WHERE intent_id = %(intent_id)s AND kept_amount > 0 FOR UPDATE
)
UPDATE unmatched_payments u SET kept_amount = u.kept_amount - b.taken
FROM before b WHERE u.intent_id = b.intent_id
RETURNING b.taken

-- name: is_kept
SELECT intent_id FROM unmatched_payments WHERE intent_id = %(intent_id)s AND kept_amount > 0

-- name: find_order_of_refund
SELECT order_id FROM chargebacks WHERE provider_id = %(provider_id)s AND kind = 'refund'

-- name: keep
INSERT INTO unmatched_payments (intent_id, amount, kept_amount)
VALUES (%(intent_id)s, %(amount)s, %(amount)s)
ON CONFLICT (intent_id)
DO UPDATE SET kept_amount = unmatched_payments.kept_amount + excluded.kept_amount

-- name: lock_uncovered
SELECT id, provider_id, intent_id, payment_id, order_id, dispute_id, amount,
       refunded_amount, escrow_amount, owed_amount, recovered_amount, fee_amount, status,
       holds_order, kind, suspense_amount
FROM chargebacks c
WHERE intent_id = %(intent_id)s AND owed_amount > 0
  AND NOT EXISTS (SELECT FROM chargeback_debts d WHERE d.chargeback_id = c.id)
ORDER BY id FOR NO KEY UPDATE

-- name: insert_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT DO NOTHING

-- name: insert_changed_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT (kind, subject) DO UPDATE SET details = excluded.details, closed_at = NULL
WHERE alerts.details <> excluded.details
