-- Unpaid orders of a seller, whose deadlines begin again when a suspension ends.
CREATE INDEX orders_unpaid_of_seller ON orders (seller_id) WHERE status = 'pending';
