//! Which submissions without an answer are looked for together.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use pbsweb::store::replicas::ReplicaId;
use pbsweb::store::submissions::take_due_submissions;
use pbsweb_shared::ids::JobId;
use uuid::Uuid;

use super::Database;

const ADA: Uuid = Uuid::from_u128(0xada);
const HOST: Uuid = Uuid::from_u128(0x1);
const OTHER_HOST: Uuid = Uuid::from_u128(0x2);

/// A submission without an answer: its number, its host, its login name, when its time comes, in seconds from now.
fn submission(n: u128, host: Uuid, login: &str, due_in: i32) -> String {
    format!(
        "INSERT INTO jobs (id, owner_id, session_id, host_id, script_id, revision_id, name, login, state, source, as_of, submitted_at, \
         is_delete_requested, n_looks, next_look_at) VALUES ('{}', '{ADA}', '{ADA}', '{host}', '{ADA}', '{ADA}', 'x', '{login}', \
         'submitting', 'submission', now(), now(), false, 1, now() + interval '{due_in} s');",
        Uuid::from_u128(n)
    )
}

#[test]
fn what_is_due_takes_its_account_with_it() {
    let database = Database::start();
    let mut connection = database.migrated();
    let hosts = [HOST, OTHER_HOST].map(|host| {
        format!(
            "INSERT INTO hosts (id, name, description, address, port, dialect, bin_folder, offered_queues, keeps_output_in_place, \
             is_enabled, host_keys, created_at) VALUES ('{host}', 'h{}', '', 'h.invalid', 22, 'openpbs', '', '{{}}', true, true, '{{}}', now());",
            host.as_u128()
        )
    });
    let account = format!(
        "INSERT INTO users VALUES ('{ADA}', 'ada', 'Ada', '', '', false, true, now());
         INSERT INTO sessions (id, user_id, kind, created_at, expires_at, last_used_at, user_agent, address)
             VALUES ('{ADA}', '{ADA}', 'command', now(), now(), now(), '', '');
         INSERT INTO scripts (id, owner_id, name, host_id, n_revisions, created_at, used_at)
             VALUES ('{ADA}', '{ADA}', 'x', '{HOST}', 1, now(), now());
         INSERT INTO script_revisions (id, script_id, number, session_id, draft, text, created_at)
             VALUES ('{ADA}', '{ADA}', 1, '{ADA}', '{{}}', '', now());"
    );
    connection.batch_execute(&hosts.concat()).unwrap();
    connection.batch_execute(&account).unwrap();
    let jobs = [
        submission(1, HOST, "ada", -1),
        // Of the same account: soon, and later than soon.
        submission(2, HOST, "ada", 20),
        submission(3, HOST, "ada", 50),
        // Not of the same account.
        submission(4, HOST, "lovelace", 20),
        submission(5, OTHER_HOST, "ada", 20),
        // Somebody is at it.
        submission(6, HOST, "ada", 20),
    ];
    connection.batch_execute(&jobs.concat()).unwrap();
    let living = format!(
        "INSERT INTO replicas VALUES ('{ADA}', 'other', now(), now() + interval '1 hour');
         UPDATE jobs SET attended_by = '{ADA}' WHERE id = '{}';",
        Uuid::from_u128(6)
    );
    connection.batch_execute(&living).unwrap();

    let me = ReplicaId::fresh();
    let mut take = |mine: &[JobId]| {
        let taken = connection.transaction(|connection| take_due_submissions(connection, me, mine)).unwrap();
        taken.into_iter().map(|job| job.as_uuid().as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(take(&[]), [1, 2]);
    let mine = [1, 2].map(|n| JobId::from_uuid(Uuid::from_u128(n)));
    assert!(take(&mine).is_empty(), "this server is at them");
}
