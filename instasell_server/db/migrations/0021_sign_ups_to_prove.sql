-- Sign-ups that wait until their address is proved. No account, and no password, exists before.

CREATE TABLE pending_signups (
    -- What the token of the mail names; it opens nothing by itself.
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
    display_name text CHECK (length(display_name) BETWEEN 1 AND 60),
    role text NOT NULL CHECK (role IN ('buyer', 'seller')),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX pending_signups_email ON pending_signups (email);
CREATE INDEX pending_signups_age ON pending_signups (expires_at);

-- The mail to an address that has no account yet carries the address itself.
ALTER TABLE emails
    ALTER COLUMN user_id DROP NOT NULL,
    ADD CONSTRAINT emails_recipient CHECK (user_id IS NOT NULL OR address IS NOT NULL);
CREATE UNIQUE INDEX emails_without_account ON emails (kind, cause) WHERE user_id IS NULL;
