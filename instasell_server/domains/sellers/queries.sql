-- name: list_records
-- Each count reads an index alone, and no more than so many of its rows: however much a seller
-- has sold, a visitor of their listings waits no longer.
SELECT u.id AS seller_id, u.created_at AS member_since,
       sold.sales_completed, sold.shipping_seconds_average,
       (SELECT count(*) FROM (
            SELECT FROM disputes
            WHERE seller_id = u.id AND status = 'resolved' AND kind = 'complaint'
              AND refund_amount > 0
            LIMIT %(most)s) lost) AS disputes_lost,
       (SELECT count(*) FROM (
            SELECT FROM disputes WHERE seller_id = u.id AND kind = 'chargeback'
            LIMIT %(most)s) taken) AS chargebacks
FROM users u
CROSS JOIN LATERAL (
    SELECT count(*) AS sales_completed,
           round(avg(extract(epoch FROM s.shipped_at - s.paid_at)))::bigint
               AS shipping_seconds_average
    FROM (
        SELECT paid_at, shipped_at FROM orders
        WHERE seller_id = u.id AND status = 'delivered'
        ORDER BY delivered_at DESC LIMIT %(most)s
    ) s
) sold
WHERE u.id = ANY(%(seller_ids)s::uuid[])
