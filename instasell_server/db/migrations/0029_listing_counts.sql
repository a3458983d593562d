-- How many active listings each category has, without counting them. What a statement changes is
-- appended, so that importers wait for no common row; `fold_listing_counts` adds the changes up
-- every two seconds, and readers add those that are left. Kept by seller as well, because
-- a suspension hides a seller's listings without touching one.

CREATE TABLE category_listing_counts (
    category_id uuid PRIMARY KEY,
    listing_count bigint NOT NULL
);
CREATE TABLE seller_listing_counts (
    seller_id uuid NOT NULL,
    category_id uuid NOT NULL,
    listing_count bigint NOT NULL,
    PRIMARY KEY (seller_id, category_id)
);
CREATE TABLE listing_count_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seller_id uuid NOT NULL,
    category_id uuid NOT NULL,
    change bigint NOT NULL
);
CREATE INDEX listing_count_changes_seller ON listing_count_changes (seller_id);

CREATE FUNCTION count_new_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO listing_count_changes (seller_id, category_id, change)
    SELECT seller_id, category_id, count(*) FROM inserted WHERE status = 'active' GROUP BY 1, 2;
    RETURN NULL;
END
$$;
CREATE TRIGGER listings_counted_new AFTER INSERT ON listings REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION count_new_listings();

CREATE FUNCTION count_changed_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO listing_count_changes (seller_id, category_id, change)
    SELECT OLD.seller_id, OLD.category_id, -1 WHERE OLD.status = 'active';
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO listing_count_changes (seller_id, category_id, change)
        SELECT NEW.seller_id, NEW.category_id, 1 WHERE NEW.status = 'active';
    END IF;
    RETURN NULL;
END
$$;
-- For each row, as most updates (stock, price, text) change no count and then cost nothing.
CREATE TRIGGER listings_counted_changed AFTER UPDATE ON listings FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR OLD.category_id <> NEW.category_id
          OR OLD.seller_id <> NEW.seller_id)
    EXECUTE FUNCTION count_changed_listing();
CREATE TRIGGER listings_counted_deleted AFTER DELETE ON listings
    FOR EACH ROW EXECUTE FUNCTION count_changed_listing();

CREATE FUNCTION count_no_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM category_listing_counts;
    DELETE FROM seller_listing_counts;
    DELETE FROM listing_count_changes;
    RETURN NULL;
END
$$;
CREATE TRIGGER listings_counted_none AFTER TRUNCATE ON listings
    FOR EACH STATEMENT EXECUTE FUNCTION count_no_listings();

-- The listings that anybody sees in each category, without those below it.
CREATE VIEW shown_listing_counts AS
SELECT category_id, sum(listing_count)::bigint AS listing_count
FROM (
    SELECT category_id, listing_count FROM category_listing_counts
    UNION ALL
    SELECT category_id, change FROM listing_count_changes
    UNION ALL
    SELECT c.category_id, -c.listing_count
    FROM users u JOIN seller_listing_counts c ON c.seller_id = u.id WHERE u.status = 'suspended'
    UNION ALL
    SELECT c.category_id, -c.change
    FROM users u JOIN listing_count_changes c ON c.seller_id = u.id WHERE u.status = 'suspended'
) AS parts
GROUP BY category_id;
