-- Message e-mails of one conversation to one of its sides: the first goes at once, those behind it
-- are gathered into one. 41 messages were 41 e-mails.
CREATE TABLE message_mail_windows (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    -- No e-mail about this conversation goes before.
    next_at timestamptz NOT NULL,
    -- When the e-mail goes that gathers what comes now; it may be gone already.
    gathered_at timestamptz,
    gap_seconds integer NOT NULL CHECK (gap_seconds > 0),
    PRIMARY KEY (user_id, conversation_id)
);
