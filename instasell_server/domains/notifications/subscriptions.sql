-- name: find_auction
SELECT id FROM auctions WHERE id = %(subject_id)s

-- name: find_category
SELECT id FROM categories WHERE id = %(subject_id)s

-- name: find_seller
SELECT id FROM users WHERE id = %(subject_id)s AND role = 'seller'

-- name: lock_follower
-- One after the other, so that the limit holds for those who come at once.
SELECT pg_advisory_xact_lock(hashtextextended(%(user_id)s::text, 17))

-- name: count_followed
SELECT (SELECT count(*) FROM subscriptions WHERE user_id = %(user_id)s)
     + (SELECT count(*) FROM auction_watches WHERE user_id = %(user_id)s) AS followed

-- name: insert_watch
INSERT INTO auction_watches (user_id, auction_id) VALUES (%(user_id)s, %(subject_id)s)
ON CONFLICT DO NOTHING

-- name: insert_subscription
INSERT INTO subscriptions (user_id, kind, subject_id)
VALUES (%(user_id)s, %(kind)s, %(subject_id)s)
ON CONFLICT DO NOTHING

-- name: delete_watch
DELETE FROM auction_watches WHERE user_id = %(user_id)s AND auction_id = %(subject_id)s

-- name: delete_subscription
DELETE FROM subscriptions
WHERE user_id = %(user_id)s AND kind = %(kind)s AND subject_id = %(subject_id)s

-- name: list_subscriptions
SELECT kind, subject_id, name, created_at FROM (
    SELECT 'auction' AS kind, w.auction_id AS subject_id, l.title AS name, w.created_at
    FROM auction_watches w
    JOIN auctions a ON a.id = w.auction_id
    JOIN listings l ON l.id = a.listing_id
    WHERE w.user_id = %(user_id)s
    UNION ALL
    SELECT s.kind, s.subject_id, coalesce(c.path, u.display_name), s.created_at
    FROM subscriptions s
    LEFT JOIN categories c ON s.kind = 'category' AND c.id = s.subject_id
    LEFT JOIN users u ON s.kind = 'seller' AND u.id = s.subject_id
    WHERE s.user_id = %(user_id)s AND coalesce(c.path, u.display_name) IS NOT NULL
) followed
WHERE (%(before_at)s::timestamptz IS NULL
       OR (created_at, subject_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY created_at DESC, subject_id DESC LIMIT %(limit)s
