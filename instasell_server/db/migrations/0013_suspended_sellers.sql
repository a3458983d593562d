-- What a suspended seller offers is hidden and cannot be bought until the seller is back. It is
-- asked of the seller's row, so that suspending one who has 100,000 listings touches none of them.

-- Suspended accounts are few: a list that leaves out their listings looks here once for each row.
CREATE INDEX users_suspended ON users (id) WHERE status = 'suspended';

CREATE OR REPLACE VIEW listing_states AS
SELECT l.id, l.seller_id, u.display_name AS seller_name, l.type, l.title, l.description,
       l.category_id, c.path AS category_path, c.lineage::text[] AS category_lineage,
       l.condition, l.price, l.stock, l.shipping_amount, l.seller_sku, l.status,
       a.id AS auction_id, a.seq AS auction_seq, l.version, l.created_at, l.updated_at,
       u.status = 'suspended' AS is_seller_suspended
FROM listings l
JOIN users u ON u.id = l.seller_id
JOIN categories c ON c.id = l.category_id
LEFT JOIN auctions a ON a.listing_id = l.id AND a.status IN ('pending', 'live');

-- Cached pages show the listings of a seller, or do not any more. A trigger, so that no way of
-- changing an account can forget it.
CREATE FUNCTION leave_seller_visibility() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    VALUES ('seller_visibility', jsonb_build_object('seller_id', NEW.id));
    RETURN NULL;
END
$$;
CREATE TRIGGER users_visibility AFTER UPDATE OF status ON users
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION leave_seller_visibility();
