-- name: find_listing
SELECT l.id, l.seller_id FROM listings l JOIN users u ON u.id = l.seller_id
WHERE l.id = %(listing_id)s AND l.status = 'active' AND u.status <> 'suspended'

-- name: find_order
SELECT id, listing_id, buyer_id, seller_id FROM orders WHERE id = %(order_id)s

-- name: insert_conversation
-- A request at the same moment waits here, and finds the row of the first.
INSERT INTO conversations (listing_id, order_id, buyer_id, seller_id)
VALUES (%(listing_id)s, %(order_id)s, %(buyer_id)s, %(seller_id)s)
ON CONFLICT DO NOTHING

-- name: find_conversation_of_listing
SELECT id FROM conversations
WHERE listing_id = %(listing_id)s AND buyer_id = %(buyer_id)s AND order_id IS NULL

-- name: find_conversation_of_order
SELECT id FROM conversations WHERE order_id = %(order_id)s

-- name: lock_conversation
SELECT id, buyer_id, seller_id, last_seq FROM conversations
WHERE id = %(conversation_id)s FOR NO KEY UPDATE

-- name: insert_message
WITH counted AS (
    UPDATE conversations SET last_seq = %(seq)s, updated_at = %(now)s
    WHERE id = %(conversation_id)s
), told AS (
    INSERT INTO notice_causes (kind, payload)
    VALUES ('message', jsonb_build_object('conversation_id', %(conversation_id)s, 'seq', %(seq)s))
)
INSERT INTO messages (conversation_id, seq, author_id, text, created_at)
VALUES (%(conversation_id)s, %(seq)s, %(author_id)s, %(text)s, %(now)s)

-- name: update_read
UPDATE conversations
SET buyer_read_seq = CASE WHEN buyer_id = %(user_id)s
        THEN greatest(buyer_read_seq, least(last_seq, %(up_to)s)) ELSE buyer_read_seq END,
    seller_read_seq = CASE WHEN seller_id = %(user_id)s
        THEN greatest(seller_read_seq, least(last_seq, %(up_to)s)) ELSE seller_read_seq END
WHERE id = %(conversation_id)s AND %(user_id)s IN (buyer_id, seller_id)

-- name: find_conversation
SELECT * FROM conversation_states
WHERE id = %(conversation_id)s AND reader_id = %(user_id)s

-- name: list_conversations
SELECT * FROM conversation_states
WHERE reader_id = %(user_id)s AND (buyer_id = %(user_id)s OR seller_id = %(user_id)s)
  AND (%(listing_id)s::uuid IS NULL OR (listing_id = %(listing_id)s::uuid AND order_id IS NULL))
  AND (%(order_id)s::uuid IS NULL OR order_id = %(order_id)s::uuid)
  AND (%(before_at)s::timestamptz IS NULL
       OR (updated_at, id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY updated_at DESC, id DESC LIMIT %(limit)s

-- name: find_message
SELECT m.conversation_id, m.seq,
       CASE WHEN m.author_id = c.seller_id THEN 'seller' ELSE 'buyer' END AS author,
       m.author_id, u.display_name AS author_name, m.text, m.created_at
FROM messages m
JOIN conversations c ON c.id = m.conversation_id
JOIN users u ON u.id = m.author_id
WHERE m.conversation_id = %(conversation_id)s AND m.seq = %(seq)s

-- name: list_messages
SELECT m.conversation_id, m.seq,
       CASE WHEN m.author_id = c.seller_id THEN 'seller' ELSE 'buyer' END AS author,
       m.author_id, u.display_name AS author_name, m.text, m.created_at
FROM messages m
JOIN conversations c ON c.id = m.conversation_id
JOIN users u ON u.id = m.author_id
WHERE m.conversation_id = %(conversation_id)s
  AND %(user_id)s IN (c.buyer_id, c.seller_id)
  AND (%(before_seq)s::bigint IS NULL OR m.seq < %(before_seq)s::bigint)
ORDER BY m.seq DESC LIMIT %(limit)s

-- name: list_messages_of_order
SELECT m.conversation_id, m.seq,
       CASE WHEN m.author_id = c.seller_id THEN 'seller' ELSE 'buyer' END AS author,
       m.author_id, u.display_name AS author_name, m.text, m.created_at
FROM messages m
JOIN conversations c ON c.id = m.conversation_id
JOIN users u ON u.id = m.author_id
WHERE c.order_id = %(order_id)s ORDER BY m.seq
