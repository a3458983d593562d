-- Which rules decide the bids of an auction. The names are the server's: a format is added without
-- a migration. A constant default writes no row. The rows that are there have it, so that they are
-- not checked either: that would read the whole table while bids wait.
ALTER TABLE auctions ADD COLUMN format text NOT NULL DEFAULT 'english';
ALTER TABLE auctions ADD CONSTRAINT auctions_format_check CHECK (length(format) <= 40) NOT VALID;

-- What anybody may see of an auction. Whether `leader_no` may be shown is for its format to say.
CREATE OR REPLACE VIEW auction_states AS
SELECT a.id AS auction_id, a.listing_id, a.seller_id, l.title, l.category_id, a.status,
       a.start_at, a.end_at, a.min_bid, a.current_bid, a.buy_now,
       a.reserve IS NOT NULL AS has_reserve, a.reserve_met, a.leader_no,
       a.winner_id IS NOT NULL AS is_won, a.seq, a.bidder_count, l.shipping_amount,
       a.increments, a.extension_window_seconds, a.extension_seconds, a.version, a.featured_until,
       a.format
FROM auctions a JOIN listings l ON l.id = a.listing_id;
