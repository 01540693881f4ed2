-- Groups: people who share scripts and applications. What is shared stays its owner's; a role is a member's in the whole group.

CREATE TABLE groups (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE groups IS 'Names may stand twice: a name that is taken would tell others that the group exists';

CREATE TABLE group_members (
    group_id   uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       text NOT NULL CONSTRAINT group_members_role_check CHECK (role IN ('read', 'submit', 'edit')),
    is_manager boolean NOT NULL,
    joined_at  timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
COMMENT ON COLUMN group_members.role IS 'What the member may do with what others share';
COMMENT ON COLUMN group_members.is_manager IS 'May rename and delete the group and say who is in it';
CREATE INDEX group_members_user_id_idx ON group_members (user_id);

CREATE TABLE shared_scripts (
    script_id uuid NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    group_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    shared_at timestamptz NOT NULL,
    PRIMARY KEY (script_id, group_id),
    CONSTRAINT shared_scripts_member_fkey FOREIGN KEY (group_id, owner_id)
        REFERENCES group_members (group_id, user_id) ON DELETE CASCADE
);
COMMENT ON COLUMN shared_scripts.owner_id IS 'Whose it is: with the owner, what is theirs leaves the group';
CREATE INDEX shared_scripts_member_idx ON shared_scripts (group_id, owner_id);

CREATE TABLE shared_applications (
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    group_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    shared_at timestamptz NOT NULL,
    PRIMARY KEY (application_id, group_id),
    CONSTRAINT shared_applications_member_fkey FOREIGN KEY (group_id, owner_id)
        REFERENCES group_members (group_id, user_id) ON DELETE CASCADE
);
COMMENT ON COLUMN shared_applications.owner_id IS 'Whose it is: with the owner, what is theirs leaves the group';
CREATE INDEX shared_applications_member_idx ON shared_applications (group_id, owner_id);

-- Several people have jobs of a script now: a list is always of one of them.
CREATE INDEX jobs_script_owner_idx ON jobs (script_id, owner_id, submitted_at DESC, id DESC);
DROP INDEX jobs_script_idx;

-- The text of somebody else's script is found under its owner only. So that one's own jobs of it are found by it, too, it stands
-- beside their names.
CREATE FUNCTION searched_beside_script(job jobs) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT lower(concat_ws(E'\n', job.name, (
        SELECT text FROM revision_search WHERE revision_id = job.revision_id AND owner_id <> job.owner_id)))
$$;
CREATE OR REPLACE FUNCTION keep_job_rename() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_renames (job_id, owner_id, name) VALUES (NEW.id, NEW.owner_id, searched_beside_script(NEW))
        ON CONFLICT (job_id) DO UPDATE SET name = excluded.name;
    RETURN NULL;
END
$$;
COMMENT ON TABLE job_renames IS 'Jobs that are found by more than the script of their owner: those with another name, and those of somebody else''s script; in lower case';
