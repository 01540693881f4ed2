-- Every listing and search answers from an index, however long the history is: each filter has its key, in the order of the
-- listing, and text is found by trigrams. Both extensions come with PostgreSQL and are trusted: the owner of a database may
-- create them.
--
-- Only additions, and indexes that do what the former ones did: the former release works on.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- What is searched of a revision is kept apart from it: in lower case, so that looking at one costs little, and in a row that
-- no submission ever changes, so that its large index is written once.
CREATE TABLE revision_search (
    revision_id uuid PRIMARY KEY REFERENCES script_revisions (id) ON DELETE CASCADE,
    owner_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    text        text NOT NULL
);
COMMENT ON TABLE revision_search IS 'What is searched of a revision, in lower case: the name of its script and its text; filled by a trigger';
INSERT INTO revision_search (revision_id, owner_id, text)
    SELECT revision.id, script.owner_id, lower(concat_ws(E'\n', script.name, revision.text))
    FROM script_revisions AS revision JOIN scripts AS script ON script.id = revision.script_id;
-- The owner is in the index: the words of others cost nothing. Not more than half a megabyte waits to be sorted in, so that no
-- submission has to sort in much at once.
CREATE INDEX revision_search_text_idx ON revision_search USING gin (owner_id, text gin_trgm_ops)
    WITH (gin_pending_list_limit = 512);

CREATE FUNCTION fill_revision_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revision_search (revision_id, owner_id, text)
        SELECT NEW.id, script.owner_id, lower(concat_ws(E'\n', script.name, NEW.text))
        FROM scripts AS script WHERE script.id = NEW.script_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER revisions_are_searched AFTER INSERT ON script_revisions
    FOR EACH ROW EXECUTE FUNCTION fill_revision_search();

-- A job that was given another name is found by it, too.
CREATE TABLE job_renames (
    job_id   uuid PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name     text NOT NULL
);
COMMENT ON TABLE job_renames IS 'Jobs whose name is no longer the one in their script, with the name in lower case; filled by a trigger';
CREATE INDEX job_renames_name_idx ON job_renames USING gin (owner_id, name gin_trgm_ops);

CREATE FUNCTION keep_job_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_renames (job_id, owner_id, name) VALUES (NEW.id, NEW.owner_id, lower(NEW.name))
        ON CONFLICT (job_id) DO UPDATE SET name = excluded.name;
    RETURN NULL;
END
$$;
CREATE TRIGGER renames_are_searched AFTER UPDATE OF name ON jobs
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION keep_job_rename();

CREATE INDEX jobs_application_idx ON jobs (application_id, owner_id, submitted_at DESC, id DESC);
CREATE INDEX jobs_host_idx ON jobs (host_id, owner_id, submitted_at DESC, id DESC);
CREATE INDEX jobs_script_idx ON jobs (script_id, submitted_at DESC, id DESC);
CREATE INDEX jobs_revision_idx ON jobs (revision_id, submitted_at DESC, id DESC);
CREATE INDEX jobs_queue_idx ON jobs (owner_id, queue, submitted_at DESC, id DESC);
CREATE INDEX jobs_state_idx ON jobs (owner_id, state, submitted_at DESC, id DESC);
CREATE INDEX jobs_active_idx ON jobs (owner_id, submitted_at DESC, id DESC)
    WHERE state NOT IN ('rejected', 'completed', 'failed', 'deleted', 'expired');
CREATE INDEX jobs_exit_status_idx ON jobs (owner_id, exit_status, submitted_at DESC, id DESC) WHERE exit_status IS NOT NULL;
CREATE INDEX jobs_pbs_id_idx ON jobs (owner_id, pbs_id text_pattern_ops) WHERE pbs_id IS NOT NULL;
DROP INDEX jobs_application_id_idx;
DROP INDEX jobs_script_id_idx;
DROP INDEX jobs_revision_id_idx;

CREATE INDEX scripts_application_idx ON scripts (application_id, owner_id, used_at DESC, id DESC);
CREATE INDEX scripts_host_idx ON scripts (host_id, owner_id, used_at DESC, id DESC);
DROP INDEX scripts_application_id_idx;
DROP INDEX scripts_host_id_idx;
