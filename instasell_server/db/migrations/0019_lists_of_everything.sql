-- Lists of all auctions and all orders, the newest first, whole and by status.

CREATE INDEX auctions_newest ON auctions (created_at, id);
CREATE INDEX auctions_of_status ON auctions (status, created_at, id);

CREATE INDEX orders_newest ON orders (created_at, id);
CREATE INDEX orders_of_status ON orders (status, created_at, id);
-- The longer one serves what it served.
DROP INDEX orders_by_time;
