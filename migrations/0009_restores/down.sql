ALTER TABLE host_accounts DROP COLUMN searched_at;
DROP TABLE deployment;
