-- Orders whose money a bank takes back with the top-up that paid them.

-- What a chargeback of a top-up takes out of the escrow of an order, which is frozen until the
-- verdict. A chargeback of a card order has its only order in its own row.
CREATE TABLE chargeback_orders (
    chargeback_id uuid NOT NULL REFERENCES chargebacks,
    order_id uuid NOT NULL REFERENCES orders,
    dispute_id uuid NOT NULL UNIQUE REFERENCES disputes,
    escrow_amount bigint NOT NULL CHECK (escrow_amount BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (chargeback_id, order_id)
);
CREATE INDEX chargeback_orders_of_order ON chargeback_orders (order_id);

-- Its `escrow_amount` is the sum of those.
ALTER TABLE chargebacks DROP CONSTRAINT chargebacks_check2;

CREATE INDEX wallet_holds_of_payment ON wallet_holds (payment_id);
