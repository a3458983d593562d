-- What comes after a sale went wrong: offers to runners-up, money that banks take back, and what a
-- buyer sees of a seller.

-- An auction is offered to each bidder once at most.
CREATE UNIQUE INDEX orders_of_auction_and_buyer ON orders (auction_id, buyer_id)
    WHERE auction_id IS NOT NULL;

-- A chargeback is a dispute of its own: what the buyer complains of here may be open beside it.
ALTER TABLE disputes
    ADD COLUMN kind text NOT NULL DEFAULT 'complaint' CHECK (kind IN ('complaint', 'chargeback'));
DROP INDEX disputes_open;
CREATE UNIQUE INDEX disputes_open ON disputes (order_id)
    WHERE status = 'open' AND kind = 'complaint';

-- While a bank claims the money of an order, the order is frozen as in a dispute, and comes back to
-- where it stood when the last of those claims is decided.
ALTER TABLE orders
    ADD COLUMN bank_claims integer NOT NULL DEFAULT 0 CHECK (bank_claims >= 0),
    ADD COLUMN claimed_status text CHECK (claimed_status IN ('processing', 'shipped', 'disputed')),
    ADD CHECK ((bank_claims > 0) = (claimed_status IS NOT NULL)),
    ADD CHECK (bank_claims = 0 OR status = 'disputed');

-- Money that a payer's bank has taken back through the provider. All of `amount` is one of these:
-- taken out of escrow, still owed to the platform, or recovered from whom it had come to.
CREATE TABLE chargebacks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    provider_id text NOT NULL UNIQUE CHECK (length(provider_id) BETWEEN 1 AND 255),
    intent_id text NOT NULL CHECK (length(intent_id) BETWEEN 1 AND 255),
    -- Absent while no payment of the market is known by that intent.
    payment_id uuid REFERENCES payments,
    order_id uuid REFERENCES orders,
    dispute_id uuid UNIQUE REFERENCES disputes,
    -- Who owes what was not in escrow any more.
    debtor_id uuid REFERENCES users,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    escrow_amount bigint NOT NULL DEFAULT 0 CHECK (escrow_amount >= 0),
    owed_amount bigint NOT NULL CHECK (owed_amount >= 0),
    recovered_amount bigint NOT NULL DEFAULT 0 CHECK (recovered_amount >= 0),
    -- What the provider charges for it, in minor units; some of it may come back.
    fee_amount bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'won', 'lost')),
    -- Whether it is one of the `bank_claims` of the order.
    holds_order boolean NOT NULL DEFAULT false,
    -- Whether the debtor pays while the bank still thinks: a payer who has the money twice does.
    is_due boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    closed_at timestamptz,
    CHECK ((status = 'open') = (closed_at IS NULL)),
    CHECK (NOT holds_order OR order_id IS NOT NULL),
    CHECK (escrow_amount = 0 OR order_id IS NOT NULL),
    CHECK (
        CASE status WHEN 'won' THEN owed_amount + recovered_amount = 0
        ELSE escrow_amount + owed_amount + recovered_amount = amount END
    )
);
CREATE INDEX chargebacks_of_intent ON chargebacks (intent_id);
CREATE INDEX chargebacks_of_order ON chargebacks (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX chargebacks_to_recover ON chargebacks (debtor_id)
    WHERE is_due AND owed_amount > 0 AND debtor_id IS NOT NULL;

-- What a buyer sees of a seller is counted from these alone, without a look at the tables.
CREATE INDEX orders_completed ON orders (seller_id, delivered_at DESC)
    INCLUDE (paid_at, shipped_at) WHERE status = 'delivered';
CREATE INDEX disputes_lost ON disputes (seller_id)
    WHERE status = 'resolved' AND kind = 'complaint' AND refund_amount > 0;
CREATE INDEX disputes_charged_back ON disputes (seller_id) WHERE kind = 'chargeback';
