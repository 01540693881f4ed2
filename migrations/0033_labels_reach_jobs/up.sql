-- A revision of a shared script may get its label when others have jobs of it already: those who still see the script find their jobs
-- by it, as the owner does.
CREATE FUNCTION renew_jobs_beside_script() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE job_renames SET name = searched_beside_script(job)
        FROM jobs AS job
        WHERE job.revision_id = NEW.id AND job_renames.job_id = job.id AND EXISTS (
            SELECT FROM shared_scripts AS shared JOIN group_members AS member ON member.group_id = shared.group_id
            WHERE shared.script_id = NEW.script_id AND member.user_id = job.owner_id);
    RETURN NULL;
END
$$;
-- By its name it runs after labels_are_searched, which writes what is read here.
CREATE TRIGGER labels_are_searched_in_jobs AFTER UPDATE OF label ON script_revisions
    FOR EACH ROW EXECUTE FUNCTION renew_jobs_beside_script();
