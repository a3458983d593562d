-- name: insert_listing
INSERT INTO listings (
    seller_id, title, description, category_id, type, condition, price, stock, shipping_amount,
    seller_sku
)
VALUES (
    %(seller_id)s, %(title)s, %(description)s, %(category_id)s, %(type)s, %(condition)s,
    %(price)s, %(stock)s, %(shipping_amount)s, %(seller_sku)s
)
RETURNING id

-- name: update_listing
UPDATE listings
SET title = %(title)s, description = %(description)s, category_id = %(category_id)s,
    condition = %(condition)s, price = %(price)s, stock = %(stock)s,
    shipping_amount = %(shipping_amount)s, seller_sku = %(seller_sku)s,
    version = version + 1, updated_at = market_now()
WHERE id = %(listing_id)s

-- name: remove_listing
UPDATE listings SET status = 'removed', version = version + 1, updated_at = market_now()
WHERE id = %(listing_id)s

-- name: lock_lanes
-- Keeps a seller's writes that name a seller_sku in line, so that none meets half of another.
SELECT pg_advisory_xact_lock(hashtextextended(%(seller_id)s || ' ' || lane, 11))
FROM (SELECT unnest(%(lanes)s::integer[]) AS lane ORDER BY 1) AS ordered

-- name: lock_open_auctions
SELECT id FROM auctions
WHERE listing_id = ANY(%(listing_ids)s::uuid[]) AND status IN ('pending', 'live')
ORDER BY id FOR SHARE

-- name: lock_listings
SELECT id FROM listings
WHERE id = ANY(%(listing_ids)s::uuid[]) AND seller_id = %(seller_id)s AND status = 'active'
ORDER BY id FOR UPDATE

-- name: list_states
SELECT * FROM listing_states WHERE id = ANY(%(listing_ids)s::uuid[])

-- name: find_listing
SELECT * FROM listing_states WHERE id = %(listing_id)s

-- name: list_own
SELECT * FROM listing_states
WHERE seller_id = %(seller_id)s AND status = 'active'
  AND (%(after_id)s::uuid IS NULL
       OR (created_at, id) > (%(after_at)s::timestamptz, %(after_id)s::uuid))
ORDER BY created_at, id
LIMIT %(limit)s

-- name: get_clock
-- The real clock, in microseconds: it orders copies of lists, not what happens in the market.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock

-- name: list_categories_of
SELECT DISTINCT ancestor::text
FROM listings l JOIN categories c ON c.id = l.category_id, unnest(c.lineage) AS ancestor
WHERE l.id = ANY(%(listing_ids)s::uuid[])

-- name: list_categories_of_seller
SELECT DISTINCT ancestor::text
FROM (
    SELECT DISTINCT category_id FROM listings
    WHERE seller_id = %(seller_id)s AND status = 'active'
) AS own JOIN categories c ON c.id = own.category_id, unnest(c.lineage) AS ancestor
