-- name: list_claims
SELECT l.id, l.seller_id, l.type, l.stock, l.status, a.id AS open_auction
FROM listings l
LEFT JOIN auctions a ON a.listing_id = l.id AND a.status IN ('pending', 'live')
WHERE l.id = ANY(%(ids)s::uuid[])

-- name: get_gas_balance
SELECT gas_balance FROM wallets WHERE user_id = %(user_id)s
