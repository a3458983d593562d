-- One bid as one transaction, for pgbench with prepared statements, which it does fastest. It locks,
-- reads and writes what the market does for a whole batch, and sets no time-outs.
-- `lots` auctions from number `first` on; each client is a bidder of its own.
\set lot :first + random(0, :lots - 1)
\set key random(1, 9000000000000000000)

BEGIN;

SELECT seq + 1 AS seq, version, bidder_count, coalesce(current_bid, min_bid - 1) + 1 AS amount
FROM auctions
WHERE id = ('a0000000-0000-4000-8000-' || lpad(:lot::text, 12, '0'))::uuid FOR UPDATE
\gset

SELECT market_now() AS now, u.status, u.role,
       EXISTS (
           SELECT FROM sessions s
           WHERE s.id = u.id AND s.user_id = u.id
             AND s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
       ) AS session_holds,
       coalesce(
           (SELECT b.bidder_no FROM bids b
            WHERE b.auction_id = ('a0000000-0000-4000-8000-' || lpad(:lot::text, 12, '0'))::uuid
              AND b.bidder_id = u.id LIMIT 1),
           :bidder_count::int + 1
       ) AS bidder_no,
       (SELECT b.seq FROM bids b
        WHERE b.auction_id = ('a0000000-0000-4000-8000-' || lpad(:lot::text, 12, '0'))::uuid
          AND b.bidder_id = u.id AND b.idempotency_key = :key::text) IS NOT NULL AS is_repeated
FROM users u WHERE u.id = ('b0000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid
\gset

INSERT INTO bids (
    auction_id, seq, bidder_id, bidder_no, kind, offered_amount, max_amount, amount, price_after,
    leader_after, leader_no_after, extended, idempotency_key, auction_version, created_at
)
VALUES (
    ('a0000000-0000-4000-8000-' || lpad(:lot::text, 12, '0'))::uuid, :seq,
    ('b0000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid, :bidder_no, 'bid',
    :amount, :amount, :amount, :amount,
    ('b0000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid, :bidder_no, false,
    :key::text, :version::bigint + 1, :now::timestamptz
);

UPDATE auctions
SET current_bid = :amount,
    current_bidder_id = ('b0000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid,
    leader_no = :bidder_no, leader_max = :amount, runner_up_max = leader_max, seq = :seq,
    bidder_count = greatest(bidder_count, :bidder_no), version = version + 1
WHERE id = ('a0000000-0000-4000-8000-' || lpad(:lot::text, 12, '0'))::uuid
  AND version = :version;

COMMIT;
