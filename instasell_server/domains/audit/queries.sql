-- name: list_auctions
SELECT id, seller_id, status, start_at, end_at, planned_end_at, min_bid, reserve, buy_now,
       increments, extension_window_seconds, extension_seconds, current_bid, current_bidder_id,
       leader_max, runner_up_max, reserve_met, seq, bidder_count, closed_at, winner_id, format,
       EXISTS (SELECT FROM orders o WHERE o.auction_id = a.id) AS has_order
FROM auctions a
WHERE id > %(after)s
ORDER BY id
LIMIT %(limit)s

-- name: list_wrong_sales
-- The winner buys at the price of the auction, a runner-up for no more than their maximum
-- and no less than the reserve.
SELECT o.id, o.unit_amount AS found,
       CASE WHEN o.buyer_id = a.winner_id THEN a.current_bid ELSE b.most END AS due
FROM orders o
JOIN auctions a ON a.id = o.auction_id
LEFT JOIN LATERAL (
    SELECT max(max_amount) AS most FROM bids
    WHERE auction_id = o.auction_id AND bidder_id = o.buyer_id
) b ON true
WHERE o.auction_id = ANY(%(ids)s::uuid[])
  AND NOT coalesce(
      CASE WHEN o.buyer_id = a.winner_id THEN o.unit_amount = a.current_bid
           ELSE o.unit_amount BETWEEN greatest(a.min_bid, a.reserve) AND b.most END,
      false)
ORDER BY 1

-- name: list_bids
SELECT auction_id, seq, bidder_id, bidder_no, kind, offered_amount, max_amount, amount,
       price_after, leader_after, created_at, leader_no_after, extended
FROM bids
WHERE auction_id = ANY(%(ids)s::uuid[])
ORDER BY auction_id, seq

-- name: list_unbalanced_transfers
SELECT transfer_id, sum(amount)::bigint AS total FROM transactions
GROUP BY transfer_id
HAVING sum(amount) <> 0
ORDER BY transfer_id

-- name: get_log_head
SELECT count(*) AS actions, coalesce(encode(
    (SELECT hash FROM admin_action_links ORDER BY position DESC LIMIT 1), 'hex'), '') AS head
FROM admin_actions

-- name: find_broken_link
-- The first row of the admins' log that is not what was linked, or is not linked as it was.
WITH links AS (
    SELECT l.position, coalesce(a.id, l.action_id) AS id,
           CASE WHEN l.position IS NULL THEN 'link'
                WHEN a.id IS NULL THEN 'row'
                WHEN l.position <> row_number() OVER w THEN 'position'
                WHEN l.previous_hash <> coalesce(lag(l.hash) OVER w,
                    decode(repeat('00', 32), 'hex')) THEN 'previous_hash'
                WHEN l.hash <> admin_action_hash(l.position, l.previous_hash, a) THEN 'hash'
           END AS broken
    FROM admin_action_links l FULL JOIN admin_actions a ON a.id = l.action_id
    WINDOW w AS (ORDER BY l.position NULLS LAST, a.id)
)
SELECT id, position, broken FROM links WHERE broken IS NOT NULL
ORDER BY position NULLS LAST, id LIMIT 1

-- name: count_books
SELECT (SELECT count(DISTINCT transfer_id) FROM transactions) AS transfers,
       (SELECT count(*) FROM wallets) AS wallets

-- name: list_wrong_wallets
SELECT coalesce(w.user_id, t.user_id) AS user_id, w.balance, w.gas_balance,
       coalesce(t.balance, 0) AS balance_due, coalesce(t.gas, 0) AS gas_due
FROM wallets w
FULL JOIN (
    SELECT user_id, sum(amount) FILTER (WHERE account = 'balance')::bigint AS balance,
           sum(amount) FILTER (WHERE account = 'gas')::bigint AS gas
    FROM transactions WHERE user_id IS NOT NULL GROUP BY user_id
) t ON t.user_id = w.user_id
WHERE w.balance IS DISTINCT FROM coalesce(t.balance, 0)
   OR w.gas_balance IS DISTINCT FROM coalesce(t.gas, 0)
ORDER BY 1

-- name: list_wrong_orders
SELECT o.id, o.held_amount, o.refunded_amount, o.total_amount, o.paid_at IS NOT NULL AS is_paid,
       coalesce(t.held, 0) AS held_due, coalesce(t.refunded, 0) AS refunded_due
FROM orders o
FULL JOIN (
    SELECT order_id, sum(amount)::bigint AS held,
           -sum(amount) FILTER (WHERE type = 'refund')::bigint AS refunded
    FROM transactions WHERE account = 'escrow' GROUP BY order_id
) t ON t.order_id = o.id
WHERE o.held_amount IS DISTINCT FROM coalesce(t.held, 0)
   OR o.refunded_amount IS DISTINCT FROM coalesce(t.refunded, 0)
ORDER BY 1

-- name: list_wrongly_disputed_orders
-- A bank may claim what is released or given back already, and then the order stays as it is.
SELECT o.id, o.status = 'disputed' AS is_disputed,
       d.id IS NOT NULL OR o.bank_claims > 0 AS has_open_dispute
FROM orders o
LEFT JOIN disputes d ON d.order_id = o.id AND d.status = 'open' AND d.kind = 'complaint'
WHERE (o.status = 'disputed') <> (d.id IS NOT NULL OR o.bank_claims > 0)
ORDER BY 1

-- name: list_wrongly_claimed_orders
-- Claimed by the chargeback of its own payment, or of a top-up that paid it. As long as something
-- of a top-up is owed, no open order that was paid before has any of it.
SELECT o.id, o.bank_claims AS found, coalesce(c.claims, 0) AS due
FROM orders o
LEFT JOIN (
    SELECT order_id, count(*) AS claims FROM (
        SELECT order_id FROM chargebacks WHERE status = 'open' AND holds_order
        UNION ALL
        SELECT p.order_id FROM chargebacks b JOIN chargeback_orders p ON p.chargeback_id = b.id
        WHERE b.status = 'open'
        UNION ALL
        SELECT p.id FROM chargebacks b
        JOIN wallet_holds h ON h.payment_id = b.payment_id
        JOIN wallet_hold_uses u ON u.hold_id = h.id AND u.amount > 0
        JOIN orders p ON p.id = u.purpose_id AND p.paid_at < b.created_at
        WHERE b.status = 'open' AND b.order_id IS NULL AND b.owed_amount > 0
          AND p.status IN ('processing', 'shipped', 'disputed')
    ) claimed GROUP BY order_id
) c ON c.order_id = o.id
WHERE o.bank_claims <> coalesce(c.claims, 0)
ORDER BY 1

-- name: list_wrong_chargebacks
-- Each account's rows of a chargeback against what its own row says: nothing of one that was won.
SELECT c.id, n.field, n.due, n.booked FROM chargebacks c
LEFT JOIN (
    SELECT reference_id,
           sum(amount) FILTER (WHERE account = 'stripe')::bigint AS taken,
           -sum(amount) FILTER (WHERE account = 'escrow')::bigint AS escrow,
           -sum(amount) FILTER (WHERE account = 'receivable')::bigint AS owed,
           -sum(amount) FILTER (WHERE account = 'suspense')::bigint AS suspense,
           -sum(amount) FILTER (WHERE account = 'balance')::bigint AS recovered
    FROM transactions
    WHERE type = 'chargeback' OR (type = 'refund' AND account = 'escrow') GROUP BY reference_id
) t ON t.reference_id = c.id::text
LEFT JOIN (
    SELECT reference_id, sum(amount)::bigint AS fee
    FROM transactions WHERE type = 'fee' AND account = 'stripe' GROUP BY reference_id
) f ON f.reference_id = c.id::text
CROSS JOIN LATERAL (VALUES
    ('taken', CASE c.status WHEN 'won' THEN 0 ELSE c.amount END, coalesce(t.taken, 0)),
    -- What a refund took out of escrow is the buyer's also when the card did not take it.
    ('escrow', CASE WHEN c.status = 'won' AND c.kind = 'chargeback' THEN 0
                    ELSE c.escrow_amount END, coalesce(t.escrow, 0)),
    ('suspense', CASE c.status WHEN 'won' THEN 0 ELSE c.suspense_amount END,
     coalesce(t.suspense, 0)),
    ('owed', c.owed_amount, coalesce(t.owed, 0)),
    ('recovered', c.recovered_amount, coalesce(t.recovered, 0)),
    ('fee', c.fee_amount, coalesce(f.fee, 0))
) AS n(field, due, booked)
WHERE n.due <> n.booked
UNION ALL
-- What a chargeback of a top-up takes of each order, and of all of them.
SELECT p.chargeback_id, 'escrow_of_order', CASE b.status WHEN 'won' THEN 0 ELSE p.escrow_amount END,
       coalesce(t.escrow, 0)
FROM chargeback_orders p JOIN chargebacks b ON b.id = p.chargeback_id
LEFT JOIN (
    SELECT reference_id, order_id, -sum(amount)::bigint AS escrow FROM transactions
    WHERE account = 'escrow' AND type = 'chargeback' GROUP BY reference_id, order_id
) t ON t.reference_id = p.chargeback_id::text AND t.order_id = p.order_id
WHERE CASE b.status WHEN 'won' THEN 0 ELSE p.escrow_amount END <> coalesce(t.escrow, 0)
UNION ALL
SELECT b.id, 'escrow_of_orders', b.escrow_amount, coalesce(p.escrow, 0)
FROM chargebacks b
LEFT JOIN (
    SELECT chargeback_id, sum(escrow_amount)::bigint AS escrow FROM chargeback_orders
    GROUP BY chargeback_id
) p ON p.chargeback_id = b.id
WHERE b.order_id IS NULL AND b.escrow_amount <> coalesce(p.escrow, 0)
ORDER BY 1, 2

-- name: list_wrong_debts
-- What people owe and have paid for a chargeback is no more than it says; what nobody owes is the
-- platform's. What has come from each wallet is what the ledger has of it.
SELECT c.id, n.field, n.due, n.booked FROM chargebacks c
LEFT JOIN (
    SELECT chargeback_id, sum(owed_amount)::bigint AS owed,
           sum(recovered_amount)::bigint AS recovered
    FROM chargeback_debts GROUP BY chargeback_id
) d ON d.chargeback_id = c.id
CROSS JOIN LATERAL (VALUES
    ('owed_by_users', least(c.owed_amount, coalesce(d.owed, 0)), coalesce(d.owed, 0)),
    ('recovered_from_users', c.recovered_amount, coalesce(d.recovered, 0))
) AS n(field, due, booked)
WHERE n.due <> n.booked
UNION ALL
SELECT d.chargeback_id, 'recovered_of_debt', d.recovered_amount, coalesce(t.paid, 0)
FROM chargeback_debts d
LEFT JOIN (
    SELECT reference_id, user_id, -sum(amount)::bigint AS paid FROM transactions
    WHERE type = 'chargeback' AND account = 'balance' GROUP BY reference_id, user_id
) t ON t.reference_id = d.chargeback_id::text AND t.user_id = d.debtor_id
WHERE d.recovered_amount <> coalesce(t.paid, 0)
ORDER BY 1, 2

-- name: list_wrong_holds
-- What a payment brought is in the wallet, or in what it was spent on.
SELECT h.id, h.amount AS due, h.left_amount + coalesce(u.amount, 0) AS found
FROM wallet_holds h
LEFT JOIN (
    SELECT hold_id, sum(amount)::bigint AS amount FROM wallet_hold_uses GROUP BY hold_id
) u ON u.hold_id = h.id
WHERE h.amount <> h.left_amount + coalesce(u.amount, 0)
ORDER BY 1

-- name: list_overheld_wallets
SELECT w.user_id, w.balance, h.amount AS held
FROM wallets w JOIN (
    SELECT user_id, sum(left_amount)::bigint AS amount FROM wallet_holds
    WHERE left_amount > 0 AND free_at > (SELECT market_now()) GROUP BY user_id
) h ON h.user_id = w.user_id
WHERE h.amount > w.balance
ORDER BY 1

-- name: get_provider_account
-- What was asked of the provider may have been done there already, and what a payer does there may
-- not have been heard of yet.
SELECT -(SELECT coalesce(sum(amount), 0)::bigint FROM transactions
         WHERE account = 'stripe' AND type <> 'fee') AS held,
       (SELECT coalesce(sum(amount), 0)::bigint FROM transactions
        WHERE account = 'stripe' AND type = 'fee') AS fee_amount,
       (SELECT coalesce(sum(amount), 0)::bigint FROM transactions WHERE account = 'in_transit')
           AS leaving,
       (SELECT coalesce(sum(amount), 0)::bigint FROM payments
        WHERE status IN ('opening', 'open')) AS coming

-- name: get_suspense
SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM transactions WHERE account = 'suspense')
           AS booked,
       (SELECT coalesce(sum(kept_amount), 0)::bigint FROM unmatched_payments) AS due

-- name: get_receivable
SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM transactions WHERE account = 'receivable')
           AS booked,
       (SELECT -coalesce(sum(owed_amount), 0)::bigint FROM chargebacks) AS due

-- name: list_wrong_disputes
SELECT d.id, d.refund_amount, o.refunded_amount
FROM disputes d JOIN orders o ON o.id = d.order_id
WHERE d.refund_amount > o.refunded_amount AND d.kind = 'complaint'
ORDER BY 1

-- name: list_wrong_running_balances
SELECT id, balance_after, balance_due FROM (
    SELECT id, balance_after,
           sum(amount) OVER (PARTITION BY user_id, account ORDER BY seq)::bigint AS balance_due
    FROM transactions WHERE user_id IS NOT NULL
) rows
WHERE balance_after <> balance_due
ORDER BY 1

-- name: list_wrong_payments
SELECT p.id, p.status, coalesce(t.booked, 0) AS booked,
       CASE WHEN p.status = 'succeeded' THEN p.amount ELSE 0 END AS due
FROM payments p
LEFT JOIN (
    SELECT reference_id, -sum(amount)::bigint AS booked
    FROM transactions WHERE account = 'stripe' AND type IN ('topup', 'charge')
      AND posting_key NOT LIKE 'stray:%%'
    GROUP BY reference_id
) t ON t.reference_id = p.id::text
WHERE coalesce(t.booked, 0) <> CASE WHEN p.status = 'succeeded' THEN p.amount ELSE 0 END
ORDER BY 1

-- name: get_in_transit
SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM transactions WHERE account = 'in_transit')
           AS booked,
       (SELECT coalesce(sum(amount), 0)::bigint FROM provider_refunds
        WHERE status IN ('asking', 'asked'))
       + (SELECT coalesce(sum(amount), 0)::bigint FROM withdrawals WHERE status = 'pending') AS due
