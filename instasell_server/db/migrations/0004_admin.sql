-- The admin's desk: what admins did and why, and what the market's figures are counted from.

-- What an admin did. It is written in the transaction that did it, and stays as it is.
CREATE TABLE admin_actions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    admin_id uuid NOT NULL REFERENCES users,
    action text NOT NULL CHECK (length(action) BETWEEN 1 AND 60),
    subject_kind text NOT NULL CHECK (length(subject_kind) BETWEEN 1 AND 60),
    subject_id uuid NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    details jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX admin_actions_of_admin ON admin_actions (admin_id, id);
CREATE INDEX admin_actions_of_kind ON admin_actions (action, id);
CREATE INDEX admin_actions_on_subject ON admin_actions (subject_id, id);
CREATE TRIGGER admin_actions_are_final BEFORE UPDATE OR DELETE ON admin_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE INDEX alerts_newest ON alerts ((closed_at IS NOT NULL), created_at DESC, id DESC);

-- People are found by a part of their address or name.
CREATE INDEX users_email_parts ON users USING gin (plain_text(email) gin_trgm_ops);
CREATE INDEX users_name_parts ON users USING gin (plain_text(display_name) gin_trgm_ops);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';

-- What is counted by when it happened. Rows of the large tables come in the order of time, so that
-- an index of block ranges finds a span of it and costs a bid or a listing next to nothing.
CREATE INDEX bids_by_time ON bids USING brin (created_at);
CREATE INDEX listings_by_time ON listings USING brin (created_at);
CREATE INDEX auctions_by_start ON auctions (start_at);
CREATE INDEX orders_by_time ON orders (created_at);
CREATE INDEX orders_paid ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_delivered ON orders (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX payments_decided ON payments (updated_at) WHERE status IN ('succeeded', 'failed');
CREATE INDEX transactions_refunded ON transactions (created_at)
    WHERE account = 'escrow' AND type = 'refund';
