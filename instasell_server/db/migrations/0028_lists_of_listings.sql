-- one by one
-- Each sort of a category's and of a seller's listings has its index, and rare types and
-- conditions are found without a walk over the others.
CREATE INDEX CONCURRENTLY listings_category_cheapest
    ON listings (category_id, coalesce(price, 1000000000001), id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_category_dearest
    ON listings (category_id, coalesce(price, 0), id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_seller_newest
    ON listings (seller_id, created_at, id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_seller_cheapest
    ON listings (seller_id, coalesce(price, 1000000000001), id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_seller_dearest
    ON listings (seller_id, coalesce(price, 0), id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_type
    ON listings (type, created_at, id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_condition
    ON listings (condition, created_at, id) WHERE status = 'active';

CREATE INDEX CONCURRENTLY listings_type_condition
    ON listings (type, condition, created_at, id) WHERE status = 'active';

-- The planner has no statistics of what only partial indexes know, and takes any range of prices
-- for 1 listing in 200.
CREATE STATISTICS IF NOT EXISTS listings_prices_upwards
    ON (coalesce(price, 1000000000001)) FROM listings;

CREATE STATISTICS IF NOT EXISTS listings_prices_downwards ON (coalesce(price, 0)) FROM listings;

-- The words that most listings have are kept by ANALYZE: ten for each of these.
ALTER TABLE listings ALTER COLUMN search SET STATISTICS 300;

-- A text whose words are corrected to common ones of the listings; NULL when one of its words
-- is like none of them. A thousand comparisons for each word, of five at most.
CREATE OR REPLACE FUNCTION corrected_words(value text) RETURNS tsquery
    LANGUAGE sql STABLE STRICT AS $$
WITH common AS MATERIALIZED (
    SELECT unnest(most_common_elems::text::text[]) AS lexeme FROM pg_stats
    WHERE schemaname = 'public' AND tablename = 'listings' AND attname = 'search'
), words AS (
    SELECT DISTINCT word
    FROM regexp_split_to_table(plain_text(value), '[^[:alnum:]]+') AS word WHERE length(word) > 2
)
SELECT CASE WHEN count(*) BETWEEN 1 AND 5 AND count(best.lexeme) = count(*) THEN
    string_agg('''' || replace(replace(best.lexeme, '\', '\\'), '''', '''''') || '''', ' & ')::tsquery
END
FROM words LEFT JOIN LATERAL (
    SELECT lexeme FROM common
    WHERE (SELECT count(*) FROM words) <= 5 AND similarity(word, lexeme) >= 0.4
    ORDER BY similarity(word, lexeme) DESC, lexeme LIMIT 1
) AS best ON true
$$;

ANALYZE listings;
