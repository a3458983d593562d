-- Addresses from which an account has signed in. Failed sign-ins of others slow down whoever comes
-- from an address that is not here; the rows hold keyed hashes, so that nobody who reads the
-- database learns where people live.
CREATE TABLE known_addresses (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    address_hash text NOT NULL CHECK (length(address_hash) = 32),
    last_used_at timestamptz NOT NULL DEFAULT market_now(),
    PRIMARY KEY (user_id, address_hash)
);
CREATE INDEX known_addresses_age ON known_addresses (last_used_at);
