-- How each host was, over the last days: a row when that changes, and one every few minutes while it does not, so that a gap
-- shows when nobody asked.
CREATE TABLE host_health (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host_id    uuid NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    status     text NOT NULL,
    detail     text,
    latency_ms integer
);
CREATE INDEX host_health_host_idx ON host_health (host_id, at);
COMMENT ON COLUMN host_health.latency_ms IS 'How long the host took to answer; absent when it did not';

ALTER TABLE host_watches ADD COLUMN latency_ms integer;
ALTER TABLE host_watches ADD COLUMN calls timestamptz[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN host_watches.latency_ms IS 'How long the host took to answer, the last time it did';
COMMENT ON COLUMN host_watches.calls IS 'When each command of the scheduler was run in the last minute to watch the host, by whatever server';
