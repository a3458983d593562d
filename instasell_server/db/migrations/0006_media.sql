-- Pictures of goods and the files of disputes: what is known of each. The bytes are in the storage.

CREATE TABLE media_files (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES users,
    -- Each file belongs to one of the two.
    listing_id uuid REFERENCES listings,
    dispute_id uuid REFERENCES disputes,
    -- What was announced, and by which the upload's address was signed.
    content_type text NOT NULL CHECK (length(content_type) BETWEEN 1 AND 100),
    size_bytes bigint NOT NULL CHECK (size_bytes BETWEEN 1 AND 1073741824),
    file_name text CHECK (length(file_name) BETWEEN 1 AND 200),
    -- Pending files are seen by nobody, and swept after a while.
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready')),
    position integer CHECK (position >= 0),
    -- The objects that are shown: [{"name", "content_type", "width", "height", "size_bytes"}].
    versions jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT market_now(),
    completed_at timestamptz,
    CHECK ((listing_id IS NULL) <> (dispute_id IS NULL)),
    CHECK ((dispute_id IS NULL) = (file_name IS NULL)),
    CHECK ((status = 'ready') = (completed_at IS NOT NULL)),
    CHECK ((status = 'ready') = (jsonb_array_length(versions) > 0)),
    CHECK ((position IS NULL) = (status = 'pending' OR dispute_id IS NOT NULL))
);
CREATE INDEX media_files_of_listing ON media_files (listing_id, position, id)
    WHERE listing_id IS NOT NULL;
CREATE INDEX media_files_of_dispute ON media_files (dispute_id, completed_at, id)
    WHERE dispute_id IS NOT NULL;
CREATE INDEX media_files_pending ON media_files (created_at) WHERE status = 'pending';
CREATE INDEX media_files_pending_of_owner ON media_files (owner_id) WHERE status = 'pending';
