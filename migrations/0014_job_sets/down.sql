DROP TABLE job_set_members;
DROP TABLE job_sets;
