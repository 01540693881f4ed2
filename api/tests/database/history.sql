-- A long history: {jobs} jobs of {scripts} scripts. The user {owner} has four fifths of both, twenty others the rest. What is
-- frequent, rare, old or never there is so by numbers, not by chance. For the tests of the searches, and for their measurement.

CREATE TEMPORARY TABLE people AS SELECT 0 AS n, '{owner}'::uuid AS id;
INSERT INTO people SELECT n, gen_random_uuid() FROM generate_series(1, 20) AS n;
INSERT INTO users (id, user_name, display_name, email, password_hash, is_admin, is_enabled, created_at)
    SELECT id, 'other' || n, 'Other ' || n, '', '', false, true, now() FROM people WHERE n > 0;
INSERT INTO sessions (id, user_id, kind, created_at, expires_at, ended_at, last_used_at, user_agent, address)
    SELECT id, id, 'command', now(), now(), now(), now(), '', '' FROM people;
CREATE TEMPORARY TABLE clusters AS SELECT n, gen_random_uuid() AS id FROM generate_series(0, 4) AS n;
INSERT INTO hosts (id, name, description, address, port, dialect, bin_folder, offered_queues, keeps_output_in_place, is_enabled, host_keys, created_at)
    SELECT id, 'cluster' || n, '', 'cluster.invalid', 22, 'openpbs', '', '{}', true, false, '{}', now() FROM clusters;
CREATE TEMPORARY TABLE sources AS
    SELECT person.n AS person, app AS n, gen_random_uuid() AS id, person.id AS owner_id FROM people AS person, generate_series(0, 9) AS app;
INSERT INTO applications (id, owner_id, name, created_at) SELECT id, owner_id, 'app' || n, now() FROM sources;

-- Filled at once, it is made much quicker than row by row.
DROP INDEX revision_search_text_idx;
CREATE TEMPORARY TABLE made AS
    SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS revision_id,
           CASE WHEN n % 5 > 0 THEN 0 ELSE 1 + n / 5 % 20 END AS person,
           now() - interval '5 years' + n * (interval '5 years' / {scripts}) AS at
    FROM generate_series(0, {scripts} - 1) AS n;
INSERT INTO scripts (id, owner_id, name, application_id, host_id, n_revisions, created_at, used_at)
    SELECT made.id, owner.id, 'case-' || made.n, source.id, host.id, 1, made.at, made.at
    FROM made JOIN people AS owner ON owner.n = made.person
    JOIN sources AS source ON source.person = made.person AND source.n = (made.n / 7) % 9
    JOIN clusters AS host ON host.n = made.n / 11 % 4;
INSERT INTO script_revisions (id, script_id, number, session_id, draft, text, created_at)
    SELECT made.revision_id, made.id, 1, owner.id, jsonb_build_object('name', 'case-' || made.n, 'commands', ''),
           concat_ws(E'\n', '#!/bin/bash', '#PBS -N case-' || made.n, '#PBS -l select=' || made.n % 64 || ':ncpus=16',
               '#PBS -o /home/ada/results/' || substr(md5(made.n::text), 1, 12) || '/out.txt', 'module load gcc openmpi',
               CASE WHEN made.n % 100 = 1 THEN 'module load vasp' END,
               CASE WHEN made.n % 2000 = 1 THEN 'module load siesta' END,
               CASE WHEN made.n < {scripts} / 2 THEN 'module load oldmodule' END,
               CASE WHEN made.n = {scripts} / 2 + 1 THEN 'echo onlyonce' END,
               (SELECT string_agg('mpirun -np ' || step * 16 || ' ./solver --step ' || step || ' --input ' || substr(md5((made.n * 31 + step)::text), 1, 8) || '.nml > log.' || step, E'\n')
                FROM generate_series(1, {steps}) AS step)),
           made.at
    FROM made JOIN people AS owner ON owner.n = made.person;
CREATE INDEX revision_search_text_idx ON revision_search USING gin (owner_id, text gin_trgm_ops)
    WITH (gin_pending_list_limit = 512);
INSERT INTO jobs (id, owner_id, session_id, host_id, application_id, script_id, revision_id, name, login, state, source, as_of, pbs_id, queue,
                  exit_status, submitted_at, started_at, ended_at, walltime_seconds, used_walltime_seconds, used_memory_bytes, is_delete_requested, n_looks)
    SELECT gen_random_uuid(), owner.id, owner.id, host.id, source.id, made.id, made.revision_id, 'case-' || made.n, 'ada',
           state, 'listing', job.at, job.n || '.cluster', CASE WHEN job.n % 100000 = 7 THEN 'rareq' WHEN job.n % 3 = 0 THEN 'long' ELSE 'workq' END,
           CASE state WHEN 'completed' THEN 0 WHEN 'failed' THEN CASE WHEN job.n % 5000 = 3 THEN 42 ELSE 1 END END,
           job.at, job.at, CASE WHEN state <> 'running' THEN job.at END, 3600, job.n % 3600, job.n % 4096 * 1048576::bigint, false, 0
    FROM (SELECT n, now() - interval '5 years' + n * (interval '5 years' / {jobs}) AS at,
                 CASE WHEN n > {jobs} - 500 THEN 'running' WHEN n % 10 = 3 THEN 'failed' WHEN n % 20000 = 11 THEN 'lost'
                      WHEN n < {jobs} / 2 AND n % 10 = 6 THEN 'deleted' ELSE 'completed' END AS state
          FROM generate_series(0, {jobs} - 1) AS n) AS job
    JOIN made ON made.n = job.n % {scripts} JOIN people AS owner ON owner.n = made.person
    JOIN sources AS source ON source.person = made.person AND source.n = CASE WHEN job.n % 50000 = 9 THEN 9 ELSE (made.n / 7) % 9 END
    JOIN clusters AS host ON host.n = CASE WHEN job.n % 100000 = 13 THEN 4 ELSE job.n / 11 % 4 END;
INSERT INTO activity (at, user_id, session_id, action, subject, detail)
    SELECT now(), owner.id, owner.id, 'job.submit', deed.n::text, 'case ' || deed.n FROM generate_series(1, {jobs}) AS deed (n) JOIN people AS owner ON owner.n = deed.n % 21;
ANALYZE;
