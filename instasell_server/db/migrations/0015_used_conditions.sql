-- Grades for used items, beside new and refurbished. The old constraint held for every row that is
-- there, so the new one is not checked against them, which would keep bids waiting.
ALTER TABLE listings DROP CONSTRAINT listings_condition_check;
ALTER TABLE listings ADD CONSTRAINT listings_condition_check CHECK (
    condition IN ('new', 'refurbished', 'used-like-new', 'used-good', 'used-fair', 'for-parts')
) NOT VALID;
