DROP TRIGGER labels_are_searched ON script_revisions;
CREATE OR REPLACE FUNCTION fill_revision_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revision_search (revision_id, owner_id, text)
        SELECT NEW.id, script.owner_id, lower(concat_ws(E'\n', script.name, NEW.text))
        FROM scripts AS script WHERE script.id = NEW.script_id;
    RETURN NULL;
END
$$;
DROP INDEX script_revisions_labelled_idx;
ALTER TABLE script_revisions DROP COLUMN label;
ALTER TABLE script_revisions DROP COLUMN parent;
