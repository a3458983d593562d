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
    SELECT m.id, NULL, m.status, n.reason
    FROM made m
    JOIN unnest(%(auction_ids)s::uuid[], %(buyer_ids)s::uuid[], %(reasons)s::text[])
        AS n(auction_id, buyer_id, reason)
        ON n.auction_id = m.auction_id AND n.buyer_id = m.buyer_id
)
SELECT id, auction_id, buyer_id, status FROM made

-- name: find_order_of_auction
SELECT id FROM orders
WHERE auction_id = %(auction_id)s AND buyer_id = %(buyer_id)s AND status <> 'cancelled'


-- name: list_of_auction
SELECT o.id AS order_id, o.buyer_id, u.display_name AS buyer_name, o.status, o.unit_amount,
       o.payment_due_at, o.paid_at, o.created_at
FROM orders o JOIN users u ON u.id = o.buyer_id
WHERE o.auction_id = %(auction_id)s ORDER BY o.created_at, o.status, o.id

-- name: lock_listing
-- Every lock here leaves the keys alone (NO KEY): a transaction that changes an order twice looks
-- at the keys that it refers to again, and would wait for one that holds its listing and waits
-- for the order. Two who want the same listing still wait for each other.
SELECT id, seller_id, type, price, stock, shipping_amount, status, title
FROM listings WHERE id = %(listing_id)s FOR NO KEY UPDATE

-- name: lock_seller
-- Shared by orders of the same seller; a suspension waits for them, and they see it once it is there.
SELECT status FROM users WHERE id = %(seller_id)s FOR SHARE

-- name: take_stock
UPDATE listings SET stock = stock - %(quantity)s, version = version + 1, updated_at = market_now()
WHERE id = %(listing_id)s

-- name: give_back_stock
UPDATE listings SET stock = stock + %(quantity)s, version = version + 1, updated_at = market_now()
WHERE id = %(listing_id)s

-- name: insert_order
INSERT INTO orders (
    buyer_id, seller_id, listing_id, quantity, unit_amount, shipping_amount, total_amount, address,
    payment_due_at, created_at, updated_at
)
VALUES (
    %(buyer_id)s, %(seller_id)s, %(listing_id)s, %(quantity)s, %(unit_amount)s,
    %(shipping_amount)s, %(total_amount)s, %(address)s::jsonb,
    %(now)s::timestamptz + make_interval(hours => %(payment_deadline_hours)s), %(now)s, %(now)s
)
RETURNING id

-- name: insert_order_event
INSERT INTO order_events (order_id, from_status, to_status, actor_id, reason, created_at)
VALUES (%(order_id)s, %(from_status)s, %(to_status)s, %(actor_id)s, %(reason)s, %(now)s)

-- fragment: locked_columns
       id, buyer_id, seller_id, listing_id, auction_id, quantity, status, total_amount,
       held_amount, payment_method, payment_due_at, paid_at, shipped_at, escrow_release_at,
       bank_claims, refunded_amount

-- name: lock_order
-- Rows of the ledger refer to orders, and are written while wallets are locked, which come after
-- orders. A lock that leaves the key alone does not make them wait, and so makes no deadlock.
SELECT
-- include: locked_columns
FROM orders WHERE id = %(order_id)s FOR NO KEY UPDATE

-- name: lock_listings_of_orders
SELECT id FROM listings
WHERE id IN (SELECT listing_id FROM orders WHERE id = ANY(%(order_ids)s::uuid[]))
ORDER BY id FOR NO KEY UPDATE

-- name: lock_orders
SELECT
-- include: locked_columns
FROM orders WHERE id = ANY(%(order_ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE

-- name: find_listing_of_order
SELECT listing_id FROM orders WHERE id = %(order_id)s

-- name: lock_listing_row
SELECT id FROM listings WHERE id = %(listing_id)s FOR NO KEY UPDATE

-- name: update_address
UPDATE orders SET address = %(address)s::jsonb, version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_deadline
UPDATE orders
SET payment_due_at = %(now)s::timestamptz + make_interval(hours => %(hours)s),
    version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_deadlines
WITH waiting AS (
    SELECT o.id, c.now + make_interval(hours => %(hours)s) AS due_at, c.now
    FROM orders o CROSS JOIN (SELECT market_now() AS now) c
    WHERE o.seller_id = %(seller_id)s AND o.status = 'pending'
      AND EXISTS (SELECT FROM users u WHERE u.id = o.seller_id AND u.status = 'suspended')
    ORDER BY o.id FOR NO KEY UPDATE OF o
)
UPDATE orders o
SET payment_due_at = greatest(o.payment_due_at, w.due_at), version = version + 1,
    updated_at = w.now
FROM waiting w WHERE o.id = w.id

-- name: update_paid
UPDATE orders
SET status = 'processing', payment_method = %(method)s, paid_at = %(now)s,
    escrow_release_at = %(now)s::timestamptz + make_interval(days => %(hold_days)s), version = version + 1,
    updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_shipped
UPDATE orders
SET status = 'shipped', carrier = %(carrier)s, tracking = %(tracking)s, shipped_at = %(now)s,
    escrow_release_at = %(now)s::timestamptz + make_interval(days => %(hold_days)s), version = version + 1,
    updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_disputed
UPDATE orders SET status = 'disputed', version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_claimed
UPDATE orders
SET status = 'disputed', claimed_status = coalesce(claimed_status, status),
    bank_claims = bank_claims + 1, version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_unclaimed
UPDATE orders
SET status = CASE bank_claims WHEN 1 THEN claimed_status ELSE status END,
    claimed_status = CASE bank_claims WHEN 1 THEN NULL ELSE claimed_status END,
    bank_claims = bank_claims - 1, version = version + 1, updated_at = %(now)s
FROM (
    SELECT id AS order_id, status AS status_before
    FROM orders WHERE id = %(order_id)s FOR NO KEY UPDATE
) AS before
WHERE id = order_id
RETURNING status_before,
-- include: locked_columns

-- name: update_delivered
UPDATE orders
SET status = 'delivered', delivered_at = %(now)s, version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_cancelled
UPDATE orders SET status = 'cancelled', version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s

-- name: update_refunded
UPDATE orders
SET refunded_amount = refunded_amount + %(amount)s, version = version + 1, updated_at = %(now)s
WHERE id = %(order_id)s
RETURNING
-- include: locked_columns

-- name: find_order
SELECT o.id, o.status, o.buyer_id, b.display_name AS buyer_name, o.seller_id,
       s.display_name AS seller_name, o.listing_id, l.title, o.auction_id, o.quantity,
       o.unit_amount, o.shipping_amount, o.total_amount, o.held_amount, o.refunded_amount,
       o.payment_method, o.payment_due_at, o.paid_at, o.shipped_at, o.carrier, o.tracking,
       o.escrow_release_at, o.delivered_at, o.address, o.version, o.created_at, o.updated_at
FROM orders o
JOIN users b ON b.id = o.buyer_id
JOIN users s ON s.id = o.seller_id
JOIN listings l ON l.id = o.listing_id
WHERE o.id = %(order_id)s

-- name: list_orders
SELECT o.id, o.status, o.buyer_id, b.display_name AS buyer_name, o.seller_id,
       s.display_name AS seller_name, o.listing_id, l.title, o.auction_id, o.quantity,
       o.unit_amount, o.shipping_amount, o.total_amount, o.held_amount, o.refunded_amount,
       o.payment_method, o.payment_due_at, o.paid_at, o.shipped_at, o.carrier, o.tracking,
       o.escrow_release_at, o.delivered_at, o.address, o.version, o.created_at, o.updated_at,
       (extract(epoch FROM o.created_at) * 1000000)::bigint AS sort_key
FROM orders o
JOIN users b ON b.id = o.buyer_id
JOIN users s ON s.id = o.seller_id
JOIN listings l ON l.id = o.listing_id
WHERE ((o.buyer_id = %(user_id)s AND %(role)s::text IS DISTINCT FROM 'seller')
       OR (o.seller_id = %(user_id)s AND %(role)s::text IS DISTINCT FROM 'buyer'))
  AND (%(status)s::text IS NULL OR o.status = %(status)s::text)
  AND (%(after_key)s::bigint IS NULL OR
       ((extract(epoch FROM o.created_at) * 1000000)::bigint, o.id)
       < (%(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY o.created_at DESC, o.id DESC LIMIT %(limit)s

-- name: list_all_orders
SELECT o.id, o.status, o.buyer_id, b.display_name AS buyer_name, o.seller_id,
       s.display_name AS seller_name, o.listing_id, l.title, o.auction_id, o.quantity,
       o.unit_amount, o.shipping_amount, o.total_amount, o.held_amount, o.refunded_amount,
       o.payment_method, o.payment_due_at, o.paid_at, o.shipped_at, o.carrier, o.tracking,
       o.escrow_release_at, o.delivered_at, o.address, o.version, o.created_at, o.updated_at
FROM orders o
JOIN users b ON b.id = o.buyer_id
JOIN users s ON s.id = o.seller_id
JOIN listings l ON l.id = o.listing_id
WHERE (%(status)s::text IS NULL OR o.status = %(status)s::text)
  AND (%(buyer)s::uuid IS NULL OR o.buyer_id = %(buyer)s::uuid)
  AND (%(seller)s::uuid IS NULL OR o.seller_id = %(seller)s::uuid)
  AND (%(before_at)s::timestamptz IS NULL
       OR (o.created_at, o.id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY o.created_at DESC, o.id DESC LIMIT %(limit)s

-- name: list_order_events
SELECT e.from_status, e.to_status, e.reason, e.created_at,
       CASE WHEN e.actor_id IS NULL THEN 'market' WHEN e.actor_id = o.buyer_id THEN 'buyer'
            WHEN e.actor_id = o.seller_id THEN 'seller' ELSE 'admin' END AS actor
FROM order_events e JOIN orders o ON o.id = e.order_id
WHERE e.order_id = %(order_id)s ORDER BY e.id

-- name: list_due_orders
(SELECT id FROM orders WHERE status = 'pending' AND payment_due_at <= (SELECT market_now())
 ORDER BY payment_due_at LIMIT %(limit)s)
UNION ALL
(SELECT id FROM orders WHERE status = 'shipped' AND escrow_release_at <= (SELECT market_now())
 ORDER BY escrow_release_at LIMIT %(limit)s)
UNION ALL
(SELECT id FROM orders
 WHERE status = 'processing'
   AND escrow_release_at
       <= (SELECT market_now()) - make_interval(days => %(unshipped_days)s::int - %(hold_days)s::int)
 ORDER BY escrow_release_at LIMIT %(limit)s)
