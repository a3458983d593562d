-- The list of open auctions, by each of its four sorts, of all categories or of one with those
-- below it. A page is the first rows of `live_auctions` in the order of an index, without those
-- that have moved since they were copied there, and those that have moved, from `auctions`.
-- Each statement is planned with its values: a filter that is NULL is dropped by the planner, and
-- how rare a word or a price is decides where it begins.

-- fragment: listed_filters
WHERE r.end_key > (SELECT (extract(epoch FROM market_now()) * 1000000)::bigint)
  AND r.auction_id NOT IN (SELECT id FROM auctions WHERE is_moved)
  AND (%(seller)s::uuid IS NULL OR r.seller_id = %(seller)s::uuid)
  AND (%(price_min)s::bigint IS NULL OR r.price >= %(price_min)s::bigint)
  AND (%(price_max)s::bigint IS NULL OR r.price <= %(price_max)s::bigint)
  AND (%(among)s::uuid[] IS NULL OR r.auction_id = ANY(%(among)s::uuid[]))
  AND (%(q)s::text IS NULL OR %(among)s::uuid[] IS NOT NULL
       OR plain_text(l.title) LIKE like_pattern(%(q)s::text))

-- fragment: moved
-- A pending one whose time has come is open, though nobody has looked at it yet. Of more than a
-- thousand of them the others are listed when they have been started.
-- Their ids come first, as an array, whose rows the planner takes by their key: it
-- believes that a third of all pending ones have begun.
SELECT auction_id, end_key, price, bid_count FROM auction_keys k
WHERE k.auction_id = ANY(ARRAY(
    SELECT id FROM auctions WHERE is_moved AND status IN ('pending', 'live')
    UNION ALL
    (SELECT id FROM auctions WHERE status = 'pending' AND NOT is_moved
       AND start_at <= (SELECT market_now())
     ORDER BY start_at, id LIMIT 1000)
))
  AND k.status IN ('pending', 'live')
  AND k.start_at <= (SELECT market_now()) AND k.end_at > (SELECT market_now())
  AND (%(category)s::uuid IS NULL OR k.category_id IN (
      SELECT id FROM categories WHERE lineage @> ARRAY[%(category)s::uuid]))
  AND (%(seller)s::uuid IS NULL OR k.seller_id = %(seller)s::uuid)
  AND (%(price_min)s::bigint IS NULL OR k.price >= %(price_min)s::bigint)
  AND (%(price_max)s::bigint IS NULL OR k.price <= %(price_max)s::bigint)
  AND (%(q)s::text IS NULL OR plain_text(k.title) LIKE like_pattern(%(q)s::text))

-- fragment: page
SELECT s.*, found.sort_key
FROM (
    SELECT auction_id, sort_key FROM listed
    UNION ALL
    SELECT auction_id, sort_key FROM moved
    WHERE %(after_key)s::bigint IS NULL
       OR (sort_key, auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid)
    ORDER BY sort_key, auction_id LIMIT %(limit)s
) AS found JOIN auction_states s USING (auction_id)
ORDER BY found.sort_key, found.auction_id

-- name: find_short_text
-- A text without three letters or digits side by side is in no index. To look for `!` in the
-- titles of 50,000 auctions took 0.9 s, so it is looked for in those that end first. NULL says
-- that the index has the text, once accents are taken off.
SELECT CASE WHEN plain_text(%(q)s) !~ '[[:alnum:]]{3}' THEN ARRAY(
    SELECT first.auction_id FROM (
        SELECT auction_id, listing_id FROM live_auctions
        ORDER BY end_key, auction_id LIMIT %(scanned)s
    ) AS first JOIN listings l ON l.id = first.listing_id
    WHERE plain_text(l.title) LIKE like_pattern(%(q)s)
)::text[] END AS ids

-- name: list_ending
WITH listed AS (
    SELECT r.auction_id, r.end_key AS sort_key
    FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
    -- include: listed_filters
      AND (%(after_key)s::bigint IS NULL
           OR (r.end_key, r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, r.auction_id LIMIT %(limit)s
), moved AS (
    SELECT auction_id, end_key AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_cheapest
WITH listed AS (
    SELECT r.auction_id, r.price AS sort_key
    FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
    -- include: listed_filters
      AND (%(after_key)s::bigint IS NULL
           OR (r.price, r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, r.auction_id LIMIT %(limit)s
), moved AS (
    SELECT auction_id, price AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_dearest
WITH listed AS (
    SELECT r.auction_id, -r.price AS sort_key
    FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
    -- include: listed_filters
      AND (%(after_key)s::bigint IS NULL
           OR ((-r.price), r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, r.auction_id LIMIT %(limit)s
), moved AS (
    SELECT auction_id, -price AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_bids
WITH listed AS (
    SELECT r.auction_id, -r.bid_count AS sort_key
    FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
    -- include: listed_filters
      AND (%(after_key)s::bigint IS NULL
           OR ((-r.bid_count), r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, r.auction_id LIMIT %(limit)s
), moved AS (
    SELECT auction_id, -bid_count AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_ending_in_category
WITH listed AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT r.auction_id, r.end_key AS sort_key
        FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
        -- include: listed_filters
          AND r.category_id = c.id
          AND (%(after_key)s::bigint IS NULL
               OR (r.end_key, r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key, r.auction_id LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
), moved AS (
    SELECT auction_id, end_key AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_cheapest_in_category
WITH listed AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT r.auction_id, r.price AS sort_key
        FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
        -- include: listed_filters
          AND r.category_id = c.id
          AND (%(after_key)s::bigint IS NULL
               OR (r.price, r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key, r.auction_id LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
), moved AS (
    SELECT auction_id, price AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_dearest_in_category
WITH listed AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT r.auction_id, -r.price AS sort_key
        FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
        -- include: listed_filters
          AND r.category_id = c.id
          AND (%(after_key)s::bigint IS NULL
               OR ((-r.price), r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key, r.auction_id LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
), moved AS (
    SELECT auction_id, -price AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: list_bids_in_category
WITH listed AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT r.auction_id, -r.bid_count AS sort_key
        FROM live_auctions r LEFT JOIN listings l ON l.id = r.listing_id
        -- include: listed_filters
          AND r.category_id = c.id
          AND (%(after_key)s::bigint IS NULL
               OR ((-r.bid_count), r.auction_id) > (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key, r.auction_id LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
), moved AS (
    SELECT auction_id, -bid_count AS sort_key FROM (
        -- include: moved
    ) AS changed
)
-- include: page

-- name: refresh_live_auctions
-- One that a bid has locked is left for the next time: it keeps its mark, and bids stay HOT. What
-- is copied is what the UPDATE returns, the newest version of each row, as the snapshot of the
-- statement may be older than the bid that had the row before.
WITH due AS (
    SELECT id FROM auctions WHERE is_moved AND id > %(after)s::uuid
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), cleared AS (
    UPDATE auctions a SET is_moved = false FROM due WHERE a.id = due.id RETURNING a.*
), gone AS (
    DELETE FROM live_auctions r USING cleared c WHERE r.auction_id = c.id AND c.status <> 'live'
), kept AS (
    INSERT INTO live_auctions
    SELECT c.id, c.listing_id, c.seller_id, l.category_id,
           (extract(epoch FROM c.end_at) * 1000000)::bigint, coalesce(c.current_bid, c.min_bid),
           c.seq
    FROM cleared c JOIN listings l ON l.id = c.listing_id
    WHERE c.status = 'live'
    ON CONFLICT (auction_id) DO UPDATE
    SET category_id = EXCLUDED.category_id, end_key = EXCLUDED.end_key, price = EXCLUDED.price,
        bid_count = EXCLUDED.bid_count
)
SELECT id FROM cleared ORDER BY id DESC
