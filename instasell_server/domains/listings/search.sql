-- The lists of GET /listings. Without a text, the first rows of an index: one for each sort, of
-- all listings, of a category or of a seller. With a text (`match_...`), what a bounded number of
-- looks into the indexes of texts has found. Each has its own key to go on from.
-- Each statement is planned with its values: a filter that is NULL is a constant, which the planner
-- drops, and so is every function of the question alone.

-- fragment: listing_filters
-- Listings of a suspended seller are left out, unless the seller or an admin asks for just those.
-- Of one seller it is asked once: the planner takes the answer of all for a guess about this one.
WHERE l.status = 'active'
  AND NOT EXISTS (
      SELECT FROM users u
      WHERE %(seller)s::uuid IS NULL AND u.id = l.seller_id AND u.status = 'suspended')
  AND (%(seller)s::uuid IS NULL OR NOT EXISTS (
      SELECT FROM users u WHERE u.id = %(seller)s::uuid AND u.status = 'suspended'
        AND u.id IS DISTINCT FROM %(shown_seller)s::uuid))
  AND (%(type)s::text IS NULL OR l.type = %(type)s::text)
  AND (%(condition)s::text IS NULL OR l.condition = %(condition)s::text)
  AND (%(seller)s::uuid IS NULL OR l.seller_id = %(seller)s::uuid)

-- fragment: price_filter
-- Prices are asked of the expression that is indexed: an auction has none, and is left out.
AND (coalesce(%(price_min)s::bigint, %(price_max)s::bigint) IS NULL
     OR coalesce(l.price, 1000000000001) BETWEEN coalesce(%(price_min)s::bigint, 0)
         AND coalesce(%(price_max)s::bigint, 1000000000000))

-- fragment: price_filter_of_cheapest
-- Auctions are last, so that those alone are a range.
-- include: price_filter
AND (%(type)s::text IS DISTINCT FROM 'auction'
     OR coalesce(l.price, 1000000000001) = 1000000000001)

-- fragment: price_filter_of_dearest
AND (coalesce(%(price_min)s::bigint, %(price_max)s::bigint) IS NULL
     OR coalesce(l.price, 0) BETWEEN greatest(coalesce(%(price_min)s::bigint, 1), 1)
         AND coalesce(%(price_max)s::bigint, 1000000000000))
AND (%(type)s::text IS DISTINCT FROM 'auction' OR coalesce(l.price, 0) = 0)

-- fragment: category_filter
AND (%(category)s::uuid IS NULL OR l.category_id = ANY(ARRAY(
    SELECT c.id FROM categories c WHERE c.lineage @> ARRAY[%(category)s::uuid])))

-- fragment: candidates
-- The planner takes a materialized part for one that is read to its end, and so finds its rows by
-- the index of texts instead of a walk that hopes for early ones. LIMIT stops the reading.
-- By words first. Beyond `few` matches a text is common: then words alone decide, and the list is
-- walked in its order. Else what holds the text verbatim is added, and if that makes less than
-- `spelled`, what is spelled like it: that is the dearest look, 0.3 s on 300,000 listings for one
-- word, so that where there are many listings the words are first corrected to common ones.
-- A text without a letter or digit has no trigrams: no spelling of it is forgiven, and titles that
-- hold it are looked for among the newest listings only. Which texts these are only the database
-- can say: `unaccent` turns letters into signs, as U+02B9 into an apostrophe.
all_by_words AS MATERIALIZED (
    SELECT l.id, l.created_at FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      AND l.search @@ websearch_to_tsquery('pg_catalog.english', plain_text(%(words)s::text))
), by_words AS MATERIALIZED (
    SELECT * FROM all_by_words LIMIT %(few)s + 1
), all_verbatim AS MATERIALIZED (
    SELECT l.id, l.created_at FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      AND (SELECT count(*) FROM by_words) <= %(few)s
      AND (cardinality(show_trgm(plain_text(%(literal)s::text))) > 2
           OR l.created_at >= (
               SELECT min(n.created_at) FROM (
                   SELECT created_at FROM listings WHERE status = 'active'
                   ORDER BY created_at DESC, id DESC LIMIT %(scanned)s) AS n))
      AND plain_text(l.title) LIKE like_pattern(%(literal)s::text)
), verbatim AS MATERIALIZED (
    SELECT * FROM all_verbatim LIMIT %(few)s
), counted AS MATERIALIZED (
    SELECT CASE WHEN (SELECT count(*) FROM by_words) < %(spelled)s THEN (
        SELECT count(*) FROM (SELECT id FROM by_words UNION SELECT id FROM verbatim) AS each
    ) ELSE %(spelled)s END AS found
), all_spelled AS MATERIALIZED (
    SELECT l.id, l.created_at FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      AND (SELECT found FROM counted) < %(spelled)s
      AND (SELECT reltuples FROM pg_class WHERE oid = 'listings'::regclass) < %(many)s
      AND CASE WHEN show_trgm(plain_text(%(spelling)s::text)) <> '{}'
               THEN plain_text(%(spelling)s::text) END <%% plain_text(l.title)
), all_corrected AS MATERIALIZED (
    SELECT l.id, l.created_at FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      AND (SELECT found FROM counted) < %(spelled)s
      AND (SELECT reltuples FROM pg_class WHERE oid = 'listings'::regclass) >= %(many)s
      AND l.search @@ (SELECT corrected_words(%(spelling)s::text))
), matches AS MATERIALIZED (
    SELECT id, created_at FROM by_words WHERE (SELECT count(*) FROM by_words) <= %(few)s
    UNION SELECT id, created_at FROM verbatim
    UNION SELECT * FROM (SELECT * FROM all_spelled LIMIT %(few)s) AS spelled
    UNION SELECT * FROM (SELECT * FROM all_corrected LIMIT %(few)s) AS corrected
)

-- fragment: common
-- Of a common text the rows in the order of the list.
AND (SELECT count(*) FROM by_words) > %(few)s
AND l.search @@ websearch_to_tsquery('pg_catalog.english', plain_text(%(words)s::text))

-- name: search_newest
WITH found AS (
    SELECT l.id, l.created_at AS sort_key
    FROM listings l
    -- include: listing_filters
      -- include: price_filter
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
      -- include: price_filter
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
      -- include: price_filter_of_cheapest
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
      -- include: price_filter_of_dearest
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 0), l.id) < (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key DESC, l.id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: search_newest_in_category
-- Of each category the first rows of its index, so that none is looked at that another has.
WITH found AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT l.id, l.created_at AS sort_key
        FROM listings l
        -- include: listing_filters
          -- include: price_filter
          AND l.category_id = c.id
          AND (%(after_id)s::uuid IS NULL
               OR (l.created_at, l.id) < (%(after_key)s::timestamptz, %(after_id)s::uuid))
        ORDER BY sort_key DESC, l.id DESC
        LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
    ORDER BY first.sort_key DESC, first.id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: search_oldest_in_category
-- Of each category the first rows of its index, so that none is looked at that another has.
WITH found AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT l.id, l.created_at AS sort_key
        FROM listings l
        -- include: listing_filters
          -- include: price_filter
          AND l.category_id = c.id
          AND (%(after_id)s::uuid IS NULL
               OR (l.created_at, l.id) > (%(after_key)s::timestamptz, %(after_id)s::uuid))
        ORDER BY sort_key, l.id
        LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
    ORDER BY first.sort_key, first.id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: search_cheapest_in_category
-- Of each category the first rows of its index, so that none is looked at that another has.
WITH found AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT l.id, coalesce(l.price, 1000000000001) AS sort_key
        FROM listings l
        -- include: listing_filters
          -- include: price_filter_of_cheapest
          AND l.category_id = c.id
          AND (%(after_id)s::uuid IS NULL
               OR (coalesce(l.price, 1000000000001), l.id) > (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key, l.id
        LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
    ORDER BY first.sort_key, first.id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: search_dearest_in_category
-- Of each category the first rows of its index, so that none is looked at that another has.
WITH found AS (
    SELECT first.* FROM categories c CROSS JOIN LATERAL (
        SELECT l.id, coalesce(l.price, 0) AS sort_key
        FROM listings l
        -- include: listing_filters
          -- include: price_filter_of_dearest
          AND l.category_id = c.id
          AND (%(after_id)s::uuid IS NULL
               OR (coalesce(l.price, 0), l.id) < (%(after_key)s::bigint, %(after_id)s::uuid))
        ORDER BY sort_key DESC, l.id DESC
        LIMIT %(limit)s
    ) AS first
    WHERE c.lineage @> ARRAY[%(category)s::uuid]
    ORDER BY first.sort_key DESC, first.id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: match_newest
WITH
-- include: candidates
, walked AS (
    SELECT l.id, l.created_at AS sort_key
    FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      -- include: common
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) < (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key DESC, l.id DESC
    LIMIT %(limit)s
), found AS (
    SELECT id, sort_key FROM walked
    UNION ALL
    SELECT l.id, l.created_at FROM matches JOIN listings l USING (id)
    WHERE true
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) < (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key DESC, id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: match_oldest
WITH
-- include: candidates
, walked AS (
    SELECT l.id, l.created_at AS sort_key
    FROM listings l
    -- include: listing_filters
      -- include: price_filter
      -- include: category_filter
      -- include: common
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) > (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key, l.id
    LIMIT %(limit)s
), found AS (
    SELECT id, sort_key FROM walked
    UNION ALL
    SELECT l.id, l.created_at FROM matches JOIN listings l USING (id)
    WHERE true
      AND (%(after_id)s::uuid IS NULL
           OR (l.created_at, l.id) > (%(after_key)s::timestamptz, %(after_id)s::uuid))
    ORDER BY sort_key, id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: match_cheapest
WITH
-- include: candidates
, walked AS (
    SELECT l.id, coalesce(l.price, 1000000000001) AS sort_key
    FROM listings l
    -- include: listing_filters
      -- include: price_filter_of_cheapest
      -- include: category_filter
      -- include: common
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 1000000000001), l.id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, l.id
    LIMIT %(limit)s
), found AS (
    SELECT id, sort_key FROM walked
    UNION ALL
    SELECT l.id, coalesce(l.price, 1000000000001) FROM matches JOIN listings l USING (id)
    WHERE true
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 1000000000001), l.id) > (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key, id
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key, found.id

-- name: match_dearest
WITH
-- include: candidates
, walked AS (
    SELECT l.id, coalesce(l.price, 0) AS sort_key
    FROM listings l
    -- include: listing_filters
      -- include: price_filter_of_dearest
      -- include: category_filter
      -- include: common
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 0), l.id) < (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key DESC, l.id DESC
    LIMIT %(limit)s
), found AS (
    SELECT id, sort_key FROM walked
    UNION ALL
    SELECT l.id, coalesce(l.price, 0) FROM matches JOIN listings l USING (id)
    WHERE true
      AND (%(after_id)s::uuid IS NULL
           OR (coalesce(l.price, 0), l.id) < (%(after_key)s::bigint, %(after_id)s::uuid))
    ORDER BY sort_key DESC, id DESC
    LIMIT %(limit)s
)
SELECT s.* FROM found JOIN listing_states s USING (id)
ORDER BY found.sort_key DESC, found.id DESC

-- name: match_most_relevant
WITH
-- include: candidates
, recent AS MATERIALIZED (
    -- Of a common text those among the newest listings are ranked.
    SELECT n.id, n.created_at FROM (
        SELECT l.id, l.created_at, l.search FROM listings l
        -- include: listing_filters
          -- include: price_filter
          -- include: category_filter
        ORDER BY l.created_at DESC, l.id DESC
        LIMIT CASE WHEN (SELECT count(*) FROM by_words) > %(few)s THEN %(recent)s ELSE 0 END
    ) AS n
    WHERE n.search @@ websearch_to_tsquery(
        'pg_catalog.english', plain_text(%(words)s::text))
    LIMIT %(ranked)s
), matching AS (
    -- Each match is ranked, and a common word matches every listing.
    SELECT id FROM (
        SELECT id, created_at FROM matches
        UNION SELECT id, created_at FROM recent
        UNION SELECT id, created_at FROM by_words
    ) AS every
    ORDER BY created_at DESC, id DESC
    LIMIT %(ranked)s
), ranked AS MATERIALIZED (
    SELECT l.id, (1000000 * (
        coalesce(ts_rank(l.search, websearch_to_tsquery(
            'pg_catalog.english', plain_text(%(words)s::text)
        )), 0) + word_similarity(plain_text(%(q)s::text), plain_text(l.title))
    ))::bigint AS score
    FROM matching JOIN listings l USING (id)
), found AS (
    SELECT id, score FROM ranked
    WHERE %(after_id)s::uuid IS NULL
       OR (score, id) < (%(after_key)s::bigint, %(after_id)s::uuid)
    ORDER BY score DESC, id DESC
    LIMIT %(limit)s
)
SELECT s.*, found.score FROM found JOIN listing_states s USING (id)
ORDER BY found.score DESC, found.id DESC
