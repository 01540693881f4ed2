-- Scripts, their revisions, and the jobs made of them. A revision never changes.

CREATE TABLE scripts (
    id             uuid PRIMARY KEY,
    owner_id       uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    name           text NOT NULL,
    application_id uuid REFERENCES applications (id) ON DELETE RESTRICT,
    host_id        uuid REFERENCES hosts (id) ON DELETE RESTRICT,
    n_revisions    integer NOT NULL,
    created_at     timestamptz NOT NULL,
    used_at        timestamptz NOT NULL,
    CONSTRAINT scripts_owner_id_name_key UNIQUE (owner_id, name)
);
COMMENT ON COLUMN scripts.application_id IS 'The application it was last used with; NULL for none';
COMMENT ON COLUMN scripts.host_id IS 'The host it was last sent to';
CREATE INDEX scripts_owner_id_used_at_idx ON scripts (owner_id, used_at DESC, id DESC);
CREATE INDEX scripts_application_id_idx ON scripts (application_id);
CREATE INDEX scripts_host_id_idx ON scripts (host_id);

CREATE TABLE script_revisions (
    id         uuid PRIMARY KEY,
    script_id  uuid NOT NULL REFERENCES scripts (id) ON DELETE RESTRICT,
    number     integer NOT NULL CONSTRAINT script_revisions_number_check CHECK (number >= 1),
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    draft      jsonb NOT NULL,
    text       text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT script_revisions_script_id_number_key UNIQUE (script_id, number)
);
COMMENT ON COLUMN script_revisions.text IS 'The script as its author saw it';
CREATE INDEX script_revisions_session_id_idx ON script_revisions (session_id);

CREATE TABLE jobs (
    id                    uuid PRIMARY KEY,
    owner_id              uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    session_id            uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    host_id               uuid NOT NULL REFERENCES hosts (id) ON DELETE RESTRICT,
    application_id        uuid REFERENCES applications (id) ON DELETE RESTRICT,
    script_id             uuid NOT NULL REFERENCES scripts (id) ON DELETE RESTRICT,
    revision_id           uuid NOT NULL REFERENCES script_revisions (id) ON DELETE RESTRICT,
    name                  text NOT NULL,
    login                 text NOT NULL,
    state                 text NOT NULL CONSTRAINT jobs_state_check
        CHECK (state IN ('submitting', 'rejected', 'queued', 'held', 'waiting', 'running', 'suspended', 'exiting',
                         'completed', 'failed', 'deleted', 'expired', 'lost')),
    source                text NOT NULL CONSTRAINT jobs_source_check
        CHECK (source IN ('submission', 'listing', 'accounting', 'epilogue', 'operator')),
    as_of                 timestamptz NOT NULL,
    reason                text,
    pbs_id                text,
    queue                 text,
    exit_status           integer,
    signal                integer,
    submitted_at          timestamptz NOT NULL,
    started_at            timestamptz,
    ended_at              timestamptz,
    exec_host             text,
    walltime_seconds      bigint,
    used_walltime_seconds bigint,
    used_memory_bytes     bigint,
    is_delete_requested   boolean NOT NULL,
    next_look_at          timestamptz,
    n_looks               integer NOT NULL
);
COMMENT ON COLUMN jobs.as_of IS 'When the state was last found so';
COMMENT ON COLUMN jobs.pbs_id IS 'The scheduler''s id; NULL until it is known';
COMMENT ON COLUMN jobs.next_look_at IS 'When a submission without an answer, or a job missing from the listing, is looked for again';
-- Schedulers begin their numbers again after a reinstallation or at their largest one: only jobs that it may still have
-- differ in theirs.
CREATE UNIQUE INDEX jobs_host_id_pbs_id_key ON jobs (host_id, pbs_id)
    WHERE state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired', 'lost');
CREATE INDEX jobs_owner_id_idx ON jobs (owner_id, submitted_at DESC, id DESC);
CREATE INDEX jobs_open_idx ON jobs (host_id) WHERE state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired');
CREATE INDEX jobs_application_id_idx ON jobs (application_id, submitted_at DESC);
CREATE INDEX jobs_script_id_idx ON jobs (script_id, submitted_at DESC);
CREATE INDEX jobs_revision_id_idx ON jobs (revision_id);
CREATE INDEX jobs_session_id_idx ON jobs (session_id);

CREATE TABLE job_submissions (
    job_id         uuid PRIMARY KEY REFERENCES jobs (id) ON DELETE RESTRICT,
    job_folder     text NOT NULL,
    working_folder text NOT NULL,
    text           text NOT NULL,
    arguments      text[] NOT NULL,
    stdout_path    text NOT NULL,
    stderr_path    text NOT NULL
);
COMMENT ON TABLE job_submissions IS 'What goes to the host, frozen before it leaves, so that another attempt sends the same bytes';
COMMENT ON COLUMN job_submissions.stderr_path IS 'Empty when standard error is joined to standard output';

CREATE TABLE idempotency_keys (
    owner_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key        text NOT NULL,
    digest     bytea NOT NULL,
    subject    uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, key)
);
COMMENT ON COLUMN idempotency_keys.digest IS 'SHA-256 of the operation and the request''s body: the same key with another body is refused';
COMMENT ON COLUMN idempotency_keys.subject IS 'The job or build that the key made';
