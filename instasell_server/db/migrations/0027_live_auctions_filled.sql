-- one by one
CREATE INDEX CONCURRENTLY auctions_moved ON auctions (id) WHERE is_moved;

-- An auction with its mark is copied when that is taken off.
INSERT INTO live_auctions
SELECT auction_id, listing_id, seller_id, category_id, end_key, price, bid_count
FROM auction_keys WHERE status = 'live' AND NOT is_moved
ON CONFLICT (auction_id) DO NOTHING;

ANALYZE live_auctions;
ANALYZE auctions (is_moved);

CREATE INDEX CONCURRENTLY auctions_seller_status ON auctions (seller_id, status, created_at, id);
