-- Wrong passwords of late, for all servers together: guessing is slowed down, whichever server is asked.

CREATE TABLE failed_sign_ins (
    tried      text PRIMARY KEY,
    n_failures integer NOT NULL,
    last_at    timestamptz NOT NULL
);
COMMENT ON COLUMN failed_sign_ins.tried IS 'A user name, or the address that the tries came from; each with a word before it';
CREATE INDEX failed_sign_ins_last_at_idx ON failed_sign_ins (last_at);
