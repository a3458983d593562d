-- Disputes: what a buyer complains of, what both sides say about it, and how it is decided.

ALTER TABLE disputes RENAME COLUMN reason TO text;
ALTER TABLE disputes RENAME CONSTRAINT disputes_reason_check TO disputes_text_check;
ALTER TABLE disputes
    ADD COLUMN reason text NOT NULL DEFAULT 'other'
        CHECK (reason IN ('not_received', 'not_as_described', 'damaged', 'other')),
    -- Always that of the order, so a foreign key would only cost. Lists of a seller need it.
    ADD COLUMN seller_id uuid,
    ADD COLUMN resolution text CHECK (length(resolution) BETWEEN 1 AND 500),
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT market_now();
UPDATE disputes d SET seller_id = o.seller_id FROM orders o WHERE o.id = d.order_id;
UPDATE disputes SET resolution = 'resolved' WHERE status = 'resolved';
ALTER TABLE disputes
    ALTER COLUMN reason DROP DEFAULT,
    ALTER COLUMN seller_id SET NOT NULL,
    ADD CHECK ((status = 'resolved') = (resolution IS NOT NULL)),
    ADD CHECK (opened_by <> seller_id);
CREATE INDEX disputes_of_order ON disputes (order_id);
CREATE INDEX disputes_of_buyer ON disputes (opened_by, created_at, id);
CREATE INDEX disputes_of_seller ON disputes (seller_id, created_at, id);
CREATE INDEX disputes_oldest ON disputes (created_at, id);
CREATE INDEX disputes_waiting ON disputes (created_at, id) WHERE status = 'open';

CREATE TABLE dispute_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dispute_id uuid NOT NULL REFERENCES disputes,
    author_id uuid NOT NULL REFERENCES users,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX dispute_messages_of_dispute ON dispute_messages (dispute_id, id);
-- A decision is made on what was said, so nobody takes a word back.
CREATE TRIGGER dispute_messages_are_final BEFORE UPDATE OR DELETE ON dispute_messages
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A dispute as its two sides and admins see it, with the order that it is about.
CREATE VIEW dispute_states AS
SELECT d.id, d.order_id, d.status, d.reason, d.text, d.opened_by AS buyer_id,
       b.display_name AS buyer_name, d.seller_id, s.display_name AS seller_name, l.title,
       o.status AS order_status, o.total_amount, o.held_amount, d.refund_amount, d.resolution,
       CASE WHEN d.resolved_by = d.seller_id THEN 'seller' WHEN d.resolved_by IS NOT NULL
            THEN 'admin' END AS resolved_by,
       d.created_at, d.updated_at, d.resolved_at
FROM disputes d
JOIN orders o ON o.id = d.order_id
JOIN listings l ON l.id = o.listing_id
JOIN users b ON b.id = d.opened_by
JOIN users s ON s.id = d.seller_id;
