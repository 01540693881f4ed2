CREATE INDEX scripts_host_id_idx ON scripts (host_id);
CREATE INDEX scripts_application_id_idx ON scripts (application_id);
DROP INDEX scripts_host_idx;
DROP INDEX scripts_application_idx;

CREATE INDEX jobs_revision_id_idx ON jobs (revision_id);
CREATE INDEX jobs_script_id_idx ON jobs (script_id, submitted_at DESC);
CREATE INDEX jobs_application_id_idx ON jobs (application_id, submitted_at DESC);
DROP INDEX jobs_pbs_id_idx;
DROP INDEX jobs_exit_status_idx;
DROP INDEX jobs_active_idx;
DROP INDEX jobs_state_idx;
DROP INDEX jobs_queue_idx;
DROP INDEX jobs_revision_idx;
DROP INDEX jobs_script_idx;
DROP INDEX jobs_host_idx;
DROP INDEX jobs_application_idx;
DROP TRIGGER renames_are_searched ON jobs;
DROP FUNCTION keep_job_rename();
DROP TABLE job_renames;

DROP TRIGGER revisions_are_searched ON script_revisions;
DROP FUNCTION fill_revision_search();
DROP TABLE revision_search;
DROP EXTENSION btree_gin;
DROP EXTENSION pg_trgm;
