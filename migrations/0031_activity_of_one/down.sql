CREATE INDEX activity_user_id_idx ON activity (user_id, id DESC);
DROP INDEX activity_user_idx;
