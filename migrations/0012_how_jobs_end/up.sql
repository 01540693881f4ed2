-- How a job ended is told apart, its runs are kept apart, and the search for a job is shown.

ALTER TABLE jobs
    ADD COLUMN end_cause text CONSTRAINT jobs_end_cause_check
        CHECK (end_cause IN ('exit', 'signal', 'walltime', 'memory', 'limit', 'node', 'deleted', 'dependency',
                             'not_started', 'subjobs', 'unknown')),
    ADD COLUMN run_count integer NOT NULL DEFAULT 0,
    ADD COLUMN looking jsonb;
COMMENT ON COLUMN jobs.end_cause IS 'What ended it; NULL while it has not ended, and for a rejected one';
COMMENT ON COLUMN jobs.run_count IS 'How often the scheduler started it, as far as is known';
COMMENT ON COLUMN jobs.looking IS 'Since when it is looked for, and what was tried last; NULL while its place is known';
-- What no path of the program may get wrong; validated by itself, which locks out nobody.
ALTER TABLE jobs ADD CONSTRAINT jobs_success_check CHECK (state <> 'completed' OR exit_status = 0) NOT VALID;
ALTER TABLE jobs VALIDATE CONSTRAINT jobs_success_check;

ALTER TABLE job_events
    ADD COLUMN run integer,
    ADD COLUMN started_at timestamptz,
    ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN job_events.run IS 'Which of the job''s runs this is about; NULL before the first';
COMMENT ON COLUMN job_events.started_at IS 'When that run started';
COMMENT ON COLUMN job_events.ended_at IS 'When that run ended, or was found to be over';
