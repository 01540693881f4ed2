-- What users want to find again: commands on top of an application's list, and searches by name.

CREATE TABLE pinned_commands (
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    digest         bytea NOT NULL,
    commands       text NOT NULL,
    pinned_at      timestamptz NOT NULL,
    PRIMARY KEY (application_id, digest)
);
COMMENT ON COLUMN pinned_commands.digest IS 'SHA-256 of the commands, which may be longer than an index takes';

CREATE TABLE saved_searches (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       text NOT NULL,
    filter     jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT saved_searches_owner_id_name_key UNIQUE (owner_id, name)
);
COMMENT ON COLUMN saved_searches.filter IS 'The filters of the list of jobs, as the API has them';
