-- name: list_imports
SELECT row_key, listing_id, row_hash, stock FROM listing_imports
WHERE seller_id = %(seller_id)s AND row_key = ANY(%(keys)s::text[])

-- name: list_of_skus
SELECT seller_sku, id FROM listings
WHERE seller_id = %(seller_id)s AND status = 'active' AND seller_sku = ANY(%(skus)s::text[])

-- name: list_paths
SELECT typed.path, c.id FROM unnest(%(paths)s::text[]) AS typed(path)
JOIN categories c ON lower(c.path) = lower(typed.path)

-- name: lock_categories
-- Keeps the categories of a batch from being deleted under it.
SELECT id FROM categories WHERE id = ANY(%(category_ids)s::uuid[]) ORDER BY id FOR KEY SHARE

-- name: list_lineages
SELECT DISTINCT ancestor::text FROM categories c, unnest(c.lineage) AS ancestor
WHERE c.id = ANY(%(category_ids)s::uuid[])

-- name: insert_listings
INSERT INTO listings (
    id, seller_id, title, description, category_id, type, condition, price, stock,
    shipping_amount, seller_sku
)
SELECT n.id, %(seller_id)s::uuid, n.title, n.description, n.category_id, n.type, n.condition,
       n.price, n.stock, n.shipping_amount, n.seller_sku
FROM json_to_recordset(%(rows)s::json) AS n(
    id uuid, title text, description text, category_id uuid, type text, condition text,
    price bigint, stock integer, shipping_amount bigint, seller_sku text
)

-- name: clear_skus
-- Two listings of a batch may trade their seller_sku, so the old ones go first.
UPDATE listings SET seller_sku = NULL WHERE id = ANY(%(listing_ids)s::uuid[])

-- name: update_listings
UPDATE listings l
SET title = n.title, description = n.description, category_id = n.category_id,
    condition = n.condition, price = n.price, stock = n.stock,
    shipping_amount = n.shipping_amount, seller_sku = n.seller_sku, version = l.version + 1,
    updated_at = market_now()
FROM json_to_recordset(%(rows)s::json) AS n(
    id uuid, title text, description text, category_id uuid, condition text, price bigint,
    stock integer, shipping_amount bigint, seller_sku text
)
WHERE l.id = n.id

-- name: update_terms
-- Without the texts their words are not looked for again, which is most of what an update costs.
UPDATE listings l
SET category_id = n.category_id, condition = n.condition, price = n.price, stock = n.stock,
    shipping_amount = n.shipping_amount, seller_sku = n.seller_sku, version = l.version + 1,
    updated_at = market_now()
FROM json_to_recordset(%(rows)s::json) AS n(
    id uuid, category_id uuid, condition text, price bigint, stock integer,
    shipping_amount bigint, seller_sku text
)
WHERE l.id = n.id

-- name: upsert_imports
INSERT INTO listing_imports (seller_id, row_key, listing_id, row_hash, stock)
SELECT %(seller_id)s::uuid, n.row_key, n.listing_id, n.row_hash, n.stock
FROM unnest(
    %(keys)s::text[], %(listing_ids)s::uuid[], %(hashes)s::text[], %(stocks)s::integer[]
) AS n(row_key, listing_id, row_hash, stock)
ON CONFLICT (seller_id, row_key) DO UPDATE
SET listing_id = EXCLUDED.listing_id, row_hash = EXCLUDED.row_hash, stock = EXCLUDED.stock,
    imported_at = market_now()
