-- Jobs that depend on each other and are submitted all or not at all.

CREATE TABLE job_sets (
    id           uuid PRIMARY KEY,
    owner_id     uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    session_id   uuid NOT NULL REFERENCES sessions (id) ON DELETE RESTRICT,
    host_id      uuid NOT NULL REFERENCES hosts (id) ON DELETE RESTRICT,
    state        text NOT NULL CONSTRAINT job_sets_state_check
        CHECK (state IN ('submitting', 'releasing', 'accepted', 'taking_back', 'taken_back')),
    reason       text,
    created_at   timestamptz NOT NULL,
    next_step_at timestamptz,
    attended_by  uuid,
    n_tries      integer NOT NULL
);
COMMENT ON COLUMN job_sets.reason IS 'Why it is taken back, or what it waits for';
COMMENT ON COLUMN job_sets.next_step_at IS 'When a server goes on with it; NULL when nothing is left to do';
COMMENT ON COLUMN job_sets.attended_by IS 'The server that goes on with it at this moment';
COMMENT ON COLUMN job_sets.n_tries IS 'How often the present step was tried';
CREATE INDEX job_sets_owner_id_idx ON job_sets (owner_id, created_at DESC);
CREATE INDEX job_sets_session_id_idx ON job_sets (session_id);
CREATE INDEX job_sets_host_id_idx ON job_sets (host_id);
CREATE INDEX job_sets_next_step_at_idx ON job_sets (next_step_at) WHERE next_step_at IS NOT NULL;

CREATE TABLE job_set_members (
    job_id         uuid PRIMARY KEY REFERENCES jobs (id) ON DELETE RESTRICT,
    set_id         uuid NOT NULL REFERENCES job_sets (id) ON DELETE RESTRICT,
    position       integer NOT NULL,
    label          text NOT NULL,
    depends        jsonb NOT NULL,
    is_sent        boolean NOT NULL,
    is_held_by_set boolean NOT NULL,
    CONSTRAINT job_set_members_set_id_position_key UNIQUE (set_id, position),
    CONSTRAINT job_set_members_set_id_label_key UNIQUE (set_id, label)
);
COMMENT ON COLUMN job_set_members.position IS 'In this order they are submitted: each behind those it depends on';
COMMENT ON COLUMN job_set_members.depends IS 'On which labels, and how; the ids are put in when its turn has come';
COMMENT ON COLUMN job_set_members.is_sent IS 'Its turn has come: what goes to the host is complete and changes no more';
COMMENT ON COLUMN job_set_members.is_held_by_set IS 'Submitted with a user hold of ours, which is taken off when all are accepted';
