-- Five sorts of one list: what they let through is the same, and each has its own key to go on
-- from, so that each finds its index.

-- fragment: listing_filters
-- Filters are static: a parameter that is NULL makes its test a constant, which the planner drops,
-- and so is every function of the question alone. Listings of a suspended seller are left out,
-- unless the seller or an admin asks for just those.
-- A text without a letter or digit has no trigrams: no spelling of it is forgiven, and titles that
-- hold it are looked for among the newest listings only. Which texts these are only the database
-- can say: `unaccent` turns letters into signs, as U+02B9 into an apostrophe.
WHERE l.status = 'active'
  AND NOT EXISTS (
      SELECT FROM users u WHERE u.id = l.seller_id AND u.status = 'suspended'
        AND u.id IS DISTINCT FROM %(shown_seller)s::uuid)
  AND (%(category)s::uuid IS NULL OR l.category_id IN (
      SELECT c.id FROM categories c WHERE c.lineage @> ARRAY[%(category)s::uuid]
  ))
  AND (%(type)s::text IS NULL OR l.type = %(type)s::text)
  AND (%(condition)s::text IS NULL OR l.condition = %(condition)s::text)
  AND (%(price_min)s::bigint IS NULL OR l.price >= %(price_min)s::bigint)
  AND (%(price_max)s::bigint IS NULL OR l.price <= %(price_max)s::bigint)
  AND (%(seller)s::uuid IS NULL OR l.seller_id = %(seller)s::uuid)
  AND (%(q)s::text IS NULL
       OR l.search @@ websearch_to_tsquery(
           'pg_catalog.english', plain_text(%(words)s::text)
       )
       OR CASE WHEN show_trgm(plain_text(%(spelling)s::text)) <> '{}'
               THEN plain_text(%(spelling)s::text) END <%% plain_text(l.title)
       OR ((cardinality(show_trgm(plain_text(%(literal)s::text))) > 2
            OR l.created_at >= (
                SELECT min(n.created_at) FROM (
                    SELECT created_at FROM listings WHERE status = 'active'
                    ORDER BY created_at DESC, id DESC LIMIT %(scanned)s) AS n))
           AND plain_text(l.title) LIKE like_pattern(%(literal)s::text)))

-- name: search_newest
WITH found AS (
    SELECT l.id, l.created_at AS sort_key
    FROM listings l
    -- include: listing_filters
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) < (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key DESC, l.id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: search_oldest
WITH found AS (
    SELECT l.id, l.created_at AS sort_key
    FROM listings l
    -- include: listing_filters
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) > (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key, l.id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: search_cheapest
WITH found AS (
    SELECT l.id, coalesce(l.price, 1000000000001) AS sort_key
    FROM listings l
    -- include: listing_filters
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 1000000000001), l.id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, l.id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: search_dearest
WITH found AS (
    SELECT l.id, coalesce(l.price, 0) AS sort_key
    FROM listings l
    -- include: listing_filters
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 0), l.id) < (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key DESC, l.id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: search_most_relevant
WITH matching AS (
    SELECT l.id, (1000000 * (
        coalesce(ts_rank(l.search, websearch_to_tsquery(
            'pg_catalog.english', plain_text(%(words)s::text)
        )), 0) + word_similarity(plain_text(%(q)s::text), plain_text(l.title))
    ))::bigint AS score
    FROM listings l
    -- include: listing_filters
    -- Each match is ranked, and a common word matches every listing.
    ORDER BY l.created_at DESC, l.id DESC
    LIMIT %(ranked)s
), found AS (
    SELECT id, score FROM matching
    WHERE %(after_id)s::uuid IS NULL
       OR (score, id) < (%(after_key)s::bigint, %(after_id)s::uuid)
    ORDER BY score DESC, id DESC
    LIMIT %(limit)s
)
SELECT s.*, found.score FROM found JOIN listing_states s USING (id)
ORDER BY found.score DESC, found.id DESC
