-- name: lock_wallets
SELECT user_id, balance, gas_balance FROM wallets
WHERE user_id = ANY(%(user_ids)s::uuid[]) ORDER BY user_id FOR UPDATE

-- name: insert_postings
INSERT INTO transactions (
    transfer_id, account, user_id, order_id, amount, type, reference_id, posting_key, balance_after
)
SELECT * FROM unnest(
    %(transfer_ids)s::uuid[], %(accounts)s::text[], %(user_ids)s::uuid[], %(order_ids)s::uuid[],
    %(amounts)s::bigint[], %(types)s::text[], %(references)s::text[], %(keys)s::text[],
    %(balances)s::bigint[]
)

-- name: update_wallets
-- What is held and owed was changed by statements before this one, so that it is seen here.
WITH w AS (
    UPDATE wallets w
    SET balance = n.balance, gas_balance = n.gas_balance, version = version + 1,
        updated_at = market_now()
    FROM unnest(%(user_ids)s::uuid[], %(balances)s::bigint[], %(gas_balances)s::bigint[])
        AS n(user_id, balance, gas_balance)
    WHERE w.user_id = n.user_id
    RETURNING w.user_id, w.balance, w.gas_balance, w.version, w.updated_at, w.payouts_stopped_at
)
SELECT w.user_id, w.balance, w.gas_balance, w.version, w.updated_at,
       w.payouts_stopped_at IS NOT NULL AS payouts_stopped,
       l.held_amount, l.owed_amount, l.held
FROM w CROSS JOIN LATERAL wallet_limits(w.user_id, market_now()) l

-- name: insert_hold
-- What would be free already needs no hold.
INSERT INTO wallet_holds (user_id, payment_id, amount, left_amount, free_at, created_at)
SELECT %(user_id)s, %(payment_id)s, %(amount)s, %(amount)s, f.free_at, f.now
FROM (
    SELECT coalesce(%(since)s::timestamptz, now) + make_interval(days => %(days)s) AS free_at, now
    FROM (SELECT market_now() AS now) AS clock
) AS f
WHERE f.free_at > f.now

-- name: spend_held
-- The wallet is locked. What comes first is taken whole before the next is touched.
WITH active AS (
    SELECT h.id, h.left_amount,
           sum(h.left_amount) OVER (
               ORDER BY (h.payment_id = %(payment_id)s::uuid) IS TRUE DESC, h.free_at DESC, h.id
           ) - h.left_amount AS taken_before
    FROM wallet_holds h
    WHERE h.user_id = %(user_id)s AND h.left_amount > 0
      AND h.free_at > (SELECT market_now())
), taken AS (
    UPDATE wallet_holds h
    SET left_amount = h.left_amount - least(a.left_amount, %(amount)s - a.taken_before)
    FROM active a
    WHERE h.id = a.id AND a.taken_before < %(amount)s
    RETURNING h.id, least(a.left_amount, %(amount)s - a.taken_before) AS amount
)
INSERT INTO wallet_hold_uses (purpose_id, hold_id, amount)
SELECT %(purpose_id)s, id, amount FROM taken
ON CONFLICT (purpose_id, hold_id)
DO UPDATE SET amount = wallet_hold_uses.amount + excluded.amount

-- name: return_held
-- What would be free last comes back first, as it was spent first.
WITH used AS (
    SELECT u.hold_id, u.amount,
           sum(u.amount) OVER (ORDER BY h.free_at DESC, h.id) - u.amount AS back_before
    FROM wallet_hold_uses u JOIN wallet_holds h ON h.id = u.hold_id
    WHERE u.purpose_id = %(purpose_id)s AND u.amount > 0 AND h.user_id = %(user_id)s
), back AS (
    SELECT hold_id, least(amount, %(amount)s - back_before) AS amount
    FROM used WHERE back_before < %(amount)s
), held AS (
    UPDATE wallet_holds h SET left_amount = h.left_amount + b.amount
    FROM back b WHERE h.id = b.hold_id
)
UPDATE wallet_hold_uses u SET amount = u.amount - b.amount
FROM back b WHERE u.purpose_id = %(purpose_id)s AND u.hold_id = b.hold_id

-- name: find_left
SELECT coalesce(sum(left_amount), 0)::bigint AS amount FROM wallet_holds
WHERE payment_id = %(payment_id)s

-- name: move_use
-- A top-up has one hold.
WITH taken AS (
    UPDATE wallet_hold_uses u SET amount = u.amount - %(amount)s
    FROM wallet_holds h
    WHERE h.id = u.hold_id AND h.payment_id = %(payment_id)s AND u.purpose_id = %(source_id)s
    RETURNING u.hold_id
)
INSERT INTO wallet_hold_uses (purpose_id, hold_id, amount)
SELECT %(target_id)s, hold_id, %(amount)s FROM taken
ON CONFLICT (purpose_id, hold_id)
DO UPDATE SET amount = wallet_hold_uses.amount + excluded.amount

-- name: find_free_at
-- When so much can be withdrawn, if nothing else happens; NULL when the holds do not decide that.
SELECT min(free_at) AS free_at FROM (
    SELECT free_at, sum(left_amount) OVER (ORDER BY free_at, id) AS freed
    FROM wallet_holds
    WHERE user_id = %(user_id)s AND left_amount > 0 AND free_at > (SELECT market_now())
) AS holds
WHERE freed >= %(amount)s

-- name: stop_payouts
UPDATE wallets
SET payouts_stopped_at = coalesce(payouts_stopped_at, market_now()), version = version + 1
WHERE user_id = %(user_id)s

-- name: allow_payouts
UPDATE wallets SET payouts_stopped_at = NULL, version = version + 1
WHERE user_id = %(user_id)s AND payouts_stopped_at IS NOT NULL

-- name: move_held
UPDATE orders o SET held_amount = o.held_amount + n.amount
FROM unnest(%(order_ids)s::uuid[], %(amounts)s::bigint[]) AS n(order_id, amount)
WHERE o.id = n.order_id
RETURNING o.id

-- name: find_wallet
SELECT w.user_id, w.balance, w.gas_balance, w.version, w.updated_at,
       w.payouts_stopped_at IS NOT NULL AS payouts_stopped,
       l.held_amount, l.owed_amount, l.held
FROM wallets w CROSS JOIN LATERAL wallet_limits(w.user_id, market_now()) l
WHERE w.user_id = %(user_id)s

-- name: list_entries
SELECT seq, id, account, type, amount, balance_after, order_id, reference_id AS reference,
       created_at
FROM transactions
WHERE user_id = %(user_id)s
  AND (%(account)s::text IS NULL OR account = %(account)s::text)
  AND (%(before)s::bigint IS NULL OR seq < %(before)s)
ORDER BY seq DESC LIMIT %(limit)s
