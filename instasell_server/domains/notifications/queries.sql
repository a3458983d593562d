-- name: find_due
-- Asked twice a second by every worker, so it writes nothing and takes one round trip.
SELECT EXISTS (SELECT FROM notice_causes WHERE available_at <= (SELECT market_now())) AS causes,
       EXISTS (
           SELECT FROM lead_changes
           WHERE created_at < date_trunc('second', (SELECT market_now()) - interval '1 second')
       ) AS lead_changes,
       EXISTS (
           SELECT FROM auctions a
           WHERE a.status IN ('pending', 'live')
             AND a.end_at > (SELECT market_now())
             AND a.end_at <= (SELECT market_now()) + make_interval(mins => %(minutes)s::int)
             AND a.start_at < a.planned_end_at - make_interval(mins => %(minutes)s::int)
             AND NOT EXISTS (SELECT FROM endings_told t WHERE t.auction_id = a.id)
       ) AS endings

-- name: lock_causes
SELECT id, kind, payload, attempts FROM notice_causes
WHERE available_at <= (SELECT market_now())
ORDER BY available_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED

-- name: delete_causes
DELETE FROM notice_causes WHERE id = ANY(%(ids)s::bigint[])

-- name: update_cause_failed
UPDATE notice_causes
SET attempts = attempts + 1,
    available_at = market_now() + make_interval(secs => least(300, 2 ^ least(attempts, 8)))
WHERE id = %(cause_id)s

-- name: insert_cause
INSERT INTO notice_causes (kind, payload) VALUES (%(kind)s, %(payload)s::jsonb)

-- name: insert_notifications
INSERT INTO notifications (user_id, kind, payload, cause)
SELECT * FROM unnest(
    %(user_ids)s::uuid[], %(kinds)s::text[], %(payloads)s::jsonb[], %(causes)s::text[]
)
ON CONFLICT (user_id, kind, cause) DO NOTHING
RETURNING id, user_id, kind, payload, created_at, read_at

-- name: list_choices
SELECT user_id, kind, in_app, email FROM notification_preferences
WHERE user_id = ANY(%(user_ids)s::uuid[])

-- name: take_lead_changes
-- Of a second that is over, all of it at once: who was outbid ten times in it is notified once.
DELETE FROM lead_changes WHERE id IN (
    SELECT id FROM lead_changes
    WHERE created_at < date_trunc('second', (SELECT market_now()) - interval '1 second')
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING auction_id, first_seq, last_seq

-- name: list_led
-- Who led at some time and does not lead now, with the last bid after which they led. The bid
-- before the first one is asked for by `first_seq`: it tells who led then.
SELECT r.auction_id, led.user_id, led.seq
FROM unnest(%(auction_ids)s::uuid[], %(first_seqs)s::bigint[], %(last_seqs)s::bigint[])
    AS r(auction_id, first_seq, last_seq)
JOIN auctions a ON a.id = r.auction_id
CROSS JOIN LATERAL (
    SELECT b.leader_after AS user_id, max(b.seq) AS seq FROM bids b
    WHERE b.auction_id = r.auction_id AND b.seq BETWEEN r.first_seq AND r.last_seq
    GROUP BY b.leader_after
) led
WHERE a.status IN ('pending', 'live') AND led.user_id <> a.current_bidder_id

-- name: list_outbid
SELECT n.auction_id, n.user_id, n.seq
FROM unnest(%(auction_ids)s::uuid[], %(user_ids)s::uuid[], %(seqs)s::bigint[])
    AS n(auction_id, user_id, seq)
JOIN auctions a ON a.id = n.auction_id
WHERE a.status IN ('pending', 'live') AND n.user_id <> a.current_bidder_id

-- name: mark_ending
-- An auction that runs no longer than the warning comes before its end is not warned of.
INSERT INTO endings_told (auction_id, told_at)
SELECT a.id, (SELECT market_now()) FROM auctions a
WHERE a.status IN ('pending', 'live')
  AND a.end_at > (SELECT market_now())
  AND a.end_at <= (SELECT market_now()) + make_interval(mins => %(minutes)s::int)
  AND a.start_at < a.planned_end_at - make_interval(mins => %(minutes)s::int)
  AND NOT EXISTS (SELECT FROM endings_told t WHERE t.auction_id = a.id)
ORDER BY a.end_at LIMIT %(limit)s
ON CONFLICT DO NOTHING
RETURNING auction_id

-- name: find_order_event
SELECT e.id, e.to_status, e.actor_id, e.reason, o.id AS order_id, o.buyer_id, o.seller_id,
       o.auction_id, o.total_amount, o.payment_due_at, o.carrier, o.tracking, o.escrow_release_at,
       l.title, b.display_name AS buyer_name
FROM order_events e
JOIN orders o ON o.id = e.order_id
JOIN listings l ON l.id = o.listing_id
JOIN users b ON b.id = o.buyer_id
WHERE e.id = %(event_id)s

-- name: find_order
SELECT o.id AS order_id, o.buyer_id, o.seller_id, l.title
FROM orders o JOIN listings l ON l.id = o.listing_id
WHERE o.id = %(order_id)s

-- name: find_dispute
SELECT id, order_id, buyer_id, seller_id, title, reason, refund_amount, resolution
FROM dispute_states WHERE id = %(dispute_id)s

-- name: find_dispute_message
SELECT d.id, d.order_id, d.buyer_id, d.seller_id, d.title, m.id AS message_id, m.author_id
FROM dispute_messages m JOIN dispute_states d ON d.id = m.dispute_id
WHERE m.id = %(message_id)s

-- name: find_message
SELECT c.id AS conversation_id, m.seq, c.listing_id, c.order_id, left(m.text, 200) AS text,
       u.display_name AS sender_name,
       CASE WHEN m.author_id = c.seller_id THEN c.buyer_id ELSE c.seller_id END AS recipient_id
FROM messages m
JOIN conversations c ON c.id = m.conversation_id
JOIN users u ON u.id = m.author_id
WHERE m.conversation_id = %(conversation_id)s AND m.seq = %(seq)s

-- name: find_sale
-- The order that an auction has now, if it has one.
SELECT id FROM orders WHERE auction_id = %(auction_id)s AND status <> 'cancelled'

-- name: list_bidders
SELECT DISTINCT bidder_id AS user_id FROM bids
WHERE auction_id = %(auction_id)s
  AND (%(after)s::uuid IS NULL OR bidder_id > %(after)s::uuid)
ORDER BY bidder_id LIMIT %(limit)s

-- name: list_buyers
-- A user who got an order of an auction, a cancelled one too, has heard of its end by that.
SELECT DISTINCT buyer_id AS user_id FROM orders WHERE auction_id = %(auction_id)s

-- name: list_followers_of_auction
SELECT user_id FROM (
    (SELECT DISTINCT bidder_id AS user_id FROM bids
     WHERE auction_id = %(auction_id)s
       AND (%(after)s::uuid IS NULL OR bidder_id > %(after)s::uuid)
     ORDER BY bidder_id LIMIT %(limit)s)
    UNION
    (SELECT user_id FROM auction_watches
     WHERE auction_id = %(auction_id)s
       AND (%(after)s::uuid IS NULL OR user_id > %(after)s::uuid)
     ORDER BY user_id LIMIT %(limit)s)
) followers ORDER BY user_id LIMIT %(limit)s

-- name: list_followers_of_listing
SELECT DISTINCT s.user_id FROM subscriptions s
WHERE s.subject_id IN (
    SELECT l.seller_id FROM listings l WHERE l.id = %(listing_id)s
    UNION ALL
    SELECT unnest(c.lineage) FROM listings l JOIN categories c ON c.id = l.category_id
    WHERE l.id = %(listing_id)s
)
  AND s.user_id <> (SELECT l.seller_id FROM listings l WHERE l.id = %(listing_id)s)
  AND (%(after)s::uuid IS NULL OR s.user_id > %(after)s::uuid)
ORDER BY s.user_id LIMIT %(limit)s

-- name: find_listing
-- Nobody is notified of what a suspended seller offers.
SELECT l.id AS listing_id, l.title, l.price, l.status, u.display_name AS seller_name
FROM listings l JOIN users u ON u.id = l.seller_id
WHERE l.id = %(listing_id)s AND u.status <> 'suspended'

-- name: list_notifications
SELECT id, kind, payload, created_at, read_at FROM notifications
WHERE user_id = %(user_id)s
  AND (%(unread)s::boolean IS NULL OR (read_at IS NULL) = %(unread)s::boolean)
  AND (%(before_at)s::timestamptz IS NULL
       OR (created_at, id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: count_unread
SELECT count(*) AS unread FROM notifications WHERE user_id = %(user_id)s AND read_at IS NULL

-- name: update_read
-- Locked in one order, so that two who mark the same ones do not wait for each other.
WITH due AS (
    SELECT id FROM notifications
    WHERE user_id = %(user_id)s AND read_at IS NULL
      AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s::uuid[]))
      AND (%(up_to)s::uuid IS NULL OR (created_at, id) <= (
          SELECT created_at, id FROM notifications
          WHERE id = %(up_to)s::uuid AND user_id = %(user_id)s))
    ORDER BY id FOR UPDATE
)
UPDATE notifications SET read_at = (SELECT market_now()) WHERE id IN (SELECT id FROM due)

-- name: upsert_choices
INSERT INTO notification_preferences AS p (user_id, kind, in_app, email)
SELECT %(user_id)s, n.* FROM unnest(
    %(kinds)s::text[], %(in_apps)s::boolean[], %(emails)s::boolean[]
) AS n(kind, in_app, email)
ORDER BY n.kind
ON CONFLICT (user_id, kind) DO UPDATE
SET in_app = coalesce(excluded.in_app, p.in_app), email = coalesce(excluded.email, p.email)

-- name: delete_old_notices
DELETE FROM notifications WHERE id IN (
    SELECT id FROM notifications
    WHERE read_at < (SELECT market_now()) - make_interval(days => %(days)s::int)
    ORDER BY read_at LIMIT 5000
)

-- name: delete_old_endings
DELETE FROM endings_told WHERE auction_id IN (
    SELECT t.auction_id FROM endings_told t JOIN auctions a ON a.id = t.auction_id
    WHERE a.status IN ('ended', 'cancelled') LIMIT 5000
)
