-- The nodes of each host, as its scheduler listed them last. One value for all of a host: they are always read together.
CREATE TABLE host_nodes (
    host_id    uuid PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    asked_at   timestamptz,
    taken_at   timestamptz,
    nodes      bytea,
    problem    text,
    watched_at timestamptz
);
COMMENT ON COLUMN host_nodes.asked_at IS 'When the scheduler was last asked, whatever it answered';
COMMENT ON COLUMN host_nodes.taken_at IS 'When it gave these nodes';
COMMENT ON COLUMN host_nodes.nodes IS 'JSON, compressed by zstd';
COMMENT ON COLUMN host_nodes.problem IS 'Why the last question was not answered';
COMMENT ON COLUMN host_nodes.watched_at IS 'When somebody last looked at them: then they are asked for more often';
