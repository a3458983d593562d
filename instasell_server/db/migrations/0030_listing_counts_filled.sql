-- one by one
-- One statement, one snapshot: what it counts includes the changes that it deletes, and no other.
WITH counted AS (
    SELECT seller_id, category_id, count(*) AS listing_count FROM listings
    WHERE status = 'active' GROUP BY 1, 2
), included AS (
    DELETE FROM listing_count_changes
), of_categories AS (
    INSERT INTO category_listing_counts
    SELECT category_id, sum(listing_count) FROM counted GROUP BY 1
    ON CONFLICT (category_id) DO UPDATE SET listing_count = EXCLUDED.listing_count
)
INSERT INTO seller_listing_counts SELECT seller_id, category_id, listing_count FROM counted
ON CONFLICT (seller_id, category_id) DO UPDATE SET listing_count = EXCLUDED.listing_count;

ANALYZE category_listing_counts, seller_listing_counts;
