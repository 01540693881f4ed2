-- Who may sign in, their sessions and keys. Everything else names a user and a session.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    user_name     text NOT NULL CONSTRAINT users_user_name_key UNIQUE,
    display_name  text NOT NULL,
    email         text NOT NULL,
    password_hash text NOT NULL,
    is_admin      boolean NOT NULL,
    is_enabled    boolean NOT NULL,
    created_at    timestamptz NOT NULL
);
COMMENT ON COLUMN users.password_hash IS 'Argon2id, as a PHC string';

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    kind         text NOT NULL CONSTRAINT sessions_kind_check CHECK (kind IN ('sign_in', 'token', 'command')),
    name         text,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    last_used_at timestamptz NOT NULL,
    user_agent   text NOT NULL,
    address      text NOT NULL
);
COMMENT ON TABLE sessions IS 'One sign-in (or API token) each; kept for ever, since what was done names it';
COMMENT ON COLUMN sessions.name IS 'What a token is for; NULL for a sign-in';
COMMENT ON COLUMN sessions.ended_at IS 'Signed out or revoked; NULL while it may still be used';
CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at DESC);

CREATE TABLE ssh_keys (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    public_line    text NOT NULL,
    fingerprint    text NOT NULL,
    sealed_private bytea NOT NULL,
    created_at     timestamptz NOT NULL,
    retired_at     timestamptz
);
COMMENT ON COLUMN ssh_keys.sealed_private IS 'The private half, encrypted with the server''s master key';
COMMENT ON COLUMN ssh_keys.retired_at IS 'Replaced by a newer pair; NULL for the one in use';
CREATE UNIQUE INDEX ssh_keys_in_use_key ON ssh_keys (user_id) WHERE retired_at IS NULL;
CREATE INDEX ssh_keys_user_id_idx ON ssh_keys (user_id);

CREATE TABLE preferences (
    user_id    uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    body       jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
