-- name: lock_owner
-- Keeps the writes of one person's files in line, so that what is counted stays so until the commit.
SELECT pg_advisory_xact_lock(hashtextextended(%(owner_id)s, 12))

-- name: count_files
SELECT (SELECT count(*) FROM media_files WHERE owner_id = %(owner_id)s AND status = 'pending')
           AS pending,
       (SELECT coalesce(sum(size_bytes), 0) FROM media_files
        WHERE owner_id = %(owner_id)s AND status = 'pending') AS pending_bytes,
       (SELECT count(*) FROM media_files WHERE listing_id = %(listing_id)s) AS of_listing,
       (SELECT count(*) FROM media_files
        WHERE dispute_id = %(dispute_id)s AND owner_id = %(owner_id)s) AS of_side

-- name: insert_file
INSERT INTO media_files (owner_id, listing_id, dispute_id, content_type, size_bytes, file_name)
VALUES (%(owner_id)s, %(listing_id)s, %(dispute_id)s, %(content_type)s, %(size_bytes)s,
        %(file_name)s)
RETURNING id

-- name: find_file
SELECT id, owner_id, listing_id, dispute_id, content_type, size_bytes, file_name, status, position,
       versions, created_at
FROM media_files WHERE id = %(file_id)s

-- name: lock_file
SELECT id, owner_id, listing_id, dispute_id, content_type, size_bytes, file_name, status, position,
       versions, created_at
FROM media_files WHERE id = %(file_id)s FOR UPDATE

-- name: update_ready
-- A picture comes behind those that are there.
UPDATE media_files AS f
SET status = 'ready', completed_at = market_now(), versions = %(versions)s::jsonb,
    position = CASE WHEN f.listing_id IS NOT NULL THEN
        (SELECT coalesce(max(o.position) + 1, 0) FROM media_files o
         WHERE o.listing_id = f.listing_id) END
WHERE f.id = %(file_id)s

-- name: delete_file
DELETE FROM media_files WHERE id = %(file_id)s

-- name: list_images
SELECT id, owner_id, listing_id, dispute_id, content_type, size_bytes, file_name, status, position,
       versions, created_at
FROM media_files WHERE listing_id = %(listing_id)s AND status = 'ready' ORDER BY position, id

-- name: list_images_of
SELECT id, owner_id, listing_id, dispute_id, content_type, size_bytes, file_name, status, position,
       versions, created_at
FROM media_files WHERE listing_id = ANY(%(listing_ids)s::uuid[]) AND status = 'ready'
ORDER BY listing_id, position, id

-- name: list_evidence
SELECT id, owner_id, listing_id, dispute_id, content_type, size_bytes, file_name, status, position,
       versions, created_at
FROM media_files WHERE dispute_id = %(dispute_id)s AND status = 'ready' ORDER BY completed_at, id

-- name: update_positions
UPDATE media_files AS f SET position = wanted.place - 1
FROM unnest(%(file_ids)s::uuid[]) WITH ORDINALITY AS wanted (id, place)
WHERE f.id = wanted.id

-- name: delete_abandoned
DELETE FROM media_files
WHERE id IN (SELECT id FROM media_files
             WHERE status = 'pending' AND created_at < market_now() - interval '1 hour'
             ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id

-- name: find_uploader
SELECT u.status = 'active' AND (f.listing_id IS NULL OR u.role = 'seller') AS may_upload
FROM media_files f JOIN users u ON u.id = f.owner_id
WHERE f.id = %(file_id)s
