-- To copy an auction that has moved takes its mark off, which is no change that anybody has to be
-- told of: servers would read again every auction that was bid on in the last two seconds. Whatever
-- changes an auction sets the mark, so that one without it was only copied.
CREATE OR REPLACE FUNCTION note_auction_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auction_changes (auction_ids)
    SELECT array_agg(id) FROM news WHERE TG_OP = 'INSERT' OR is_moved HAVING count(*) > 0;
    RETURN NULL;
END
$$;
