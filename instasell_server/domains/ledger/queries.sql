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
UPDATE wallets w
SET balance = n.balance, gas_balance = n.gas_balance, version = version + 1,
    updated_at = market_now()
FROM unnest(%(user_ids)s::uuid[], %(balances)s::bigint[], %(gas_balances)s::bigint[])
    AS n(user_id, balance, gas_balance)
WHERE w.user_id = n.user_id
RETURNING w.user_id, w.balance, w.gas_balance, w.version, w.updated_at

-- name: move_held
UPDATE orders o SET held_amount = o.held_amount + n.amount
FROM unnest(%(order_ids)s::uuid[], %(amounts)s::bigint[]) AS n(order_id, amount)
WHERE o.id = n.order_id
RETURNING o.id

-- name: find_wallet
SELECT user_id, balance, gas_balance, version, updated_at FROM wallets WHERE user_id = %(user_id)s

-- name: list_entries
SELECT seq, id, account, type, amount, balance_after, order_id, reference_id AS reference,
       created_at
FROM transactions
WHERE user_id = %(user_id)s
  AND (%(account)s::text IS NULL OR account = %(account)s::text)
  AND (%(before)s::bigint IS NULL OR seq < %(before)s)
ORDER BY seq DESC LIMIT %(limit)s
