ALTER TABLE job_events DROP COLUMN run, DROP COLUMN started_at, DROP COLUMN ended_at;
ALTER TABLE jobs DROP CONSTRAINT jobs_success_check;
ALTER TABLE jobs DROP COLUMN end_cause, DROP COLUMN run_count, DROP COLUMN looking;
