-- name: list_open_bids
-- An auction runs for a year at most, so no older bid is on one that is open; the index of a
-- bidder's bids is by time.
SELECT m.bidder_id, a.id AS auction_id, a.version, m.bidder_no, m.max_amount,
       a.current_bidder_id = m.bidder_id AS leading, a.format, a.status
FROM (
    SELECT bidder_id, auction_id, min(bidder_no) AS bidder_no, max(max_amount) AS max_amount
    FROM bids
    WHERE bidder_id = ANY(%(user_ids)s::uuid[])
      AND created_at > market_now() - interval '400 days'
    GROUP BY bidder_id, auction_id
) m
JOIN auctions a ON a.id = m.auction_id
WHERE a.status IN ('pending', 'live')
ORDER BY m.bidder_id, a.id

-- name: list_bids_in_auction
SELECT b.bidder_id, min(b.bidder_no) AS bidder_no, max(b.max_amount) AS max_amount, a.format, a.status
FROM bids b JOIN auctions a ON a.id = b.auction_id
WHERE b.auction_id = %(auction_id)s AND b.bidder_id = ANY(%(user_ids)s::uuid[])
GROUP BY b.bidder_id, a.format, a.status
