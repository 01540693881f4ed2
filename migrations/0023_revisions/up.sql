-- A revision knows which one it was made from, and may be given a label. The rest of it never changes.

ALTER TABLE script_revisions ADD COLUMN parent integer;
COMMENT ON COLUMN script_revisions.parent IS 'The number of the revision it was made from; NULL for a first one, and for those of a former release';
ALTER TABLE script_revisions ADD COLUMN label text;
COMMENT ON COLUMN script_revisions.label IS 'What its owner calls it, such as: the one from the paper';
CREATE INDEX script_revisions_labelled_idx ON script_revisions (script_id) WHERE label IS NOT NULL;

CREATE OR REPLACE FUNCTION fill_revision_search() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO revision_search (revision_id, owner_id, text)
        SELECT NEW.id, script.owner_id, lower(concat_ws(E'\n', script.name, NEW.label, NEW.text))
        FROM scripts AS script WHERE script.id = NEW.script_id
        ON CONFLICT (revision_id) DO UPDATE SET text = excluded.text;
    RETURN NULL;
END
$$;
CREATE TRIGGER labels_are_searched AFTER UPDATE OF label ON script_revisions
    FOR EACH ROW EXECUTE FUNCTION fill_revision_search();
