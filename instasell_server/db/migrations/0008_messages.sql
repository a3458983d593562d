-- Messages between a buyer and a seller, about a listing or about an order.

CREATE TABLE conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    listing_id uuid NOT NULL REFERENCES listings,
    -- Absent while it is a question about a listing.
    order_id uuid REFERENCES orders,
    -- Who asks, or who bought.
    buyer_id uuid NOT NULL REFERENCES users,
    seller_id uuid NOT NULL REFERENCES users,
    last_seq bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    buyer_read_seq bigint NOT NULL DEFAULT 0 CHECK (buyer_read_seq BETWEEN 0 AND last_seq),
    seller_read_seq bigint NOT NULL DEFAULT 0 CHECK (seller_read_seq BETWEEN 0 AND last_seq),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK (buyer_id <> seller_id)
);
CREATE UNIQUE INDEX conversations_of_listing ON conversations (listing_id, buyer_id)
    WHERE order_id IS NULL;
CREATE UNIQUE INDEX conversations_of_order ON conversations (order_id)
    WHERE order_id IS NOT NULL;
CREATE INDEX conversations_of_buyer ON conversations (buyer_id, updated_at, id);
CREATE INDEX conversations_of_seller ON conversations (seller_id, updated_at, id);

CREATE TABLE messages (
    conversation_id uuid NOT NULL REFERENCES conversations,
    seq bigint NOT NULL CHECK (seq > 0),
    author_id uuid NOT NULL REFERENCES users,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);
-- An admin may have to judge by what was said, so nobody takes a word back.
CREATE TRIGGER messages_are_final BEFORE UPDATE OR DELETE ON messages
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A conversation twice, once as each of its sides sees it.
CREATE VIEW conversation_states AS
SELECT c.id, r.reader_id, c.listing_id, c.order_id, l.title, r.you, c.buyer_id,
       b.display_name AS buyer_name, c.seller_id, s.display_name AS seller_name,
       c.last_seq AS message_count,
       (SELECT count(*) FROM messages m
        WHERE m.conversation_id = c.id AND m.seq > r.read_seq AND m.author_id <> r.reader_id)
           AS unread_count,
       coalesce((SELECT m.text FROM messages m
                 WHERE m.conversation_id = c.id AND m.seq = c.last_seq), '') AS last_text,
       c.created_at, c.updated_at
FROM conversations c
CROSS JOIN LATERAL (
    VALUES ('buyer', c.buyer_id, c.buyer_read_seq), ('seller', c.seller_id, c.seller_read_seq)
) AS r(you, reader_id, read_seq)
JOIN listings l ON l.id = c.listing_id
JOIN users b ON b.id = c.buyer_id
JOIN users s ON s.id = c.seller_id;
