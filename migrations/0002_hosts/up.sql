-- Hosts are rows: address, confirmed keys, dialect and paths are changed here, never in code or files.

CREATE TABLE hosts (
    id                    uuid PRIMARY KEY,
    name                  text NOT NULL CONSTRAINT hosts_name_key UNIQUE,
    description           text NOT NULL,
    address               text NOT NULL,
    port                  integer NOT NULL CONSTRAINT hosts_port_check CHECK (port BETWEEN 1 AND 65535),
    jump_host_id          uuid REFERENCES hosts (id) ON DELETE RESTRICT CONSTRAINT hosts_jump_check CHECK (jump_host_id <> id),
    dialect               text NOT NULL CONSTRAINT hosts_dialect_check CHECK (dialect IN ('openpbs')),
    bin_folder            text NOT NULL,
    offered_queues        text[] NOT NULL,
    keeps_output_in_place boolean NOT NULL,
    is_enabled            boolean NOT NULL,
    host_keys             text[] NOT NULL,
    created_at            timestamptz NOT NULL
);
COMMENT ON COLUMN hosts.bin_folder IS 'Where the scheduler''s commands are, as set by the site; empty: where each account''s check found them';
COMMENT ON COLUMN hosts.host_keys IS 'The confirmed keys, as in known_hosts; none: nothing is sent to the host';
CREATE INDEX hosts_jump_host_id_idx ON hosts (jump_host_id);

CREATE TABLE host_accounts (
    user_id          uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    host_id          uuid NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    login            text NOT NULL,
    home             text,
    is_usable        boolean NOT NULL,
    report           jsonb,
    checked_at       timestamptz,
    found_bin_folder text NOT NULL,
    PRIMARY KEY (user_id, host_id)
);
COMMENT ON COLUMN host_accounts.home IS 'The home directory, as the last good check found it; NULL before one';
-- A check reads what the account's own start-up files put on the PATH: one user's folder must never be where another
-- user's qsub is taken from.
COMMENT ON COLUMN host_accounts.found_bin_folder IS 'Where the last good check found the scheduler''s commands; empty: on the PATH';
COMMENT ON COLUMN host_accounts.report IS 'The last check; NULL before one';
CREATE INDEX host_accounts_host_id_idx ON host_accounts (host_id, checked_at DESC);

CREATE TABLE queues (
    host_id uuid NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    name    text NOT NULL,
    body    jsonb NOT NULL,
    as_of   timestamptz NOT NULL,
    PRIMARY KEY (host_id, name)
);
COMMENT ON TABLE queues IS 'The queues of the last snapshot, so that forms have limits before the first one after a start';
