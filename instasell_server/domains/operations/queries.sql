-- name: list_migrations
SELECT name FROM schema_migrations ORDER BY name

-- name: count_active_auctions
SELECT count(*) AS active FROM auctions
WHERE status IN ('pending', 'live') AND start_at <= market_now() AND end_at > market_now()

-- name: takes_writes
SELECT current_setting('transaction_read_only') = 'off' AS takes_writes
