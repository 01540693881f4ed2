ALTER TABLE hosts ADD COLUMN found_bin_folder text NOT NULL DEFAULT '';
ALTER TABLE hosts ALTER COLUMN found_bin_folder DROP DEFAULT;
ALTER TABLE host_accounts DROP COLUMN found_bin_folder;
COMMENT ON COLUMN hosts.bin_folder IS 'Where the scheduler''s commands are, as set by the site; empty: found_bin_folder';
COMMENT ON COLUMN hosts.found_bin_folder IS 'Where the last good check found them; empty: on the PATH';
