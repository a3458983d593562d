-- Each row of the admins' log is linked to the one before it by a hash, so that a row that was
-- changed, left out or put in between is found by `instasell-server audit`.

CREATE TABLE admin_action_links (
    position bigint PRIMARY KEY CHECK (position > 0),
    action_id bigint NOT NULL UNIQUE REFERENCES admin_actions,
    previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE TRIGGER admin_action_links_are_final BEFORE UPDATE OR DELETE ON admin_action_links
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- jsonb orders its keys by itself, and the instant is a number, so no setting of a session counts.
CREATE FUNCTION admin_action_hash(place bigint, previous bytea, action admin_actions) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(jsonb_build_object(
        'position', place, 'previous', encode(previous, 'hex'), 'id', action.id,
        'admin_id', action.admin_id, 'action', action.action,
        'subject_kind', action.subject_kind, 'subject_id', action.subject_id,
        'reason', action.reason, 'details', action.details,
        'created_at', extract(epoch FROM action.created_at)
    )::text, 'UTF8'))
$$;

-- Runs with the owner's rights, because the server's role must not write links itself.
CREATE FUNCTION link_admin_action() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place bigint;
    previous bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('instasell admin action links', 17));
    SELECT l.position, l.hash INTO place, previous
    FROM admin_action_links l ORDER BY l.position DESC LIMIT 1;
    place := coalesce(place, 0) + 1;
    previous := coalesce(previous, decode(repeat('00', 32), 'hex'));
    INSERT INTO admin_action_links (position, action_id, previous_hash, hash)
    VALUES (place, NEW.id, previous, admin_action_hash(place, previous, NEW));
    RETURN NULL;
END
$$;

-- Linked at the end of the transaction, when it holds every other lock that it needs: so the lock
-- of the chain is the last one, and no two transactions wait for each other by it.
CREATE CONSTRAINT TRIGGER admin_actions_linked AFTER INSERT ON admin_actions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION link_admin_action();

DO $$
DECLARE
    old admin_actions;
    place bigint := 0;
    previous bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR old IN SELECT * FROM admin_actions ORDER BY id LOOP
        place := place + 1;
        INSERT INTO admin_action_links (position, action_id, previous_hash, hash)
        VALUES (place, old.id, previous, admin_action_hash(place, previous, old))
        RETURNING hash INTO previous;
    END LOOP;
END
$$;
