-- Money moves: the running balance of each ledger row, payments at the provider, and what an order
-- needs on its way from paid to delivered.

ALTER TABLE wallets ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0);

-- The order of a wallet's rows: they are written while its row is locked.
ALTER TABLE transactions ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY;
-- The account's balance after this row; for the accounts of wallets only.
ALTER TABLE transactions ADD COLUMN balance_after bigint
    CHECK (balance_after >= 0 AND (balance_after IS NOT NULL) = (user_id IS NOT NULL));
DROP INDEX transactions_of_user;
CREATE INDEX transactions_of_user ON transactions (user_id, seq) WHERE user_id IS NOT NULL;
CREATE INDEX transactions_of_account ON transactions (account, seq) WHERE user_id IS NULL;

ALTER TABLE orders
    ADD COLUMN address jsonb,
    ADD COLUMN payment_method text CHECK (payment_method IN ('card', 'wallet')),
    ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0
        CHECK (refunded_amount BETWEEN 0 AND total_amount),
    ADD COLUMN paid_at timestamptz,
    ADD COLUMN shipped_at timestamptz,
    ADD COLUMN delivered_at timestamptz,
    ADD COLUMN carrier text CHECK (length(carrier) BETWEEN 1 AND 60),
    ADD COLUMN tracking text CHECK (length(tracking) BETWEEN 1 AND 100),
    ADD COLUMN version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    ADD CHECK (held_amount + refunded_amount <= total_amount),
    ADD CHECK ((paid_at IS NULL) = (payment_method IS NULL)),
    ADD CHECK (paid_at IS NOT NULL OR status IN ('pending', 'cancelled')),
    ADD CHECK ((shipped_at IS NULL) = (carrier IS NULL)),
    ADD CHECK ((delivered_at IS NOT NULL) = (status = 'delivered'));

-- What is asked of the provider stands here before it is asked, so that a crash in between leaves a
-- row to take up again. Its id is the key by which the provider does a thing once.
CREATE TABLE payments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users,
    purpose text NOT NULL CHECK (purpose IN ('balance', 'gas', 'order')),
    order_id uuid REFERENCES orders,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- opening: the provider has been or is being asked; open: its page waits for the payer.
    status text NOT NULL DEFAULT 'opening'
        CHECK (status IN ('opening', 'open', 'succeeded', 'failed')),
    session_id text UNIQUE,
    intent_id text UNIQUE,
    checkout_url text CHECK (length(checkout_url) <= 2000),
    failure text CHECK (length(failure) <= 500),
    -- Nobody else takes the row up before this instant.
    leased_until timestamptz NOT NULL DEFAULT market_now() + interval '45 seconds',
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK ((purpose = 'order') = (order_id IS NOT NULL)),
    CHECK (status NOT IN ('open', 'succeeded') OR session_id IS NOT NULL)
);
CREATE UNIQUE INDEX payments_open_order ON payments (order_id)
    WHERE order_id IS NOT NULL AND status IN ('opening', 'open');
CREATE UNIQUE INDEX payments_paid_order ON payments (order_id)
    WHERE order_id IS NOT NULL AND status = 'succeeded';
CREATE INDEX payments_unfinished ON payments (leased_until) WHERE status IN ('opening', 'open');
CREATE INDEX payments_of_user ON payments (user_id, created_at);

-- Money that goes back through the provider: a refund to the card it came from.
CREATE TABLE provider_refunds (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    payment_id uuid NOT NULL REFERENCES payments,
    order_id uuid REFERENCES orders,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    status text NOT NULL DEFAULT 'asking'
        CHECK (status IN ('asking', 'asked', 'succeeded', 'failed')),
    provider_id text UNIQUE,
    leased_until timestamptz NOT NULL DEFAULT market_now(),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX provider_refunds_unfinished ON provider_refunds (leased_until)
    WHERE status IN ('asking', 'asked');
CREATE INDEX provider_refunds_of_order ON provider_refunds (order_id) WHERE order_id IS NOT NULL;

-- Each event of the provider has its effect once.
CREATE TABLE provider_events (
    id text PRIMARY KEY CHECK (length(id) <= 255),
    type text NOT NULL CHECK (length(type) <= 255),
    received_at timestamptz NOT NULL DEFAULT market_now()
);

-- What an operator has to look at: money that nobody asked for, or that did not come back.
CREATE TABLE alerts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (length(kind) <= 60),
    subject text NOT NULL CHECK (length(subject) <= 255),
    details jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT market_now(),
    closed_at timestamptz,
    UNIQUE (kind, subject)
);

-- What anybody may see of an auction, with how long it is shown before others.
CREATE OR REPLACE VIEW auction_states AS
SELECT a.id AS auction_id, a.listing_id, a.seller_id, l.title, l.category_id, a.status,
       a.start_at, a.end_at, a.min_bid, a.current_bid, a.buy_now,
       a.reserve IS NOT NULL AS has_reserve, a.reserve_met, a.leader_no,
       a.winner_id IS NOT NULL AS is_won, a.seq, a.bidder_count, l.shipping_amount,
       a.increments, a.extension_window_seconds, a.extension_seconds, a.version, a.featured_until
FROM auctions a JOIN listings l ON l.id = a.listing_id;
