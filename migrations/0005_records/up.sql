-- What happened: to jobs, and by whom. These records only grow; the database itself refuses to change them.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % only grows', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TABLE job_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      uuid NOT NULL REFERENCES jobs (id) ON DELETE RESTRICT,
    at          timestamptz NOT NULL,
    state       text NOT NULL,
    source      text NOT NULL,
    reason      text,
    exit_status integer
);
CREATE INDEX job_events_job_id_idx ON job_events (job_id, id);
CREATE TRIGGER job_events_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON job_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE activity (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    user_id    uuid REFERENCES users (id) ON DELETE RESTRICT,
    session_id uuid REFERENCES sessions (id) ON DELETE RESTRICT,
    action     text NOT NULL,
    subject    text,
    detail     text NOT NULL
);
COMMENT ON COLUMN activity.user_id IS 'NULL for a sign-in with an unknown name';
COMMENT ON COLUMN activity.session_id IS 'NULL for what happens outside a session: a refused sign-in';
CREATE INDEX activity_user_id_idx ON activity (user_id, id DESC);
CREATE INDEX activity_session_id_idx ON activity (session_id);
CREATE TRIGGER activity_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON activity
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The stream to open pages. Numbers are given in commit order: the writer holds a lock until it commits.
CREATE TABLE events (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    owner_id uuid REFERENCES users (id) ON DELETE CASCADE,
    body     jsonb NOT NULL
);
COMMENT ON COLUMN events.owner_id IS 'Who may see it; NULL for everybody';
CREATE INDEX events_owner_id_idx ON events (owner_id, seq);
CREATE INDEX events_at_idx ON events (at);
