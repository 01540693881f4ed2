-- Where the scheduler's commands are was kept for a host, as anybody's check found it. A check reads what the account's own
-- start-up files put on the PATH: one user's folder must never be where another user's qsub is taken from.

ALTER TABLE host_accounts ADD COLUMN found_bin_folder text NOT NULL DEFAULT '';
UPDATE host_accounts SET found_bin_folder = hosts.found_bin_folder FROM hosts WHERE hosts.id = host_accounts.host_id;
ALTER TABLE host_accounts ALTER COLUMN found_bin_folder DROP DEFAULT;
ALTER TABLE hosts DROP COLUMN found_bin_folder;

COMMENT ON COLUMN host_accounts.found_bin_folder IS 'Where the last good check found the scheduler''s commands; empty: on the PATH';
COMMENT ON COLUMN hosts.bin_folder IS 'Where the scheduler''s commands are, as set by the site; empty: where each account''s check found them';
