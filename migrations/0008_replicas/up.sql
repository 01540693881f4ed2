-- Several servers on one database: who is alive, and who does what only one may do at a time. All times here are by the
-- database's clock, which is the one that they share.
--
-- Only additions, each with a default: the former release works on, beside servers of this one.

CREATE TABLE replicas (
    id          uuid PRIMARY KEY,
    name        text NOT NULL,
    started_at  timestamptz NOT NULL,
    alive_until timestamptz NOT NULL
);
COMMENT ON TABLE replicas IS 'The servers that run on this database';
COMMENT ON COLUMN replicas.alive_until IS 'Pushed on by the server''s heartbeat; when it is past, others take over what the server had';

-- No foreign key leads to replicas: a holder that is not there, or not alive, holds nothing.
CREATE TABLE host_watches (
    host_id       uuid PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    holder        uuid,
    term          bigint NOT NULL DEFAULT 0,
    status        text NOT NULL DEFAULT 'unknown' CONSTRAINT host_watches_status_check
        CHECK (status IN ('unknown', 'up', 'scheduler_down', 'unreachable', 'key_mismatch', 'disabled')),
    detail        text,
    checked_at    timestamptz,
    snapshot_at   timestamptz,
    default_queue text,
    listings      timestamptz[] NOT NULL DEFAULT '{}',
    watched_at    timestamptz
);
COMMENT ON TABLE host_watches IS 'Which server asks a host, and what the host said last, for all of them';
COMMENT ON COLUMN host_watches.term IS 'Grows with each holder: who writes under an older one is refused';
COMMENT ON COLUMN host_watches.listings IS 'When the scheduler was asked in the last minute, by whatever server';
COMMENT ON COLUMN host_watches.watched_at IS 'When somebody last looked at a page of the host';

-- Not in the write-ahead log, where a busy host's listings would be most of it: a crash of PostgreSQL empties the table, and
-- the next listing fills it.
CREATE UNLOGGED TABLE host_listings (
    host_id  uuid PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    taken_at timestamptz NOT NULL,
    jobs     bytea NOT NULL
);
COMMENT ON COLUMN host_listings.taken_at IS 'Of the first listing with these jobs: tells one content from another';
COMMENT ON COLUMN host_listings.jobs IS 'What pages show of all listed jobs: JSON, compressed by zstd';

ALTER TABLE jobs ADD COLUMN attended_by uuid;
COMMENT ON COLUMN jobs.attended_by IS 'The server that submits it or looks for it at this moment';
CREATE INDEX jobs_submitting_idx ON jobs (next_look_at) WHERE state = 'submitting';

ALTER TABLE builds ADD COLUMN followed_by uuid;
COMMENT ON COLUMN builds.followed_by IS 'The server that follows it';

CREATE FUNCTION tell_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pbsweb', 'events');
    RETURN NULL;
END
$$;
CREATE TRIGGER events_are_told AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION tell_of_events();

-- Keys of long ago are forgotten.
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
