-- name: get_now
SELECT market_now() AS now
