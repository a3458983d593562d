-- Notifications: what people are to be told of, what they want to be told, what they follow.

-- What happened and still has to be told to people. Rows are written by the transaction that has
-- the effect, and go in the one that writes the notices. They are a table beside `outbox`, because
-- many are worked on at once, and ten thousand auctions that end together must not make the rows
-- wait that close a suspended account.
CREATE TABLE notice_causes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX notice_causes_waiting ON notice_causes (available_at, id);

-- One row for each batch of bids in which an auction's lead changed. Who led at `first_seq` or
-- later, and does not lead when the row is worked on, is told.
CREATE TABLE lead_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    auction_id uuid NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    created_at timestamptz NOT NULL
);

-- Auctions of which it was told that they end soon. No foreign key: its lock would hold up bids.
CREATE TABLE endings_told (
    auction_id uuid PRIMARY KEY,
    told_at timestamptz NOT NULL
);

CREATE INDEX notifications_unread ON notifications (user_id, created_at, id)
    WHERE read_at IS NULL;
CREATE INDEX notifications_swept ON notifications (read_at) WHERE read_at IS NOT NULL;

-- What somebody set himself; where nothing is set, the default of the kind holds.
CREATE TABLE notification_preferences (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (length(kind) <= 40),
    in_app boolean,
    email boolean,
    PRIMARY KEY (user_id, kind)
);

-- Auctions are followed in `auction_watches`.
CREATE TABLE subscriptions (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('category', 'seller')),
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    PRIMARY KEY (user_id, kind, subject_id)
);
CREATE INDEX subscriptions_of_subject ON subscriptions (subject_id, user_id);

-- Orders: each step writes a row of `order_events`, whoever takes it.
CREATE FUNCTION leave_order_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice_causes (kind, payload)
    SELECT 'order_event', jsonb_build_object('event_id', id)
    FROM news
    WHERE from_status IS DISTINCT FROM to_status
      AND (to_status IN ('processing', 'shipped', 'delivered', 'cancelled')
           OR (from_status IS NULL AND to_status = 'pending'));
    RETURN NULL;
END
$$;
CREATE TRIGGER order_events_told AFTER INSERT ON order_events
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION leave_order_notices();

CREATE FUNCTION leave_dispute_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice_causes (kind, payload)
    VALUES (TG_ARGV[0], jsonb_build_object('id', NEW.id));
    RETURN NULL;
END
$$;
CREATE TRIGGER disputes_opened_told AFTER INSERT ON disputes
    FOR EACH ROW EXECUTE FUNCTION leave_dispute_notice('dispute_opened');
CREATE TRIGGER disputes_resolved_told AFTER UPDATE ON disputes
    FOR EACH ROW WHEN (OLD.status <> 'resolved' AND NEW.status = 'resolved')
    EXECUTE FUNCTION leave_dispute_notice('dispute_resolved');
CREATE TRIGGER dispute_messages_told AFTER INSERT ON dispute_messages
    FOR EACH ROW EXECUTE FUNCTION leave_dispute_notice('dispute_answered');

-- Money that leaves an escrow; what a top-up or a payment books costs nothing here.
CREATE FUNCTION leave_money_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice_causes (kind, payload)
    VALUES (NEW.type, jsonb_build_object(
        'order_id', NEW.order_id, 'amount', -NEW.amount, 'posting_key', NEW.posting_key
    ));
    RETURN NULL;
END
$$;
CREATE TRIGGER transactions_told AFTER INSERT ON transactions
    FOR EACH ROW WHEN (
        NEW.account = 'escrow' AND NEW.type IN ('refund', 'release') AND NEW.amount < 0
    )
    EXECUTE FUNCTION leave_money_notice();

-- Goods that somebody waits for. Of one statement the first 20 are told, so that an upload of
-- thousands does not bury its followers.
CREATE FUNCTION leave_listing_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM subscriptions) THEN
        RETURN NULL;
    END IF;
    INSERT INTO notice_causes (kind, payload)
    SELECT 'new_listing', jsonb_build_object('listing_id', n.id)
    FROM news n JOIN categories c ON c.id = n.category_id
    WHERE n.type = 'direct' AND n.status = 'active' AND EXISTS (
        SELECT FROM subscriptions s WHERE s.subject_id = ANY(c.lineage || n.seller_id)
    )
    LIMIT 20;
    RETURN NULL;
END
$$;
CREATE TRIGGER listings_told AFTER INSERT ON listings
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION leave_listing_notices();

CREATE FUNCTION leave_auction_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO notice_causes (kind, payload)
    SELECT 'new_auction', jsonb_build_object('auction_id', NEW.id)
    WHERE EXISTS (
        SELECT FROM subscriptions s
        WHERE s.subject_id = NEW.seller_id OR s.subject_id IN (
            SELECT unnest(c.lineage) FROM listings l JOIN categories c ON c.id = l.category_id
            WHERE l.id = NEW.listing_id
        )
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER auctions_told AFTER INSERT ON auctions
    FOR EACH ROW EXECUTE FUNCTION leave_auction_notice();
