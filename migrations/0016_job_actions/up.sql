-- Actions on jobs: stored with what they are for before anything leaves for a host, and then what came of them for each job.

CREATE TABLE job_actions (
    id           uuid PRIMARY KEY,
    owner_id     uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    session_id   uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    steering     jsonb NOT NULL,
    undoes       uuid REFERENCES job_actions (id) ON DELETE RESTRICT,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    next_look_at timestamptz,
    n_tries      integer NOT NULL
);
COMMENT ON COLUMN job_actions.steering IS 'What is to be done, as the API has it';
COMMENT ON COLUMN job_actions.undoes IS 'The action that this one takes back; NULL for most';
COMMENT ON COLUMN job_actions.finished_at IS 'When the last job had its outcome; NULL until then';
COMMENT ON COLUMN job_actions.next_look_at IS 'When the reconciler takes it on, unless a running server puts that off; NULL once it is finished';
CREATE INDEX job_actions_owner_id_idx ON job_actions (owner_id, created_at DESC, id DESC);
CREATE INDEX job_actions_session_id_idx ON job_actions (session_id);
CREATE INDEX job_actions_undoes_idx ON job_actions (undoes);
CREATE INDEX job_actions_next_look_at_idx ON job_actions (next_look_at) WHERE next_look_at IS NOT NULL;

CREATE TABLE job_action_items (
    action_id  uuid NOT NULL REFERENCES job_actions (id) ON DELETE RESTRICT,
    position   integer NOT NULL,
    job_id     uuid NOT NULL REFERENCES jobs (id) ON DELETE RESTRICT,
    pbs_ids    text[] NOT NULL,
    outcome    text NOT NULL CONSTRAINT job_action_items_outcome_check
        CHECK (outcome IN ('requested', 'sent', 'done', 'refused', 'not_sent', 'unknown', 'skipped')),
    meaning    text,
    status     integer,
    words      text,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (action_id, position)
);
COMMENT ON COLUMN job_action_items.pbs_ids IS 'What the scheduler is given, as it was when the action was asked for';
COMMENT ON COLUMN job_action_items.status IS 'The exit status of the scheduler''s command, if it is known for this job';
COMMENT ON COLUMN job_action_items.words IS 'The scheduler''s own words, or why nothing was sent or is known';
CREATE INDEX job_action_items_job_id_idx ON job_action_items (job_id);
CREATE INDEX job_action_items_outcome_idx ON job_action_items (action_id, outcome, position);
