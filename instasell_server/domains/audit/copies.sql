-- name: list_wrong_listing_counts
-- Counts of active listings, changes that wait included, beside the listings themselves.
WITH counted AS (
    SELECT seller_id, category_id, count(*) AS due FROM listings WHERE status = 'active'
    GROUP BY 1, 2
), of_sellers AS (
    SELECT seller_id, category_id, sum(listing_count) AS found FROM (
        SELECT seller_id, category_id, listing_count FROM seller_listing_counts
        UNION ALL SELECT seller_id, category_id, change FROM listing_count_changes
    ) AS parts GROUP BY 1, 2
), of_categories AS (
    SELECT category_id, sum(listing_count) AS found FROM (
        SELECT category_id, listing_count FROM category_listing_counts
        UNION ALL SELECT category_id, change FROM listing_count_changes
    ) AS parts GROUP BY 1
)
SELECT 'seller' AS kind, seller_id AS id, coalesce(sum(due), 0)::bigint AS due,
       coalesce(sum(found), 0)::bigint AS found
FROM counted FULL JOIN of_sellers USING (seller_id, category_id)
WHERE coalesce(due, 0) <> coalesce(found, 0) GROUP BY seller_id
UNION ALL
SELECT 'category', category_id, coalesce(due, 0), coalesce(found, 0)::bigint
FROM (SELECT category_id, sum(due)::bigint AS due FROM counted GROUP BY 1) AS each
FULL JOIN of_categories USING (category_id)
WHERE coalesce(due, 0) <> coalesce(found, 0)
ORDER BY 1, 2

-- name: list_wrong_live_auctions
-- Auctions that lists find by another place than their own; those with the mark are not asked.
SELECT coalesce(r.auction_id, k.auction_id) AS id, k.price AS due, r.price AS found
FROM (SELECT * FROM auction_keys WHERE status = 'live' AND NOT is_moved) AS k
FULL JOIN (
    SELECT * FROM live_auctions r
    WHERE NOT EXISTS (SELECT FROM auctions a WHERE a.id = r.auction_id AND a.is_moved)
) AS r USING (auction_id)
WHERE (k.seller_id, k.category_id, k.end_key, k.price, k.bid_count)
      IS DISTINCT FROM (r.seller_id, r.category_id, r.end_key, r.price, r.bid_count)
ORDER BY 1
