DROP TABLE idempotency_keys;
DROP TABLE job_submissions;
DROP TABLE jobs;
DROP TABLE script_revisions;
DROP TABLE scripts;
