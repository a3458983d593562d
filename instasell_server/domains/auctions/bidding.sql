-- fragment: locked_columns
SELECT id, listing_id, seller_id, status, start_at, end_at, min_bid, reserve, buy_now, increments,
       extension_window_seconds, extension_seconds, current_bid, current_bidder_id, leader_no,
       leader_max, runner_up_max, reserve_met, seq, bidder_count, version, format

-- name: lock_free
-- include: locked_columns
FROM auctions WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED

-- name: lock_waiting
-- include: locked_columns
FROM auctions WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE

-- name: lock_due
-- A volatile clock is no condition for an index: asked once, it keeps these from reading every open
-- auction. With 20,000 of them a look took 39 ms, and takes 0.03 ms, ten times a second. Rows are
-- locked before they are counted, so that closers side by side take different ones; nothing is
-- waited for, so the order does not matter.
WITH ending AS (
    -- include: locked_columns
    FROM auctions WHERE status IN ('pending', 'live') AND end_at <= (SELECT market_now())
    ORDER BY end_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), starting AS (
    -- include: locked_columns
    FROM auctions WHERE status = 'pending' AND start_at <= (SELECT market_now())
    ORDER BY start_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
SELECT * FROM ending UNION SELECT * FROM starting ORDER BY id

-- name: list_due
(SELECT id FROM auctions
 WHERE status IN ('pending', 'live') AND end_at <= (SELECT market_now())
 ORDER BY end_at, id LIMIT %(limit)s)
UNION
(SELECT id FROM auctions WHERE status = 'pending' AND start_at <= (SELECT market_now())
 ORDER BY start_at, id LIMIT %(limit)s)

-- name: read_bidders
-- Each part is a lateral look-up by index: as plain joins the planner reads whole tables where its
-- statistics are old, and those of a hot auction always are.
SELECT i.n, (SELECT market_now()), u.status, u.role,
       EXISTS (
           SELECT FROM sessions s
           WHERE s.id = i.session_id AND s.user_id = i.bidder_id
             AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
       ),
       (SELECT b.bidder_no FROM bids b
        WHERE b.auction_id = i.auction_id AND b.bidder_id = i.bidder_id LIMIT 1),
       k.seq, k.bidder_no, k.kind, k.offered_amount, k.max_amount, k.amount, k.price_after,
       k.leader_after, k.leader_no_after, k.extended, k.auction_version, k.created_at
FROM unnest(
    %(auction_ids)s::uuid[], %(bidder_ids)s::uuid[], %(session_ids)s::uuid[], %(keys)s::text[]
) WITH ORDINALITY AS i(auction_id, bidder_id, session_id, key, n)
LEFT JOIN LATERAL (SELECT status, role FROM users WHERE id = i.bidder_id LIMIT 1) u ON true
LEFT JOIN LATERAL (
    SELECT * FROM bids
    WHERE auction_id = i.auction_id AND bidder_id = i.bidder_id AND idempotency_key = i.key LIMIT 1
) k ON true
ORDER BY i.n

-- name: write_bids
WITH placed AS (
    INSERT INTO bids (
        auction_id, seq, bidder_id, bidder_no, kind, offered_amount, max_amount, amount,
        price_after, leader_after, leader_no_after, extended, idempotency_key, auction_version,
        created_at
    )
    SELECT n.*, %(judged_at)s::timestamptz FROM unnest(
        %(bid_auction_ids)s::uuid[], %(bid_seqs)s::bigint[], %(bid_bidder_ids)s::uuid[],
        %(bid_bidder_nos)s::integer[], %(bid_kinds)s::text[], %(bid_offered_amounts)s::bigint[],
        %(bid_max_amounts)s::bigint[], %(bid_amounts)s::bigint[], %(bid_prices)s::bigint[],
        %(bid_leaders)s::uuid[], %(bid_leader_nos)s::integer[], %(bid_extended)s::boolean[],
        %(bid_keys)s::text[], %(bid_versions)s::bigint[]
    ) AS n
    RETURNING 1
)
SELECT expect_rows((SELECT count(*) FROM placed), %(bid_count)s)

-- name: write_auctions
WITH moved AS (
    UPDATE auctions a
    SET status = n.status, end_at = n.end_at, current_bid = n.current_bid,
        current_bidder_id = n.current_bidder_id, leader_no = n.leader_no,
        leader_max = n.leader_max, runner_up_max = n.runner_up_max,
        reserve_met = n.reserve_met, seq = n.seq, bidder_count = n.bidder_count,
        winner_id = n.winner_id, closed_at = n.closed_at, version = a.version + 1
    FROM unnest(
        %(ids)s::uuid[], %(seen)s::bigint[], %(statuses)s::text[], %(end_ats)s::timestamptz[],
        %(current_bids)s::bigint[], %(current_bidder_ids)s::uuid[], %(leader_nos)s::integer[],
        %(leader_maxes)s::bigint[], %(runner_up_maxes)s::bigint[], %(reserve_mets)s::boolean[],
        %(seqs)s::bigint[], %(bidder_counts)s::integer[], %(winner_ids)s::uuid[],
        %(closed_ats)s::timestamptz[]
    ) AS n(
        id, seen, status, end_at, current_bid, current_bidder_id, leader_no, leader_max,
        runner_up_max, reserve_met, seq, bidder_count, winner_id, closed_at
    )
    WHERE a.id = n.id AND a.version = n.seen
    RETURNING 1
)
SELECT expect_rows((SELECT count(*) FROM moved), %(count)s)

-- name: insert_notice_causes
INSERT INTO notice_causes (kind, payload)
SELECT %(kind)s, payload FROM unnest(%(payloads)s::jsonb[]) AS n(payload)

-- name: insert_lead_changes
-- Written with bids only, so the instant of judgement is there.
INSERT INTO lead_changes (auction_id, first_seq, last_seq, created_at)
SELECT n.*, %(judged_at)s::timestamptz FROM unnest(
    %(led_ids)s::uuid[], %(first_seqs)s::bigint[], %(last_seqs)s::bigint[]
) AS n
