COMMENT ON TABLE job_renames IS 'Jobs whose name is no longer the one in their script, with the name in lower case; filled by a trigger';
CREATE OR REPLACE FUNCTION keep_job_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_renames (job_id, owner_id, name) VALUES (NEW.id, NEW.owner_id, lower(NEW.name))
        ON CONFLICT (job_id) DO UPDATE SET name = excluded.name;
    RETURN NULL;
END
$$;
DROP FUNCTION searched_beside_script(jobs);
CREATE INDEX jobs_script_idx ON jobs (script_id, submitted_at DESC, id DESC);
DROP INDEX jobs_script_owner_idx;
DROP TABLE shared_applications;
DROP TABLE shared_scripts;
DROP TABLE group_members;
DROP TABLE groups;
