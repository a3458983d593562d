-- name: lock_listing
SELECT id, seller_id, type, stock, status FROM listings WHERE id = %(listing_id)s FOR UPDATE

-- name: find_open_auction
SELECT id FROM auctions WHERE listing_id = %(listing_id)s AND status IN ('pending', 'live')

-- name: insert_auction
INSERT INTO auctions (
    listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid, reserve, buy_now,
    increments, extension_window_seconds, extension_seconds, format, reserve_met, created_at
)
VALUES (
    %(listing_id)s, %(seller_id)s, %(status)s, %(start_at)s, %(end_at)s, %(end_at)s, %(min_bid)s,
    %(reserve)s, %(buy_now)s, %(increments)s, %(extension_window_seconds)s,
    %(extension_seconds)s, %(format)s, false, %(now)s
)
RETURNING id

-- name: update_auction
UPDATE auctions
SET start_at = %(start_at)s, end_at = %(end_at)s, planned_end_at = %(end_at)s,
    status = %(status)s, min_bid = %(min_bid)s, reserve = %(reserve)s, buy_now = %(buy_now)s,
    version = version + 1
WHERE id = %(auction_id)s

-- name: update_version
UPDATE auctions SET version = version + 1 WHERE id = %(auction_id)s

-- name: cancel_auction
UPDATE auctions
SET status = 'cancelled', closed_at = %(now)s, cancel_reason = %(reason)s, version = version + 1
WHERE id = %(auction_id)s
RETURNING version, seq

-- name: update_gas_fee
UPDATE auctions SET gas_fee = %(fee)s WHERE id = %(auction_id)s

-- name: get_gas_fee
SELECT gas_fee FROM auctions WHERE id = %(auction_id)s

-- name: update_featured
UPDATE auctions
SET featured_until = greatest(featured_until, %(now)s) + %(time)s::interval, version = version + 1
WHERE id = %(auction_id)s
RETURNING featured_until

-- name: list_states
SELECT * FROM auction_states WHERE auction_id = ANY(%(ids)s::uuid[]) ORDER BY auction_id

-- name: find_view
SELECT s.*, l.description, l.condition, c.path AS category_path, u.display_name AS seller_name,
       a.current_bidder_id, a.winner_id, a.leader_max, market_now() AS server_time,
       (SELECT count(*) FROM auction_watches w WHERE w.auction_id = s.auction_id) AS watchers
FROM auction_states s
JOIN auctions a ON a.id = s.auction_id
JOIN listings l ON l.id = s.listing_id
JOIN categories c ON c.id = l.category_id
JOIN users u ON u.id = s.seller_id
WHERE s.auction_id = %(auction_id)s

-- name: list_views
SELECT s.*, l.description, l.condition, c.path AS category_path, u.display_name AS seller_name,
       market_now() AS server_time,
       (SELECT count(*) FROM auction_watches w WHERE w.auction_id = s.auction_id) AS watchers
FROM auction_states s
JOIN listings l ON l.id = s.listing_id
JOIN categories c ON c.id = l.category_id
JOIN users u ON u.id = s.seller_id
WHERE s.auction_id = ANY(%(ids)s::uuid[])

-- name: find_you
SELECT
    (SELECT bidder_no FROM bids WHERE auction_id = a.id AND bidder_id = %(user_id)s LIMIT 1)
        AS bidder_no,
    a.current_bidder_id = %(user_id)s AS leading, a.format, a.status,
    (SELECT max(max_amount) FROM bids WHERE auction_id = a.id AND bidder_id = %(user_id)s)
        AS max_amount,
    a.seller_id = %(user_id)s AS is_seller,
    EXISTS (SELECT FROM auction_watches WHERE auction_id = a.id AND user_id = %(user_id)s)
        AS watching
FROM auctions a WHERE a.id = %(auction_id)s

-- name: list_newest
SELECT s.*, a.created_at
FROM auctions a JOIN auction_states s ON s.auction_id = a.id
WHERE (%(status)s::text IS NULL OR a.status = %(status)s::text)
  AND (%(seller)s::uuid IS NULL OR a.seller_id = %(seller)s::uuid)
  AND (%(before_at)s::timestamptz IS NULL
       OR (a.created_at, a.id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY a.created_at DESC, a.id DESC LIMIT %(limit)s

-- name: list_watched
SELECT s.*, (extract(epoch FROM w.created_at) * 1000000)::bigint AS sort_key
FROM auction_watches w JOIN auction_states s ON s.auction_id = w.auction_id
WHERE w.user_id = %(user_id)s
  AND (%(after_key)s::bigint IS NULL OR
       ((extract(epoch FROM w.created_at) * 1000000)::bigint, s.auction_id)
       < (%(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY w.created_at DESC, s.auction_id DESC LIMIT %(limit)s

-- name: list_bids
SELECT b.seq, b.kind, b.bidder_no, b.amount, b.price_after, b.leader_no_after, b.created_at,
       b.auction_version, b.extended, b.bidder_id, u.display_name AS bidder_name
FROM bids b JOIN users u ON u.id = b.bidder_id
WHERE b.auction_id = %(auction_id)s AND b.seq > %(after_seq)s
ORDER BY b.seq LIMIT %(limit)s

-- name: list_pages_of_bids
-- Pages of the public lists of several auctions. An unknown auction has no row, and one without
-- bids a row without a seq.
SELECT k.place, b.*
FROM unnest(%(ids)s::uuid[], %(afters)s::bigint[], %(limits)s::integer[])
     WITH ORDINALITY AS k (auction_id, after_seq, most, place)
JOIN auctions a ON a.id = k.auction_id
LEFT JOIN LATERAL (
    SELECT seq, kind, bidder_no, amount, price_after, leader_no_after, created_at, bidder_id
    FROM bids WHERE auction_id = k.auction_id AND seq > k.after_seq
    ORDER BY seq LIMIT k.most
) b ON true
ORDER BY k.place, b.seq

-- name: list_newest_bids
SELECT * FROM (
    SELECT b.seq, b.kind, b.bidder_no, b.amount, b.price_after, b.leader_no_after, b.created_at,
           b.auction_version, b.extended, b.bidder_id, b.leader_after
    FROM bids b
    WHERE b.auction_id = %(auction_id)s AND b.seq > %(after_seq)s
    ORDER BY b.seq DESC LIMIT %(limit)s
) newest ORDER BY seq

-- name: find_seller
SELECT seller_id FROM auctions WHERE id = %(auction_id)s

-- name: list_open_of_seller
SELECT id FROM auctions
WHERE seller_id = %(seller_id)s AND status IN ('pending', 'live') ORDER BY id

-- name: insert_watch
INSERT INTO auction_watches (user_id, auction_id)
SELECT %(user_id)s, id FROM auctions WHERE id = %(auction_id)s
ON CONFLICT DO NOTHING

-- name: delete_watch
DELETE FROM auction_watches WHERE user_id = %(user_id)s AND auction_id = %(auction_id)s

-- name: list_suspended
SELECT id FROM users WHERE id = ANY(%(ids)s::uuid[]) AND status = 'suspended'

-- name: find_runner_up
SELECT b.bidder_id, b.max_amount
FROM bids b JOIN users u ON u.id = b.bidder_id
WHERE b.auction_id = %(auction_id)s AND b.bidder_id <> %(winner_id)s AND u.status = 'active'
ORDER BY b.max_amount DESC, b.seq LIMIT 1

-- name: find_next_bidder
SELECT b.bidder_id,
       (SELECT max(amount) FROM bids
        WHERE auction_id = b.auction_id AND bidder_id = b.bidder_id) AS amount
FROM bids b JOIN users u ON u.id = b.bidder_id
WHERE b.auction_id = %(auction_id)s AND b.bidder_id <> ALL(%(passed_over)s::uuid[])
  AND u.status = 'active' AND u.role <> 'admin'
ORDER BY b.max_amount DESC, b.seq LIMIT 1

-- name: get_terms
SELECT listing_id, start_at, planned_end_at, min_bid, reserve, buy_now, increments,
       extension_window_seconds, extension_seconds, format
FROM auctions WHERE id = %(auction_id)s

-- name: take_stock
UPDATE listings SET stock = 0, version = version + 1, updated_at = market_now()
WHERE id IN (SELECT id FROM listings WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE)

-- name: give_back_stock
UPDATE listings SET stock = 1, version = version + 1, updated_at = market_now()
WHERE id IN (SELECT id FROM listings WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE)
