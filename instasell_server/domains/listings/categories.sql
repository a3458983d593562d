-- name: lock_tree
-- Paths and lineages are kept of parents too, so the tree is changed by one at a time.
SELECT pg_advisory_xact_lock(hashtextextended('categories', 12))

-- name: list_categories
WITH summed AS (
    SELECT ancestor, sum(shown.listing_count)::bigint AS listing_count
    FROM shown_listing_counts shown
    JOIN categories c ON c.id = shown.category_id, unnest(c.lineage) AS ancestor
    GROUP BY ancestor
)
SELECT c.id, c.name, c.parent_id, c.path, cardinality(c.lineage) AS depth,
       coalesce(summed.listing_count, 0) AS listing_count
FROM categories c LEFT JOIN summed ON summed.ancestor = c.id
ORDER BY lower(c.name), c.id

-- name: find_category
SELECT c.id, c.name, c.parent_id, c.path, c.lineage::text[] AS lineage,
       (SELECT coalesce(sum(shown.listing_count), 0)::bigint FROM shown_listing_counts shown
        WHERE shown.category_id IN (
            SELECT below.id FROM categories below WHERE below.lineage @> ARRAY[c.id]
        )) AS listing_count
FROM categories c WHERE c.id = %(category_id)s

-- name: insert_category
INSERT INTO categories (id, parent_id, name, path, lineage)
VALUES (
    %(category_id)s::uuid, %(parent_id)s::uuid, %(name)s, %(path)s, %(lineage)s::uuid[]
)

-- name: list_subtree
SELECT id, path, cardinality(lineage) AS depth FROM categories
WHERE lineage @> ARRAY[%(category_id)s::uuid]

-- name: move_category
-- What lies below keeps the end of its path and lineage; the category itself is all beginning.
UPDATE categories
SET name = CASE WHEN id = %(category_id)s::uuid THEN %(name)s ELSE name END,
    parent_id = CASE WHEN id = %(category_id)s::uuid THEN %(parent_id)s::uuid
                     ELSE parent_id END,
    path = %(path)s || substr(path, %(old_length)s + 1),
    lineage = %(lineage)s::uuid[] || lineage[%(old_depth)s + 1:]
WHERE lineage @> ARRAY[%(category_id)s::uuid]

-- name: delete_category
DELETE FROM categories WHERE id = %(category_id)s

-- name: fold_listing_counts
-- Several servers may fold: each takes what the others have not locked.
WITH due AS (
    DELETE FROM listing_count_changes WHERE id IN (
        SELECT id FROM listing_count_changes ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) RETURNING seller_id, category_id, change
), of_categories AS (
    INSERT INTO category_listing_counts AS c
    SELECT category_id, sum(change) FROM due GROUP BY 1 ORDER BY 1
    ON CONFLICT (category_id) DO UPDATE
    SET listing_count = c.listing_count + EXCLUDED.listing_count
), of_sellers AS (
    INSERT INTO seller_listing_counts AS c
    SELECT seller_id, category_id, sum(change) FROM due GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (seller_id, category_id) DO UPDATE
    SET listing_count = c.listing_count + EXCLUDED.listing_count
)
SELECT count(*) AS folded FROM due
