-- Money that a payer's bank may still take back: it is spent at once, and withdrawn later.

-- What a payment has put into a wallet. `left_amount` is what of it is still there.
CREATE TABLE wallet_holds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    payment_id uuid NOT NULL REFERENCES payments,
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000),
    left_amount bigint NOT NULL CHECK (left_amount BETWEEN 0 AND amount),
    free_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT market_now()
);
CREATE INDEX wallet_holds_of_user ON wallet_holds (user_id, free_at) WHERE left_amount > 0;

-- Where held money went: into an order or a chargeback. What comes back from there is held again,
-- so that an order that is bought and called off turns no held money into free money.
CREATE TABLE wallet_hold_uses (
    purpose_id uuid NOT NULL,
    hold_id bigint NOT NULL REFERENCES wallet_holds,
    amount bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (purpose_id, hold_id)
);
CREATE INDEX wallet_hold_uses_of_hold ON wallet_hold_uses (hold_id);

-- Nothing leaves the wallet of an account whose bank has taken a payment back.
ALTER TABLE wallets ADD COLUMN payouts_stopped_at timestamptz;

-- What was never asked of the provider can be kept here. Of what waits now nobody knows.
ALTER TABLE withdrawals ADD COLUMN asked_at timestamptz;
UPDATE withdrawals SET asked_at = created_at WHERE status = 'pending';

-- Who owes what of a chargeback: the payer first, then the seller. A sum that nobody is named for
-- is the platform's loss. `is_due` is false while the bank decides whether the seller pays.
CREATE TABLE chargeback_debts (
    chargeback_id uuid NOT NULL REFERENCES chargebacks,
    debtor_id uuid NOT NULL REFERENCES users,
    owed_amount bigint NOT NULL CHECK (owed_amount >= 0),
    recovered_amount bigint NOT NULL DEFAULT 0 CHECK (recovered_amount >= 0),
    is_due boolean NOT NULL,
    PRIMARY KEY (chargeback_id, debtor_id)
);
CREATE INDEX chargeback_debts_to_recover ON chargeback_debts (debtor_id)
    WHERE owed_amount > 0;

INSERT INTO chargeback_debts (chargeback_id, debtor_id, owed_amount, recovered_amount, is_due)
SELECT id, debtor_id, owed_amount, recovered_amount, is_due
FROM chargebacks WHERE debtor_id IS NOT NULL AND owed_amount + recovered_amount > 0;
ALTER TABLE chargebacks
    DROP COLUMN debtor_id,
    DROP COLUMN is_due,
    -- The part that the payer had got back already, here or on the card.
    ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0 CHECK (refunded_amount >= 0);

-- What keeps a balance from leaving: how much is held and until when, and how much is owed. The
-- list is that of the next 20 instants; what comes later is counted in `held_amount` all the same.
CREATE FUNCTION wallet_limits(owner uuid, at timestamptz)
RETURNS TABLE (held_amount bigint, owed_amount bigint, held jsonb) LANGUAGE sql STABLE AS $$
    WITH active AS (
        SELECT free_at, sum(left_amount)::bigint AS amount FROM wallet_holds
        WHERE user_id = owner AND left_amount > 0 AND free_at > at
        GROUP BY free_at
    )
    SELECT (SELECT coalesce(sum(amount), 0)::bigint FROM active),
           (SELECT coalesce(sum(d.owed_amount), 0)::bigint FROM chargeback_debts d
            WHERE d.debtor_id = owner AND d.owed_amount > 0),
           (SELECT coalesce(
                jsonb_agg(jsonb_build_object('amount', amount, 'free_at', free_at)
                          ORDER BY free_at), '[]')
            FROM (SELECT amount, free_at FROM active ORDER BY free_at LIMIT 20) AS soonest)
$$;
