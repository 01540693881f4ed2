-- The jobs of an array, each with its own state; the array keeps how many are in which.

CREATE TABLE subjobs (
    job_id      uuid NOT NULL REFERENCES jobs (id) ON DELETE RESTRICT,
    array_index integer NOT NULL,
    state       text NOT NULL CONSTRAINT subjobs_state_check
        CHECK (state IN ('queued', 'held', 'waiting', 'running', 'suspended', 'exiting', 'completed', 'failed', 'deleted',
                         'expired', 'lost')),
    source      text NOT NULL CONSTRAINT subjobs_source_check
        CHECK (source IN ('submission', 'listing', 'accounting', 'epilogue', 'operator')),
    as_of       timestamptz NOT NULL,
    reason      text,
    exit_status integer,
    signal      integer,
    end_cause   text,
    run_count   integer NOT NULL,
    started_at  timestamptz,
    ended_at    timestamptz,
    PRIMARY KEY (job_id, array_index),
    CONSTRAINT subjobs_success_check CHECK (state <> 'completed' OR exit_status = 0)
);
COMMENT ON TABLE subjobs IS 'Known from the first look at the array after the scheduler has listed it';
COMMENT ON COLUMN subjobs.as_of IS 'When the state was found to be so: it is not written again while nothing changes';
CREATE INDEX subjobs_job_id_state_idx ON subjobs (job_id, state, array_index);

ALTER TABLE jobs ADD COLUMN subjobs jsonb;
COMMENT ON COLUMN jobs.subjobs IS 'Of an array: how many of its jobs are in which state, when they were looked at, and what the listing said then';
