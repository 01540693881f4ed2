ALTER TABLE host_watches DROP COLUMN calls;
ALTER TABLE host_watches DROP COLUMN latency_ms;
DROP TABLE host_health;
