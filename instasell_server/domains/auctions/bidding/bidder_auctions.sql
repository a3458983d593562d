-- name: list_bidding
SELECT * FROM (
    SELECT placed.*,
           CASE part WHEN 'to_pay' THEN 0 WHEN 'outbid' THEN 1 WHEN 'leading' THEN 2
                     ELSE 3 END AS rank,
           CASE WHEN part = 'to_pay' THEN (extract(epoch FROM payment_due_at) * 1000000)::bigint
                WHEN part IN ('outbid', 'leading')
                    THEN (extract(epoch FROM end_at) * 1000000)::bigint
                ELSE -(extract(epoch FROM over_at) * 1000000)::bigint END AS sort_key
    FROM (
        SELECT s.*, m.bidder_no, m.max_amount, m.last_bid_at, o.id AS order_id,
               o.status AS order_status, o.total_amount, o.payment_due_at,
               least(a.closed_at, a.end_at) AS over_at,
               CASE WHEN o.status = 'pending' AND o.payment_due_at > %(now)s::timestamptz THEN 'to_pay'
                    WHEN a.status IN ('pending', 'live')
                        AND (a.current_bidder_id = %(user_id)s OR a.format = ANY(%(hiding)s::text[]))
                        THEN 'leading'
                    WHEN a.status IN ('pending', 'live') THEN 'outbid'
                    WHEN a.status = 'cancelled' THEN 'cancelled'
                    WHEN a.winner_id = %(user_id)s OR o.status <> 'cancelled' THEN 'won'
                    ELSE 'lost' END AS part
        FROM (
            SELECT auction_id, min(bidder_no) AS bidder_no, max(max_amount) AS max_amount,
                   max(created_at) AS last_bid_at
            FROM bids WHERE bidder_id = %(user_id)s GROUP BY auction_id
        ) m
        JOIN auctions a ON a.id = m.auction_id
        JOIN auction_states s ON s.auction_id = a.id
        LEFT JOIN LATERAL (
            SELECT id, status, total_amount, payment_due_at FROM orders
            WHERE auction_id = a.id AND buyer_id = %(user_id)s
            ORDER BY created_at DESC, id DESC LIMIT 1
        ) o ON true
    ) placed
) mine
WHERE (%(part)s::text IS NULL OR part = %(part)s::text)
  AND (%(after_rank)s::integer IS NULL OR (rank, sort_key, auction_id)
       > (%(after_rank)s::integer, %(after_key)s::bigint, %(after_id)s::uuid))
ORDER BY rank, sort_key, auction_id LIMIT %(limit)s
