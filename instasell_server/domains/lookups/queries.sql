-- Each way of matching is a branch of its own, so that each has its index, and none returns more
-- than the limit. The branches stand in the order of their certainty. Parts of titles are searched
-- by trigrams: without `has_part` the text has none, and every title would be read.

-- name: find_listings
SELECT * FROM (
    SELECT id, title, status, created_at, 'id' AS matched_by, 1 AS rank FROM listings
    WHERE id BETWEEN %(low)s::uuid AND %(high)s::uuid
      AND (seller_id = %(owner)s::uuid OR (%(owner)s::uuid IS NULL AND status = 'active'))
      AND (%(owner)s::uuid IS NOT NULL OR NOT EXISTS (
          SELECT FROM users u WHERE u.id = listings.seller_id AND u.status = 'suspended'))
    LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, title, status, created_at, 'sku', 2 FROM listings
 WHERE seller_id = %(owner)s::uuid AND seller_sku = %(text)s::text AND status = 'active'
 LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'name', 3 FROM listings
 WHERE plain_text(title) = plain_text(%(text)s::text) AND status = 'active'
   AND (%(owner)s::uuid IS NULL OR seller_id = %(owner)s::uuid)
   AND (%(owner)s::uuid IS NOT NULL OR NOT EXISTS (
       SELECT FROM users u WHERE u.id = listings.seller_id AND u.status = 'suspended'))
 LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'words', 4 FROM listings
 WHERE %(has_part)s AND plain_text(title) LIKE like_pattern(%(text)s::text)
   AND status = 'active' AND (%(owner)s::uuid IS NULL OR seller_id = %(owner)s::uuid)
   AND (%(owner)s::uuid IS NOT NULL OR NOT EXISTS (
       SELECT FROM users u WHERE u.id = listings.seller_id AND u.status = 'suspended'))
 LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_auctions
-- Of an auction that was relisted, a SKU or title means the newest. What everybody may see is
-- looked for from the open auctions on: a common word fits a million listings that have none.
SELECT * FROM (
    SELECT a.id, l.title, a.status, a.created_at, 'id' AS matched_by, 1 AS rank
    FROM auctions a JOIN listings l ON l.id = a.listing_id
    WHERE a.id BETWEEN %(low)s::uuid AND %(high)s::uuid
      AND (%(owner)s::uuid IS NULL OR a.seller_id = %(owner)s::uuid)
    LIMIT %(limit)s
) by_id
UNION ALL
(SELECT a.id, l.title, a.status, a.created_at, 'sku', 2
 FROM listings l CROSS JOIN LATERAL (
     SELECT id, status, created_at FROM auctions
     WHERE listing_id = l.id ORDER BY created_at DESC LIMIT 1
 ) a
 WHERE l.seller_id = %(owner)s::uuid AND l.seller_sku = %(text)s::text LIMIT %(limit)s)
UNION ALL
(SELECT a.id, l.title, a.status, a.created_at, 'name', 3
 FROM listings l CROSS JOIN LATERAL (
     SELECT id, status, created_at FROM auctions
     WHERE listing_id = l.id ORDER BY created_at DESC LIMIT 1
 ) a
 WHERE plain_text(l.title) = plain_text(%(text)s::text)
   AND l.seller_id = %(owner)s::uuid
 LIMIT %(limit)s)
UNION ALL
(SELECT a.id, l.title, a.status, a.created_at, 'name', 3
 FROM auctions a JOIN listings l ON l.id = a.listing_id
 WHERE %(owner)s::uuid IS NULL AND a.status IN ('pending', 'live')
   AND plain_text(l.title) = plain_text(%(text)s::text)
 LIMIT %(limit)s)
UNION ALL
(SELECT a.id, l.title, a.status, a.created_at, 'words', 4
 FROM listings l CROSS JOIN LATERAL (
     SELECT id, status, created_at FROM auctions
     WHERE listing_id = l.id ORDER BY created_at DESC LIMIT 1
 ) a
 WHERE %(has_part)s AND plain_text(l.title) LIKE like_pattern(%(text)s::text)
   AND l.seller_id = %(owner)s::uuid
 LIMIT %(limit)s)
UNION ALL
(SELECT a.id, l.title, a.status, a.created_at, 'words', 4
 FROM auctions a JOIN listings l ON l.id = a.listing_id
 WHERE %(owner)s::uuid IS NULL AND a.status IN ('pending', 'live')
   AND %(has_part)s AND plain_text(l.title) LIKE like_pattern(%(text)s::text)
 LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_orders
-- Titles and SKUs are looked for in the newest orders of either side; an admin has no side.
WITH own AS (
    (SELECT id, listing_id, status, created_at FROM orders WHERE buyer_id = %(owner)s::uuid
     ORDER BY created_at DESC, id DESC LIMIT %(recent)s)
    UNION ALL
    (SELECT id, listing_id, status, created_at FROM orders WHERE seller_id = %(owner)s::uuid
     ORDER BY created_at DESC, id DESC LIMIT %(recent)s)
), titled AS (
    SELECT o.id, l.title, o.status, o.created_at, l.seller_sku, l.seller_id
    FROM own o JOIN listings l ON l.id = o.listing_id
)
SELECT * FROM (
    SELECT o.id, l.title, o.status, o.created_at, 'id' AS matched_by, 1 AS rank
    FROM orders o JOIN listings l ON l.id = o.listing_id
    WHERE o.id BETWEEN %(low)s::uuid AND %(high)s::uuid
      AND (%(owner)s::uuid IS NULL
           OR o.buyer_id = %(owner)s::uuid OR o.seller_id = %(owner)s::uuid)
    LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, title, status, created_at, 'sku', 2 FROM titled
 WHERE seller_sku = %(text)s::text AND seller_id = %(owner)s::uuid LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'name', 3 FROM titled
 WHERE plain_text(title) = plain_text(%(text)s::text) LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'words', 4 FROM titled
 WHERE plain_text(title) LIKE like_pattern(%(text)s::text) LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_disputes
WITH own AS (
    (SELECT id, order_id, status, created_at FROM disputes WHERE opened_by = %(owner)s::uuid
     ORDER BY created_at DESC, id DESC LIMIT %(recent)s)
    UNION ALL
    (SELECT id, order_id, status, created_at FROM disputes WHERE seller_id = %(owner)s::uuid
     ORDER BY created_at DESC, id DESC LIMIT %(recent)s)
    UNION ALL
    (SELECT id, order_id, status, created_at FROM disputes WHERE %(owner)s::uuid IS NULL
     ORDER BY created_at DESC, id DESC LIMIT %(recent)s)
), titled AS (
    SELECT d.id, l.title, d.status, d.created_at
    FROM own d JOIN orders o ON o.id = d.order_id JOIN listings l ON l.id = o.listing_id
)
SELECT * FROM (
    SELECT d.id, l.title, d.status, d.created_at, 'id' AS matched_by, 1 AS rank
    FROM disputes d JOIN orders o ON o.id = d.order_id JOIN listings l ON l.id = o.listing_id
    WHERE d.id BETWEEN %(low)s::uuid AND %(high)s::uuid
      AND (%(owner)s::uuid IS NULL
           OR d.opened_by = %(owner)s::uuid OR d.seller_id = %(owner)s::uuid)
    LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, title, status, created_at, 'name', 3 FROM titled
 WHERE plain_text(title) = plain_text(%(text)s::text) LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'words', 4 FROM titled
 WHERE plain_text(title) LIKE like_pattern(%(text)s::text) LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_conversations
WITH own AS (
    (SELECT id, listing_id, order_id, created_at FROM conversations
     WHERE buyer_id = %(owner)s::uuid ORDER BY updated_at DESC, id DESC LIMIT %(recent)s)
    UNION ALL
    (SELECT id, listing_id, order_id, created_at FROM conversations
     WHERE seller_id = %(owner)s::uuid ORDER BY updated_at DESC, id DESC LIMIT %(recent)s)
), titled AS (
    SELECT c.id, l.title, CASE WHEN c.order_id IS NULL THEN 'question' ELSE 'order' END AS status,
           c.created_at
    FROM own c JOIN listings l ON l.id = c.listing_id
)
SELECT * FROM (
    SELECT id, title, status, created_at, 'id' AS matched_by, 1 AS rank FROM titled
    WHERE id BETWEEN %(low)s::uuid AND %(high)s::uuid LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, title, status, created_at, 'name', 3 FROM titled
 WHERE plain_text(title) = plain_text(%(text)s::text) LIMIT %(limit)s)
UNION ALL
(SELECT id, title, status, created_at, 'words', 4 FROM titled
 WHERE plain_text(title) LIKE like_pattern(%(text)s::text) LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_accounts
SELECT * FROM (
    SELECT id, display_name || ' ' || email AS title, status, created_at, 'id' AS matched_by,
           1 AS rank
    FROM users WHERE id BETWEEN %(low)s::uuid AND %(high)s::uuid LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, display_name || ' ' || email, status, created_at, 'name', 3 FROM users
 WHERE email = lower(%(text)s::text)
    OR plain_text(display_name) = plain_text(%(text)s::text) LIMIT %(limit)s)
UNION ALL
(SELECT id, display_name || ' ' || email, status, created_at, 'words', 4 FROM users
 WHERE %(has_part)s
   AND (plain_text(email) LIKE like_pattern(%(text)s::text)
        OR plain_text(display_name) LIKE like_pattern(%(text)s::text)) LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id

-- name: find_sellers
-- An address is nobody else's business: sellers are found by their ids and by their names. What a
-- suspended seller offers is in no list, so that the seller is not found, either.
SELECT * FROM (
    SELECT id, display_name AS title, status, created_at, 'id' AS matched_by, 1 AS rank
    FROM users
    WHERE id BETWEEN %(low)s::uuid AND %(high)s::uuid AND role = 'seller' AND status = 'active'
    LIMIT %(limit)s
) by_id
UNION ALL
(SELECT id, display_name, status, created_at, 'name', 3 FROM users
 WHERE plain_text(display_name) = plain_text(%(text)s::text) AND role = 'seller'
   AND status = 'active' LIMIT %(limit)s)
UNION ALL
(SELECT id, display_name, status, created_at, 'words', 4 FROM users
 WHERE %(has_part)s
   AND plain_text(display_name) LIKE like_pattern(%(text)s::text) AND role = 'seller'
   AND status = 'active'
 LIMIT %(limit)s)
ORDER BY rank, created_at DESC, id
