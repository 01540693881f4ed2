DROP TRIGGER labels_are_searched_in_jobs ON script_revisions;
DROP FUNCTION renew_jobs_beside_script();
