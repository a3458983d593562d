-- name: list_own_open
-- What concerns a user beside what they have bid in: the newest that they watch, and that they sell.
SELECT u.id AS user_id, own.id AS auction_id
FROM unnest(%(user_ids)s::uuid[]) AS u(id) CROSS JOIN LATERAL (
    (SELECT a.id FROM auction_watches w JOIN auctions a ON a.id = w.auction_id
     WHERE w.user_id = u.id AND a.status IN ('pending', 'live')
       AND a.start_at <= (SELECT market_now())
     ORDER BY w.created_at DESC LIMIT %(limit)s)
    UNION
    (SELECT a.id FROM auctions a
     WHERE a.seller_id = u.id AND a.status IN ('pending', 'live')
       AND a.start_at <= (SELECT market_now())
     ORDER BY a.created_at DESC, a.id DESC LIMIT %(limit)s)
) own

-- name: estimate_open
-- The entries of the index of open auctions, as vacuum or analyze last counted them; none is asked.
SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('auctions_ending')
