-- name: list_changes
-- What the snapshot of the last look has not seen, so that a transaction which commits late is not
-- missed, and none is listed twice. An array, for a join could read every auction: the planner does
-- not know how many ids a row has.
SELECT h.seen, a.id, a.version, a.status IN ('ended', 'cancelled') AS is_over,
       a.status = 'live' OR (a.status = 'pending' AND a.start_at <= h.now) AS is_open
FROM (SELECT pg_current_snapshot()::text AS seen, market_now() AS now) h
LEFT JOIN auctions a ON a.id = ANY (%(ids)s::uuid[] || ARRAY(
    SELECT DISTINCT c.id FROM auction_changes, unnest(auction_ids) AS c(id)
    WHERE xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, %(seen)s::pg_snapshot)
    LIMIT %(limit)s
))

-- name: delete_old_changes
-- Rows of a transaction that is still to come are from another cluster, whose dump was restored.
DELETE FROM auction_changes WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM auction_changes
    WHERE xid < %(before)s::text::xid8 OR xid >= pg_snapshot_xmax(pg_current_snapshot())
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
