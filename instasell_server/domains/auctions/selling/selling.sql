-- name: list_selling
SELECT * FROM (
    SELECT s.*, a.reserve, a.gas_fee, o.id AS order_id, o.status AS order_status,
           b.display_name AS buyer_name, o.total_amount, o.payment_due_at,
           (SELECT count(*) FROM auction_watches w WHERE w.auction_id = a.id) AS watchers,
           CASE WHEN a.status IN ('pending', 'live') THEN 'running'
                WHEN o.status <> 'cancelled' THEN 'sold'
                WHEN EXISTS (
                    SELECT FROM auctions n
                    WHERE n.listing_id = a.listing_id AND n.created_at > a.created_at
                ) THEN 'relisted'
                WHEN a.status = 'cancelled' THEN 'cancelled'
                ELSE 'unsold' END AS part,
           (extract(epoch FROM a.created_at) * 1000000)::bigint AS sort_key
    FROM auctions a
    JOIN auction_states s ON s.auction_id = a.id
    LEFT JOIN LATERAL (
        SELECT id, status, buyer_id, total_amount, payment_due_at FROM orders
        WHERE auction_id = a.id ORDER BY created_at DESC, id DESC LIMIT 1
    ) o ON true
    LEFT JOIN users b ON b.id = o.buyer_id
    WHERE a.seller_id = %(seller_id)s
      AND (%(after_key)s::bigint IS NULL OR
           ((extract(epoch FROM a.created_at) * 1000000)::bigint, a.id)
           < (%(after_key)s::bigint, %(after_id)s::uuid))
) own
WHERE %(part)s::text IS NULL OR part = %(part)s::text
ORDER BY sort_key DESC, auction_id DESC LIMIT %(limit)s
