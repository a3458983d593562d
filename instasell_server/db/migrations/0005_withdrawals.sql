-- Money that leaves the market: the accounts that people have at the provider, and what is sent there.

CREATE TABLE payout_accounts (
    user_id uuid PRIMARY KEY REFERENCES users,
    account_id text NOT NULL UNIQUE CHECK (length(account_id) <= 255),
    created_at timestamptz NOT NULL DEFAULT market_now()
);

-- The id is the key by which the provider sends an amount once.
CREATE TABLE withdrawals (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
    provider_id text UNIQUE CHECK (length(provider_id) <= 255),
    failure text CHECK (length(failure) <= 500),
    -- Nobody else takes the row up before this instant.
    leased_until timestamptz NOT NULL DEFAULT market_now(),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    updated_at timestamptz NOT NULL DEFAULT market_now(),
    CHECK ((status = 'succeeded') = (provider_id IS NOT NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX withdrawals_unfinished ON withdrawals (leased_until) WHERE status = 'pending';
CREATE INDEX withdrawals_of_user ON withdrawals (user_id, created_at, id);
