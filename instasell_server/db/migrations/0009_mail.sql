-- E-mail to people, and the links in it by which they prove that an address is theirs.

CREATE TABLE emails (
    -- Numbers the mails of a market; a local mailbox keeps each under its number.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The left part of the Message-ID, the same at every try.
    message_key uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Where it went; absent until somebody takes it up.
    address text CHECK (length(address) <= 254),
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
    -- Wiped when nothing is to be done with the mail any more.
    facts jsonb NOT NULL CHECK (jsonb_typeof(facts) = 'object'),
    -- One mail for one cause, however often it is asked for.
    cause text NOT NULL CHECK (length(cause) BETWEEN 1 AND 255),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'dropped')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When to try next; while somebody tries, when others may take it from him.
    next_at timestamptz NOT NULL DEFAULT market_now(),
    -- Set before the content goes to the mail server, and taken back where that says no. A mail
    -- that has it when its lease ends may have been delivered, and is not sent again.
    handed_over_at timestamptz,
    last_error text CHECK (length(last_error) <= 200),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    done_at timestamptz,
    UNIQUE (user_id, kind, cause),
    CHECK ((state = 'queued') = (done_at IS NULL)),
    CHECK (state = 'queued' OR facts = '{}')
);
CREATE INDEX emails_waiting ON emails (next_at, id) WHERE state = 'queued';
CREATE INDEX emails_done ON emails (done_at) WHERE state <> 'queued';

-- A link is signed by the server and works once. Only its id is kept, which opens nothing.
CREATE TABLE account_links (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    created_at timestamptz NOT NULL DEFAULT market_now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX account_links_of_user ON account_links (user_id, purpose) WHERE used_at IS NULL;
CREATE INDEX account_links_age ON account_links (expires_at);
