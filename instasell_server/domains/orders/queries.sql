-- name: insert_won_orders
WITH made AS (
    INSERT INTO orders (
        buyer_id, seller_id, listing_id, auction_id, quantity, unit_amount, shipping_amount,
        total_amount, status, payment_due_at, created_at, updated_at
    )
    SELECT n.buyer_id, a.seller_id, a.listing_id, a.id, 1, n.amount, l.shipping_amount,
           n.amount + l.shipping_amount, n.status,
           n.won_at + make_interval(hours => %(payment_deadline_hours)s), n.won_at, n.won_at
    FROM unnest(
        %(auction_ids)s::uuid[], %(buyer_ids)s::uuid[], %(amounts)s::bigint[],
        %(statuses)s::text[], %(won_ats)s::timestamptz[]
    ) AS n(auction_id, buyer_id, amount, status, won_at)
    JOIN auctions a ON a.id = n.auction_id
    JOIN listings l ON l.id = a.listing_id
    RETURNING id, auction_id, buyer_id, status
), told AS (
    INSERT INTO order_events (order_id, from_status, to_status, reason)
    SELECT id, NULL, status,
           CASE status WHEN 'pending' THEN 'auction won' ELSE 'the winner is suspended' END
    FROM made
)
SELECT id, auction_id, buyer_id, status FROM made

-- name: find_order_of_auction
SELECT id FROM orders
WHERE auction_id = %(auction_id)s AND buyer_id = %(buyer_id)s AND status <> 'cancelled'
