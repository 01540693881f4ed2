DROP TABLE job_action_items;
DROP TABLE job_actions;
