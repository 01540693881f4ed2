ALTER TABLE hosts DROP COLUMN listed_by;
