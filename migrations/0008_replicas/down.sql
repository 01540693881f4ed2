DROP INDEX idempotency_keys_created_at_idx;
DROP TRIGGER events_are_told ON events;
DROP FUNCTION tell_of_events();
ALTER TABLE builds DROP COLUMN followed_by;
DROP INDEX jobs_submitting_idx;
ALTER TABLE jobs DROP COLUMN attended_by;
DROP TABLE host_listings;
DROP TABLE host_watches;
DROP TABLE replicas;
