-- One user's record, newest first. Ordered by id alone, the primary key seemed as good to the planner, and of a user whose deeds are
-- old it read everybody's since. No other index has this order.
CREATE INDEX activity_user_idx ON activity (user_id, (-id));
DROP INDEX activity_user_id_idx;
