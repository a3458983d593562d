-- name: find_open_payment_of_order
SELECT id FROM payments WHERE order_id = %(order_id)s AND status IN ('opening', 'open')

-- name: find_paid_payment_of_order
SELECT id, user_id, purpose, order_id, amount, currency, status, session_id, intent_id,
       checkout_url
FROM payments WHERE order_id = %(order_id)s AND status = 'succeeded'

-- name: insert_payment
INSERT INTO payments (user_id, purpose, order_id, amount, currency)
VALUES (%(user_id)s, %(purpose)s, %(order_id)s, %(amount)s, %(currency)s)
RETURNING id

-- name: find_payment
SELECT id, user_id, purpose, order_id, amount, currency, status, session_id, intent_id,
       checkout_url
FROM payments WHERE id = %(payment_id)s

-- name: find_payment_of_intent
SELECT id FROM payments WHERE intent_id = %(intent_id)s

-- name: lock_intent
SELECT pg_advisory_xact_lock(hashtextextended(%(intent_id)s, 14))

-- name: lock_payment
SELECT id, user_id, purpose, order_id, amount, currency, status, session_id, intent_id,
       checkout_url
FROM payments WHERE id = %(payment_id)s FOR NO KEY UPDATE

-- name: update_open
UPDATE payments
SET status = 'open', session_id = %(session_id)s, checkout_url = %(checkout_url)s,
    leased_until = market_now() + interval '45 seconds', updated_at = market_now()
WHERE id = %(payment_id)s AND status = 'opening'

-- name: update_succeeded
UPDATE payments
SET status = 'succeeded', intent_id = %(intent_id)s,
    session_id = coalesce(session_id, %(intent_id)s), updated_at = market_now()
WHERE id = %(payment_id)s

-- name: update_failed
UPDATE payments p
SET status = 'failed', failure = %(failure)s, intent_id = coalesce(%(intent_id)s, p.intent_id),
    updated_at = market_now()
FROM (SELECT id, status FROM payments WHERE id = %(payment_id)s FOR NO KEY UPDATE) before
WHERE p.id = before.id AND before.status IN ('opening', 'open', 'failed')
RETURNING before.status <> 'failed' AS is_news

-- name: lease_unfinished
UPDATE payments SET leased_until = market_now() + interval '45 seconds'
WHERE id IN (
    SELECT id FROM payments
    WHERE status IN ('opening', 'open') AND leased_until <= market_now()
    ORDER BY leased_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id, user_id, purpose, order_id, amount, currency, status, session_id, intent_id,
          checkout_url

-- name: insert_event
INSERT INTO provider_events (id, type) VALUES (%(id)s, %(type)s) ON CONFLICT DO NOTHING

-- name: insert_refund
INSERT INTO provider_refunds (payment_id, order_id, amount)
VALUES (%(payment_id)s, %(order_id)s, %(amount)s)
RETURNING id

-- name: insert_refund_of_intent
INSERT INTO provider_refunds (intent_id, amount) VALUES (%(intent_id)s, %(amount)s)
RETURNING id

-- name: find_intent_of_refund
SELECT coalesce(r.intent_id, p.intent_id) AS intent_id
FROM provider_refunds r LEFT JOIN payments p ON p.id = r.payment_id
WHERE r.id::text = %(refund_id)s AND r.order_id IS NULL

-- name: sum_refunds
SELECT (SELECT coalesce(sum(r.amount), 0) FROM provider_refunds r
        JOIN payments p ON p.id = r.payment_id
        WHERE p.intent_id = %(intent_id)s AND r.status <> 'failed')
     + (SELECT coalesce(sum(amount), 0) FROM provider_refunds
        WHERE intent_id = %(intent_id)s AND status <> 'failed')
     + (SELECT coalesce(sum(amount), 0) FROM chargebacks
        WHERE intent_id = %(intent_id)s AND kind = 'refund' AND status <> 'won') AS amount

-- name: list_known_refunds
SELECT provider_id FROM provider_refunds WHERE provider_id = ANY(%(provider_ids)s::text[])

-- name: lock_refund
-- A refund of ours that the provider knows by another id is another refund: its keys are forgotten
-- after a day, so that one asked for again later is made a second time.
SELECT r.id, r.payment_id, r.order_id, r.amount, r.status, r.provider_id,
       coalesce(r.intent_id, p.intent_id) AS intent_id, p.user_id, o.paid_at
FROM provider_refunds r LEFT JOIN payments p ON p.id = r.payment_id
LEFT JOIN orders o ON o.id = r.order_id
WHERE r.provider_id = %(provider_id)s
   OR (r.id = %(refund_id)s
       AND (r.provider_id IS NULL OR %(provider_id)s = '' OR r.provider_id = %(provider_id)s))
FOR NO KEY UPDATE OF r

-- name: lease_refunds
-- What was not asked for yet, and what the provider has said nothing more of for a minute.
WITH due AS (
    UPDATE provider_refunds SET leased_until = market_now() + interval '45 seconds'
    WHERE id IN (
        SELECT id FROM provider_refunds
        WHERE status IN ('asking', 'asked') AND leased_until <= market_now()
        ORDER BY leased_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, payment_id, order_id, amount, status, provider_id, intent_id
)
SELECT d.id, d.payment_id, d.order_id, d.amount, d.status, d.provider_id,
       coalesce(d.intent_id, p.intent_id) AS intent_id, p.user_id
FROM due d LEFT JOIN payments p ON p.id = d.payment_id

-- name: update_refund
UPDATE provider_refunds
SET status = %(status)s, provider_id = coalesce(%(provider_id)s, provider_id),
    updated_at = market_now()
WHERE id = %(refund_id)s

-- name: insert_alert
INSERT INTO alerts (kind, subject, details) VALUES (%(kind)s, %(subject)s, %(details)s::jsonb)
ON CONFLICT DO NOTHING
