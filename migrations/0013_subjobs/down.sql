ALTER TABLE jobs DROP COLUMN subjobs;
DROP TABLE subjobs;
