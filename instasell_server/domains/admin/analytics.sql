-- name: list_figures
-- A bucket's number is a whole division, as hours, days and weeks of UTC are all of one length.
-- `until_at` is this moment, or the end of the last bucket where that is over: an auction that
-- starts or ends later has not done so yet. The bucket before the first one is there for the
-- auctions that ran into the span, and is left out at the end.
WITH registered AS (
    SELECT floor(extract(epoch FROM created_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS registrations
    FROM users
    WHERE created_at >= %(from_at)s::timestamptz AND created_at < %(to_at)s::timestamptz
    GROUP BY 1
), listed AS (
    SELECT floor(extract(epoch FROM created_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS listings
    FROM listings
    WHERE created_at >= %(from_at)s::timestamptz AND created_at < %(to_at)s::timestamptz
    GROUP BY 1
), ran AS (
    -- An auction that was cancelled before its start never ran.
    SELECT start_at, least(end_at, closed_at) AS over_at
    FROM auctions
    WHERE start_at < %(until_at)s::timestamptz AND least(end_at, closed_at) > start_at
), began AS (
    SELECT greatest(
               -1, floor(extract(epoch FROM start_at - %(from_at)s::timestamptz) / %(seconds)s::int)
           )::int AS n,
           count(*) AS auctions
    FROM ran GROUP BY 1
), finished AS (
    SELECT greatest(
               -1, floor(extract(epoch FROM over_at - %(from_at)s::timestamptz) / %(seconds)s::int)
           )::int AS n,
           count(*) AS auctions
    FROM ran WHERE over_at < %(until_at)s::timestamptz GROUP BY 1
), moved AS (
    SELECT n, sum(change) AS change
    FROM (SELECT n, auctions AS change FROM began
          UNION ALL SELECT n, -auctions FROM finished) AS both_ways
    GROUP BY n
), offered AS (
    SELECT floor(extract(epoch FROM created_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS bids, count(DISTINCT auction_id) AS auctions
    FROM bids
    WHERE created_at >= %(from_at)s::timestamptz AND created_at < %(to_at)s::timestamptz
    GROUP BY 1
), ordered AS (
    SELECT floor(extract(epoch FROM created_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS orders
    FROM orders
    WHERE created_at >= %(from_at)s::timestamptz AND created_at < %(to_at)s::timestamptz
    GROUP BY 1
), paid AS (
    SELECT floor(extract(epoch FROM paid_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS orders, sum(total_amount) AS amount
    FROM orders
    WHERE paid_at >= %(from_at)s::timestamptz AND paid_at < %(to_at)s::timestamptz
    GROUP BY 1
), decided AS (
    SELECT floor(extract(epoch FROM updated_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE status = 'failed') AS failed
    FROM payments
    WHERE status IN ('succeeded', 'failed')
      AND updated_at >= %(from_at)s::timestamptz AND updated_at < %(to_at)s::timestamptz
    GROUP BY 1
), refunded AS (
    SELECT floor(extract(epoch FROM created_at - %(from_at)s::timestamptz) / %(seconds)s::int)::int
               AS n,
           count(*) AS refunds, -sum(amount) AS amount
    FROM transactions
    WHERE account = 'escrow' AND type = 'refund'
      AND created_at >= %(from_at)s::timestamptz AND created_at < %(to_at)s::timestamptz
    GROUP BY 1
), delivered AS (
    SELECT floor(extract(epoch FROM delivered_at - %(from_at)s::timestamptz)
                 / %(seconds)s::int)::int AS n,
           count(*) AS orders,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM delivered_at - paid_at))
               AS seconds
    FROM orders
    WHERE delivered_at >= %(from_at)s::timestamptz AND delivered_at < %(to_at)s::timestamptz
    GROUP BY 1
)
SELECT %(from_at)s::timestamptz + b.n * make_interval(secs => %(seconds)s::int) AS start_at,
       %(from_at)s::timestamptz + (b.n + 1) * make_interval(secs => %(seconds)s::int) AS end_at,
       coalesce(r.registrations, 0)::bigint AS registrations,
       coalesce(l.listings, 0)::bigint AS listings,
       coalesce(s.auctions, 0)::bigint AS auctions_started,
       sum(coalesce(m.change, 0)) OVER (ORDER BY b.n)::bigint AS active_auctions,
       coalesce(o.bids, 0)::bigint AS bids,
       round(o.bids::numeric / o.auctions, 4)::float AS bids_per_auction,
       coalesce(w.orders, 0)::bigint AS orders,
       coalesce(p.orders, 0)::bigint AS orders_paid,
       coalesce(p.amount, 0)::bigint AS gross_amount,
       coalesce(d.succeeded, 0)::bigint AS payments_succeeded,
       coalesce(d.failed, 0)::bigint AS payments_failed,
       round(d.succeeded::numeric / (d.succeeded + d.failed), 4)::float AS payment_success_rate,
       coalesce(f.refunds, 0)::bigint AS refunds,
       coalesce(f.amount, 0)::bigint AS refunded_amount,
       coalesce(v.orders, 0)::bigint AS orders_delivered,
       v.seconds::float AS fulfilment_seconds_median
FROM generate_series(-1, %(buckets)s::int - 1) AS b(n)
LEFT JOIN registered r ON r.n = b.n
LEFT JOIN listed l ON l.n = b.n
LEFT JOIN began s ON s.n = b.n
LEFT JOIN moved m ON m.n = b.n
LEFT JOIN offered o ON o.n = b.n
LEFT JOIN ordered w ON w.n = b.n
LEFT JOIN paid p ON p.n = b.n
LEFT JOIN decided d ON d.n = b.n
LEFT JOIN refunded f ON f.n = b.n
LEFT JOIN delivered v ON v.n = b.n
ORDER BY b.n OFFSET 1
