DROP TABLE events;
DROP TABLE activity;
DROP TABLE job_events;
DROP FUNCTION refuse_change();
