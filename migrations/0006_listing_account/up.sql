-- Who lists a host for everybody was chosen by a rule alone; an administrator may name the user whose account does.
ALTER TABLE hosts ADD COLUMN listed_by text CONSTRAINT hosts_listed_by_fkey
    REFERENCES users (user_name) ON UPDATE CASCADE ON DELETE SET NULL;
COMMENT ON COLUMN hosts.listed_by IS 'Whose account lists the host for everybody, while it is usable; NULL: an administrator''s, else the one checked last';
CREATE INDEX hosts_listed_by_idx ON hosts (listed_by);
