-- What the lists of open auctions are filtered and sorted by, on a row and in indexes of its own.
-- An index over price or number of bids on `auctions` would end HOT updates: each bid would then
-- write to all ten indexes of the table. So a change only sets a mark, which costs an
-- index entry once, and further bids stay HOT; two seconds later `refresh_live_auctions` copies
-- what has the mark, and takes it off. Lists read the rows without the mark from here, in order,
-- and those with it from `auctions`, so that no list shows an old price.

CREATE TABLE live_auctions (
    auction_id uuid PRIMARY KEY REFERENCES auctions ON DELETE CASCADE,
    listing_id uuid NOT NULL,
    seller_id uuid NOT NULL,
    category_id uuid NOT NULL,
    -- The end, in microseconds since 1970.
    end_key bigint NOT NULL,
    price bigint NOT NULL,
    bid_count bigint NOT NULL
);
CREATE INDEX live_auctions_ending ON live_auctions (end_key, auction_id);
CREATE INDEX live_auctions_cheapest ON live_auctions (price, auction_id);
CREATE INDEX live_auctions_dearest ON live_auctions ((-price), auction_id);
CREATE INDEX live_auctions_bids ON live_auctions ((-bid_count), auction_id);
CREATE INDEX live_auctions_category_ending ON live_auctions (category_id, end_key, auction_id);
CREATE INDEX live_auctions_category_cheapest ON live_auctions (category_id, price, auction_id);
CREATE INDEX live_auctions_category_dearest ON live_auctions (category_id, (-price), auction_id);
CREATE INDEX live_auctions_category_bids ON live_auctions (category_id, (-bid_count), auction_id);
CREATE INDEX live_auctions_seller_ending ON live_auctions (seller_id, end_key, auction_id);
CREATE INDEX live_auctions_seller_cheapest ON live_auctions (seller_id, price, auction_id);
CREATE INDEX live_auctions_seller_dearest ON live_auctions (seller_id, (-price), auction_id);
CREATE INDEX live_auctions_seller_bids ON live_auctions (seller_id, (-bid_count), auction_id);
CREATE INDEX live_auctions_listing ON live_auctions (listing_id);

-- A constant default writes no row.
ALTER TABLE auctions ADD COLUMN is_moved boolean NOT NULL DEFAULT false;

-- The sort keys of an auction, as its row has them now.
CREATE VIEW auction_keys AS
SELECT a.id AS auction_id, a.listing_id, a.seller_id, l.category_id,
       (extract(epoch FROM a.end_at) * 1000000)::bigint AS end_key,
       coalesce(a.current_bid, a.min_bid) AS price, a.seq AS bid_count,
       a.status, a.start_at, a.end_at, a.is_moved, l.title
FROM auctions a JOIN listings l ON l.id = a.listing_id;

CREATE FUNCTION mark_auction_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_moved := true;
    RETURN NEW;
END
$$;
-- The version rises too when the listing of an auction is edited.
CREATE TRIGGER auctions_move BEFORE UPDATE ON auctions FOR EACH ROW
    WHEN (NOT NEW.is_moved AND (
        OLD.version <> NEW.version OR OLD.status <> NEW.status OR OLD.seq <> NEW.seq
        OR OLD.current_bid IS DISTINCT FROM NEW.current_bid OR OLD.min_bid <> NEW.min_bid
        OR OLD.start_at <> NEW.start_at OR OLD.end_at <> NEW.end_at
    ))
    EXECUTE FUNCTION mark_auction_moved();

CREATE FUNCTION list_new_auctions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO live_auctions
    SELECT k.auction_id, k.listing_id, k.seller_id, k.category_id, k.end_key, k.price, k.bid_count
    FROM inserted i JOIN auction_keys k ON k.auction_id = i.id
    WHERE i.status = 'live';
    RETURN NULL;
END
$$;
CREATE TRIGGER auctions_listed AFTER INSERT ON auctions REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION list_new_auctions();
