-- The market: accounts, listings, auctions, bids, orders, wallets and their ledger.
-- Amounts are bigint minor units of the market's one currency; the bounds back those of the wire.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;

-- The market's clock. Tests replace its body in their own database.
CREATE FUNCTION market_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Fails the transaction when a statement did not touch the rows that it had to.
CREATE FUNCTION expect_rows(actual bigint, expected bigint) RETURNS boolean
    LANGUAGE plpgsql AS $$
BEGIN
    IF actual IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'expected % rows, touched %', expected, actual USING ERRCODE = 'P0004';
    END IF;
    RETURN true;
END
$$;

-- unaccent is only STABLE because its dictionary can be changed; this market never does.
CREATE FUNCTION plain_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
    $$SELECT lower(public.unaccent('public.unaccent'::regdictionary, value))$$;

-- A LIKE pattern that finds a text literally, whatever wildcards it holds.
CREATE FUNCTION like_pattern(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
    $$SELECT '%' || regexp_replace(public.plain_text(value), '([\\%_])', '\\\1', 'g') || '%'$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed or deleted', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

-- Accounts -----------------------------------------------------------------------------------

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
    password_hash text NOT NULL,
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 60),
    role text NOT NULL CHECK (role IN ('buyer', 'seller', 'admin')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    verification_status text NOT NULL DEFAULT 'unverified'
        CHECK (verification_status IN ('unverified', 'pending', 'verified')),
    -- Rises with role and status; copies of a session carry it, and an older one never wins.
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_created ON users (created_at, id);

-- A sign-in or a script's token. This table is the truth, Redis has a copy.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('login', 'token')),
    name text CHECK (length(name) <= 60),
    scopes text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT market_now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    -- Whether Redis was given a copy: a session that it never had cannot have been lost by it.
    is_copied boolean NOT NULL DEFAULT true,
    CHECK ((kind = 'token') = (name IS NOT NULL))
);
CREATE INDEX sessions_of_user ON sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Listings -----------------------------------------------------------------------------------

CREATE TABLE categories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    parent_id uuid REFERENCES categories ON DELETE RESTRICT,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    -- The names from the top down to this category, " > " between them.
    path text NOT NULL,
    -- The ids from the top down to this category, itself included.
    lineage uuid[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK (parent_id IS DISTINCT FROM id)
);
CREATE UNIQUE INDEX categories_name ON categories (parent_id, lower(name)) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX categories_path ON categories (lower(path));
CREATE INDEX categories_lineage ON categories USING gin (lineage);

CREATE TABLE listings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    seller_id uuid NOT NULL REFERENCES users,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 20000),
    category_id uuid NOT NULL REFERENCES categories ON DELETE RESTRICT,
    type text NOT NULL CHECK (type IN ('direct', 'auction')),
    condition text NOT NULL CHECK (condition IN ('new', 'refurbished')),
    price bigint CHECK (price BETWEEN 1 AND 1000000000000),
    stock integer NOT NULL CHECK (stock BETWEEN 0 AND 1000000),
    shipping_amount bigint NOT NULL DEFAULT 0
        CHECK (shipping_amount BETWEEN 0 AND 1000000000000),
    seller_sku text CHECK (length(seller_sku) BETWEEN 1 AND 100),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'removed')),
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now(),
    -- Cutting text into words is most of what a new row costs, so of a long description only the
    -- beginning is searched.
    search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.english', plain_text(title)), 'A')
        || setweight(to_tsvector('pg_catalog.english', plain_text(left(description, 1000))), 'C')
    ) STORED,
    CHECK (CASE type WHEN 'direct' THEN price IS NOT NULL ELSE price IS NULL AND stock <= 1 END)
);
CREATE UNIQUE INDEX listings_sku ON listings (seller_id, seller_sku)
    WHERE seller_sku IS NOT NULL AND status = 'active';
CREATE INDEX listings_newest ON listings (created_at, id) WHERE status = 'active';
-- Listings without a price come last, whichever way the prices run.
CREATE INDEX listings_cheapest ON listings (coalesce(price, 1000000000001), id)
    WHERE status = 'active';
CREATE INDEX listings_dearest ON listings (coalesce(price, 0), id) WHERE status = 'active';
CREATE INDEX listings_category ON listings (category_id, created_at, id) WHERE status = 'active';
CREATE INDEX listings_seller ON listings (seller_id, created_at, id);
CREATE INDEX listings_search ON listings USING gin (search);
CREATE INDEX listings_title ON listings USING gin (plain_text(title) gin_trgm_ops);

-- The last row that a bulk upload sent for a key; stock moves by the difference from it.
CREATE TABLE listing_imports (
    -- The seller of the listing, so a foreign key would only cost.
    seller_id uuid NOT NULL,
    row_key text NOT NULL CHECK (length(row_key) <= 200),
    listing_id uuid NOT NULL REFERENCES listings ON DELETE CASCADE,
    row_hash text NOT NULL,
    stock integer,
    imported_at timestamptz NOT NULL DEFAULT market_now(),
    PRIMARY KEY (seller_id, row_key)
);
CREATE INDEX listing_imports_listing ON listing_imports (listing_id);

-- Auctions -----------------------------------------------------------------------------------

CREATE TABLE auctions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    listing_id uuid NOT NULL REFERENCES listings,
    seller_id uuid NOT NULL REFERENCES users,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'live', 'ended', 'cancelled')),
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    -- The end as it was set, before any extension; a replay of the bids begins with it.
    planned_end_at timestamptz NOT NULL,
    min_bid bigint NOT NULL CHECK (min_bid BETWEEN 1 AND 1000000000000),
    reserve bigint CHECK (reserve BETWEEN min_bid AND 1000000000000),
    buy_now bigint CHECK (buy_now BETWEEN min_bid AND 1000000000000),
    increments jsonb NOT NULL DEFAULT '"ebay"',
    extension_window_seconds integer NOT NULL DEFAULT 5
        CHECK (extension_window_seconds BETWEEN 0 AND 3600),
    extension_seconds integer NOT NULL DEFAULT 5 CHECK (extension_seconds BETWEEN 0 AND 3600),
    current_bid bigint CHECK (current_bid BETWEEN 1 AND 1000000000000),
    current_bidder_id uuid REFERENCES users,
    -- The public number of the leader in this auction.
    leader_no integer CHECK (leader_no BETWEEN 1 AND bidder_count),
    -- Private: how far the leader and the runner-up go.
    leader_max bigint CHECK (leader_max >= current_bid AND leader_max <= 1000000000000),
    runner_up_max bigint CHECK (runner_up_max <= leader_max),
    reserve_met boolean NOT NULL DEFAULT false,
    seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    bidder_count integer NOT NULL DEFAULT 0 CHECK (bidder_count BETWEEN 0 AND seq),
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    winner_id uuid REFERENCES users,
    cancel_reason text CHECK (length(cancel_reason) <= 500),
    -- Charged at creation and given back when it is called off without bids.
    gas_fee bigint NOT NULL DEFAULT 0 CHECK (gas_fee BETWEEN 0 AND 1000000000000),
    featured_until timestamptz,
    closed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK (start_at < end_at AND planned_end_at <= end_at AND isfinite(end_at)),
    CHECK (reserve <= buy_now),
    CHECK (extension_seconds >= extension_window_seconds),
    CHECK ((seq = 0) = (current_bidder_id IS NULL)),
    CHECK ((current_bidder_id IS NULL) = (current_bid IS NULL)),
    CHECK ((current_bidder_id IS NULL) = (leader_max IS NULL)),
    CHECK ((current_bidder_id IS NULL) = (leader_no IS NULL)),
    CHECK (current_bidder_id IS DISTINCT FROM seller_id),
    CHECK (winner_id IS NULL OR status = 'ended'),
    CHECK ((closed_at IS NOT NULL) = (status IN ('ended', 'cancelled')))
-- Room in each page keeps the updates of a running auction off the indexes.
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX auctions_open_listing ON auctions (listing_id)
    WHERE status IN ('pending', 'live');
CREATE INDEX auctions_starting ON auctions (start_at, id) WHERE status = 'pending';
CREATE INDEX auctions_ending ON auctions (end_at, id) WHERE status IN ('pending', 'live');
CREATE INDEX auctions_seller ON auctions (seller_id, created_at, id);
CREATE INDEX auctions_listing ON auctions (listing_id, created_at);

CREATE TABLE bids (
    -- For those who take rows away; the market itself finds a bid by its auction and seq, and an
    -- index over random ids would be the dearest of the table.
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    auction_id uuid NOT NULL REFERENCES auctions,
    seq bigint NOT NULL CHECK (seq > 0),
    bidder_id uuid NOT NULL REFERENCES users,
    bidder_no integer NOT NULL CHECK (bidder_no BETWEEN 1 AND seq),
    kind text NOT NULL CHECK (kind IN ('bid', 'raise', 'buy_now')),
    offered_amount bigint CHECK (offered_amount BETWEEN 1 AND 1000000000000),
    max_amount bigint NOT NULL CHECK (max_amount BETWEEN 1 AND 1000000000000),
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND max_amount),
    price_after bigint NOT NULL CHECK (price_after >= amount),
    -- Always a bidder of this auction, so a foreign key would only cost.
    leader_after uuid NOT NULL,
    leader_no_after integer NOT NULL,
    extended boolean NOT NULL DEFAULT false,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
    -- The version of the auction whose commit brought this bid.
    auction_version bigint NOT NULL CHECK (auction_version > 1),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (auction_id, seq),
    UNIQUE (auction_id, bidder_id, idempotency_key)
);
CREATE INDEX bids_of_bidder ON bids (bidder_id, created_at);
CREATE TRIGGER bids_are_final BEFORE UPDATE OR DELETE ON bids
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What anybody may see of an auction. The reserve and the maxima stay behind.
CREATE VIEW auction_states AS
SELECT a.id AS auction_id, a.listing_id, a.seller_id, l.title, l.category_id, a.status,
       a.start_at, a.end_at, a.min_bid, a.current_bid, a.buy_now,
       a.reserve IS NOT NULL AS has_reserve, a.reserve_met, a.leader_no,
       a.winner_id IS NOT NULL AS is_won, a.seq, a.bidder_count, l.shipping_amount,
       a.increments, a.extension_window_seconds, a.extension_seconds, a.version
FROM auctions a JOIN listings l ON l.id = a.listing_id;

-- A listing as anybody sees it, with the auction that is open on it.
CREATE VIEW listing_states AS
SELECT l.id, l.seller_id, u.display_name AS seller_name, l.type, l.title, l.description,
       l.category_id, c.path AS category_path, c.lineage::text[] AS category_lineage,
       l.condition, l.price, l.stock, l.shipping_amount, l.seller_sku, l.status,
       a.id AS auction_id, a.seq AS auction_seq, l.version, l.created_at, l.updated_at
FROM listings l
JOIN users u ON u.id = l.seller_id
JOIN categories c ON c.id = l.category_id
LEFT JOIN auctions a ON a.listing_id = l.id AND a.status IN ('pending', 'live');

CREATE TABLE auction_watches (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    auction_id uuid NOT NULL REFERENCES auctions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    PRIMARY KEY (user_id, auction_id)
);
CREATE INDEX auction_watches_auction ON auction_watches (auction_id);

-- Orders -------------------------------------------------------------------------------------

CREATE TABLE orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    buyer_id uuid NOT NULL REFERENCES users,
    seller_id uuid NOT NULL REFERENCES users,
    listing_id uuid NOT NULL REFERENCES listings,
    auction_id uuid REFERENCES auctions,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    unit_amount bigint NOT NULL CHECK (unit_amount BETWEEN 1 AND 1000000000000),
    shipping_amount bigint NOT NULL CHECK (shipping_amount BETWEEN 0 AND 1000000000000),
    total_amount bigint NOT NULL CHECK (total_amount = unit_amount * quantity + shipping_amount),
    held_amount bigint NOT NULL DEFAULT 0 CHECK (held_amount BETWEEN 0 AND total_amount),
    status text NOT NULL DEFAULT 'pending' CHECK (
        status IN ('pending', 'processing', 'shipped', 'delivered', 'disputed', 'cancelled')
    ),
    payment_due_at timestamptz NOT NULL,
    escrow_release_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK (buyer_id <> seller_id),
    CHECK (held_amount = 0 OR status IN ('processing', 'shipped', 'disputed'))
);
-- An auction makes one order that stands; a second one only after the first was called off.
CREATE UNIQUE INDEX orders_of_auction ON orders (auction_id)
    WHERE auction_id IS NOT NULL AND status <> 'cancelled';
CREATE INDEX orders_of_buyer ON orders (buyer_id, created_at, id);
CREATE INDEX orders_of_seller ON orders (seller_id, created_at, id);
CREATE INDEX orders_unpaid ON orders (payment_due_at) WHERE status = 'pending';
CREATE INDEX orders_release ON orders (escrow_release_at)
    WHERE status IN ('processing', 'shipped');

CREATE TABLE order_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    from_status text,
    to_status text NOT NULL,
    -- Absent when the market itself acted.
    actor_id uuid REFERENCES users,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX order_events_of_order ON order_events (order_id, id);
CREATE TRIGGER order_events_are_final BEFORE UPDATE OR DELETE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE disputes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders,
    opened_by uuid NOT NULL REFERENCES users,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 2000),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),
    refund_amount bigint CHECK (refund_amount BETWEEN 0 AND 1000000000000),
    resolved_by uuid REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    resolved_at timestamptz,
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((status = 'resolved') = (refund_amount IS NOT NULL))
);
CREATE UNIQUE INDEX disputes_open ON disputes (order_id) WHERE status = 'open';

-- Money --------------------------------------------------------------------------------------

CREATE TABLE wallets (
    user_id uuid PRIMARY KEY REFERENCES users,
    balance bigint NOT NULL DEFAULT 0 CHECK (balance BETWEEN 0 AND 1000000000000000),
    gas_balance bigint NOT NULL DEFAULT 0 CHECK (gas_balance BETWEEN 0 AND 1000000000000000),
    updated_at timestamptz NOT NULL DEFAULT market_now()
);

CREATE TABLE transactions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    transfer_id uuid NOT NULL,
    account text NOT NULL CHECK (account IN (
        'balance', 'gas', 'escrow', 'stripe', 'in_transit', 'suspense', 'receivable',
        'gas_sales', 'fees'
    )),
    user_id uuid REFERENCES users,
    order_id uuid REFERENCES orders,
    amount bigint NOT NULL CHECK (amount <> 0 AND abs(amount) <= 1000000000000000),
    type text NOT NULL CHECK (type IN (
        'topup', 'charge', 'refund', 'hold', 'release', 'withdrawal', 'gas', 'settle',
        'chargeback', 'fee'
    )),
    reference_id text,
    posting_key text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK ((user_id IS NOT NULL) = (account IN ('balance', 'gas'))),
    CHECK (account <> 'escrow' OR order_id IS NOT NULL)
);
CREATE INDEX transactions_of_user ON transactions (user_id, created_at, id)
    WHERE user_id IS NOT NULL;
CREATE INDEX transactions_of_order ON transactions (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX transactions_of_transfer ON transactions (transfer_id);
CREATE TRIGGER transactions_are_final BEFORE UPDATE OR DELETE ON transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION transfer_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM transactions WHERE transfer_id = NEW.transfer_id) <> 0 THEN
        RAISE EXCEPTION 'the rows of transfer % do not sum to zero', NEW.transfer_id
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transactions_balance AFTER INSERT ON transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION transfer_is_balanced();

-- What happens after a commit ----------------------------------------------------------------

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    available_at timestamptz NOT NULL DEFAULT market_now(),
    attempts integer NOT NULL DEFAULT 0,
    done_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (available_at, id) WHERE done_at IS NULL;

CREATE TABLE notifications (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    -- One notice for one cause, however often its outbox row is worked on.
    cause text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    read_at timestamptz,
    UNIQUE (user_id, kind, cause)
);
CREATE INDEX notifications_of_user ON notifications (user_id, created_at, id);

CREATE TABLE idempotency_replies (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
    body_hash text NOT NULL,
    reply text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now(),
    PRIMARY KEY (user_id, method, path, key)
);
CREATE INDEX idempotency_replies_age ON idempotency_replies (created_at);

-- An auction shows its listing's words. Whichever way those change, the outbox brings the auction
-- up to date, so that no copy of its state keeps the old ones.
CREATE FUNCTION leave_listing_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (kind, payload)
    SELECT 'listing_edited', jsonb_build_object('auction_id', id)
    FROM auctions WHERE listing_id = NEW.id AND status IN ('pending', 'live');
    RETURN NULL;
END
$$;
CREATE TRIGGER listings_shown_by_auctions AFTER UPDATE ON listings
    FOR EACH ROW WHEN (
        NEW.type = 'auction' AND (
            OLD.title IS DISTINCT FROM NEW.title
            OR OLD.category_id IS DISTINCT FROM NEW.category_id
            OR OLD.shipping_amount IS DISTINCT FROM NEW.shipping_amount
        )
    )
    EXECUTE FUNCTION leave_listing_edited();
