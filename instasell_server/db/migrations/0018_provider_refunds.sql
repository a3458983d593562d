-- What the provider does by itself or by hand: refunds, reversed transfers, payments of nobody's.

-- Money that came without anything that waits for it, or that could not be sent back. The sum of
-- `kept_amount` is the account `suspense`.
CREATE TABLE unmatched_payments (
    intent_id text PRIMARY KEY CHECK (length(intent_id) BETWEEN 1 AND 255),
    amount bigint NOT NULL CHECK (amount >= 0),
    kept_amount bigint NOT NULL CHECK (kept_amount >= 0),
    created_at timestamptz NOT NULL DEFAULT market_now()
);
INSERT INTO unmatched_payments (intent_id, amount, kept_amount)
SELECT reference_id, amount, amount FROM transactions
WHERE account = 'suspense' AND posting_key LIKE 'stray:%'
  AND reference_id NOT IN (SELECT id::text FROM payments);
INSERT INTO unmatched_payments (intent_id, amount, kept_amount)
SELECT p.intent_id, sum(r.amount),
       coalesce(sum(r.amount) FILTER (WHERE r.status = 'failed'), 0)
FROM provider_refunds r JOIN payments p ON p.id = r.payment_id
WHERE r.order_id IS NULL AND p.intent_id IS NOT NULL
GROUP BY p.intent_id
ON CONFLICT DO NOTHING;

-- A refund made at the provider stands beside chargebacks: money that is gone, and who has it. It
-- is final at once (`lost`), unless the card did not take it (`won`).
ALTER TABLE chargebacks
    ADD COLUMN kind text NOT NULL DEFAULT 'chargeback' CHECK (kind IN ('chargeback', 'refund')),
    ADD COLUMN suspense_amount bigint NOT NULL DEFAULT 0 CHECK (suspense_amount >= 0),
    DROP CONSTRAINT chargebacks_check3,
    ADD CONSTRAINT chargebacks_sum CHECK (
        CASE status WHEN 'won' THEN owed_amount + recovered_amount = 0
        ELSE escrow_amount + suspense_amount + owed_amount + recovered_amount = amount END
    );

-- A payment that nothing waits for is sent back without a payment of the market's.
ALTER TABLE provider_refunds
    ALTER COLUMN payment_id DROP NOT NULL,
    ADD COLUMN intent_id text CHECK (length(intent_id) BETWEEN 1 AND 255),
    ADD CHECK (payment_id IS NOT NULL OR intent_id IS NOT NULL);
CREATE INDEX provider_refunds_of_payment ON provider_refunds (payment_id);

-- A transfer may be reversed long after it was sent.
ALTER TABLE withdrawals
    ADD COLUMN returned_amount bigint NOT NULL DEFAULT 0
        CHECK (returned_amount BETWEEN 0 AND amount);
