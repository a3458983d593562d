-- The auctions that each transaction has changed, so that servers can ask for what changed since they
-- last looked, whoever changed it: one row for each statement, whatever number of auctions it changed.
-- A row is known by the number of its transaction, not by a time: servers remember the snapshot by
-- which they looked, and miss none that commits late. They delete rows two minutes after they have
-- seen them.
CREATE TABLE auction_changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    auction_ids uuid[] NOT NULL
);
-- Random ids do not become shorter by compression, which would be tried for 128 of them or more.
ALTER TABLE auction_changes ALTER COLUMN auction_ids SET STORAGE EXTERNAL;
CREATE INDEX auction_changes_xid ON auction_changes (xid);

CREATE FUNCTION note_auction_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO auction_changes (auction_ids) SELECT array_agg(id) FROM news HAVING count(*) > 0;
    RETURN NULL;
END
$$;
-- For each statement: a batch of 256 bids on 150 auctions took 11.9 ms with it and 12.1 without.
CREATE TRIGGER auctions_changed AFTER UPDATE ON auctions
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION note_auction_changes();
CREATE TRIGGER auctions_created AFTER INSERT ON auctions
    REFERENCING NEW TABLE AS news FOR EACH STATEMENT EXECUTE FUNCTION note_auction_changes();
