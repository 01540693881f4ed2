-- Which PBSWeb this is, and whether its database was restored from a backup: jobs that were submitted after the backup are then
-- looked for on the hosts.

CREATE TABLE deployment (
    is_only     boolean PRIMARY KEY DEFAULT true CONSTRAINT deployment_is_only_check CHECK (is_only),
    site        uuid NOT NULL,
    place       text NOT NULL DEFAULT '',
    restored_at timestamptz
);
COMMENT ON COLUMN deployment.site IS 'Names this PBSWeb in what it leaves on hosts';
COMMENT ON COLUMN deployment.place IS 'Which PostgreSQL and which tables these rows were in: a restored copy is somewhere else';
COMMENT ON COLUMN deployment.restored_at IS 'When a server found that they are somewhere else';
INSERT INTO deployment (site) VALUES (gen_random_uuid());

ALTER TABLE host_accounts ADD COLUMN searched_at timestamptz;
COMMENT ON COLUMN host_accounts.searched_at IS 'When its folders were last searched for jobs that are not known here';
