-- name: insert_dispute
INSERT INTO disputes (order_id, opened_by, seller_id, kind, reason, text, created_at, updated_at)
VALUES (%(order_id)s, %(buyer_id)s, %(seller_id)s, %(kind)s, %(reason)s, %(text)s, %(now)s,
        %(now)s)
RETURNING id

-- name: find_order_of_dispute
SELECT order_id FROM disputes WHERE id = %(dispute_id)s

-- name: lock_dispute
-- Its messages refer to it, and do not have to wait for each other's keys.
SELECT id, order_id, opened_by AS buyer_id, seller_id, status, kind
FROM disputes WHERE id = %(dispute_id)s FOR NO KEY UPDATE

-- name: lock_open_dispute_of_order
SELECT id, order_id, opened_by AS buyer_id, seller_id, status, kind
FROM disputes
WHERE order_id = %(order_id)s AND status = 'open' AND kind = 'complaint' FOR NO KEY UPDATE

-- name: update_resolved
UPDATE disputes
SET status = 'resolved', refund_amount = %(refund_amount)s, resolution = %(resolution)s,
    resolved_by = %(resolved_by)s, resolved_at = %(now)s, updated_at = %(now)s
WHERE id = %(dispute_id)s

-- name: insert_message
WITH told AS (
    UPDATE disputes SET updated_at = %(now)s WHERE id = %(dispute_id)s
)
INSERT INTO dispute_messages (dispute_id, author_id, text, created_at)
VALUES (%(dispute_id)s, %(author_id)s, %(text)s, %(now)s)

-- name: find_dispute
SELECT s.*, d.kind FROM dispute_states s JOIN disputes d ON d.id = s.id WHERE s.id = %(dispute_id)s

-- name: list_messages
SELECT CASE WHEN m.author_id = d.seller_id THEN 'seller' ELSE 'buyer' END AS author,
       u.display_name AS author_name, m.text, m.created_at
FROM dispute_messages m
JOIN disputes d ON d.id = m.dispute_id
JOIN users u ON u.id = m.author_id
WHERE m.dispute_id = %(dispute_id)s ORDER BY m.id

-- name: list_disputes
SELECT d.*, k.kind, (extract(epoch FROM d.created_at) * 1000000)::bigint AS sort_key
FROM dispute_states d JOIN disputes k ON k.id = d.id
WHERE (d.buyer_id = %(user_id)s OR d.seller_id = %(user_id)s)
  AND (%(status)s::text IS NULL OR d.status = %(status)s::text)
  AND (%(order_id)s::uuid IS NULL OR d.order_id = %(order_id)s::uuid)
  AND (%(after_key)s::bigint IS NULL OR
       ((extract(epoch FROM d.created_at) * 1000000)::bigint, d.id)
       < (%(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY d.created_at DESC, d.id DESC LIMIT %(limit)s

-- name: list_all_disputes
-- Who has waited longest comes first.
SELECT d.*, k.kind, (extract(epoch FROM d.created_at) * 1000000)::bigint AS sort_key
FROM dispute_states d JOIN disputes k ON k.id = d.id
WHERE (%(status)s::text IS NULL OR d.status = %(status)s::text)
  AND (%(order_id)s::uuid IS NULL OR d.order_id = %(order_id)s::uuid)
  AND (%(after_key)s::bigint IS NULL OR
       ((extract(epoch FROM d.created_at) * 1000000)::bigint, d.id)
       > (%(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY d.created_at, d.id LIMIT %(limit)s
