ALTER TABLE job_submissions DROP COLUMN content_digest;
