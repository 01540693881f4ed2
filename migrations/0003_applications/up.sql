-- Uploaded source trees, where they were unpacked, and their builds with the whole output.

CREATE TABLE applications (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    name       text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT applications_owner_id_name_key UNIQUE (owner_id, name)
);

CREATE TABLE application_hosts (
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    host_id        uuid NOT NULL REFERENCES hosts (id) ON DELETE RESTRICT,
    session_id     uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    folder         text NOT NULL,
    digest         text NOT NULL,
    n_entries      bigint NOT NULL,
    n_bytes        bigint NOT NULL,
    uploaded_at    timestamptz NOT NULL,
    PRIMARY KEY (application_id, host_id)
);
COMMENT ON COLUMN application_hosts.folder IS 'Absolute, on the host';
CREATE INDEX application_hosts_host_id_idx ON application_hosts (host_id);
CREATE INDEX application_hosts_session_id_idx ON application_hosts (session_id);

CREATE TABLE builds (
    id                  uuid PRIMARY KEY,
    owner_id            uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    session_id          uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    application_id      uuid NOT NULL REFERENCES applications (id) ON DELETE RESTRICT,
    host_id             uuid NOT NULL REFERENCES hosts (id) ON DELETE RESTRICT,
    command             text NOT NULL,
    digest              text NOT NULL,
    state               text NOT NULL CONSTRAINT builds_state_check
        CHECK (state IN ('starting', 'running', 'succeeded', 'failed', 'cancelled', 'unknown')),
    as_of               timestamptz NOT NULL,
    exit_status         integer,
    detail              text,
    is_cancel_requested boolean NOT NULL,
    created_at          timestamptz NOT NULL,
    ended_at            timestamptz,
    n_output_bytes      bigint NOT NULL
);
COMMENT ON COLUMN builds.exit_status IS 'NULL until it ended by itself';
CREATE INDEX builds_application_id_idx ON builds (application_id, created_at DESC, id DESC);
CREATE INDEX builds_owner_id_idx ON builds (owner_id);
CREATE INDEX builds_session_id_idx ON builds (session_id);
CREATE INDEX builds_host_id_idx ON builds (host_id);
CREATE INDEX builds_open_idx ON builds (created_at) WHERE state IN ('starting', 'running', 'unknown');

CREATE TABLE build_output (
    build_id   uuid NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    first_byte bigint NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (build_id, first_byte)
);
COMMENT ON TABLE build_output IS 'Standard output and error of a build together, in pieces; first_byte is the offset of a piece';
