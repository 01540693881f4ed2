//! Listings and searches: what they find, by which way, and how many rows they touch for that.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use pbsweb::store::activity::list_activity;
use pbsweb::store::groups::MOST_SHARED;
use pbsweb::store::jobs::{StateFilter, list_jobs};
use pbsweb::store::page::{PageRequest, Place};
use pbsweb::store::scripts::list_scripts;
use pbsweb_shared::api::jobs::{Job, JobsQuery};
use pbsweb_shared::api::scripts::{Script, ScriptsQuery};
use pbsweb_shared::ids::{ApplicationId, GroupId, HostId, ScriptId, UserId};
use pbsweb_shared::page::Page;
use uuid::Uuid;

use super::Database;

const N_JOBS: u32 = 40_000;
const N_SCRIPTS: u32 = 20_000;
const ADA: Uuid = Uuid::from_u128(0xada);

/// Rows of the large tables that one page may touch: two walks with what they look up for each row, and what the page shows. A
/// scan of Ada's jobs would be 32,000.
const MOST_ROWS: i64 = 10_000;

/// Of these, rows of the forty pages of texts that a sample is taken from; the whole table has ten times as many.
const MOST_SAMPLED: i64 = 2_000;

fn history(database: &Database) -> PgConnection {
    use diesel::connection::SimpleConnection as _;
    let mut connection = database.migrated();
    let sql = include_str!("history.sql")
        .replace("{owner}", &ADA.to_string())
        .replace("{jobs}", &N_JOBS.to_string())
        .replace("{scripts}", &N_SCRIPTS.to_string())
        .replace("{steps}", "1");
    let ada = format!("INSERT INTO users VALUES ('{ADA}', 'ada', 'Ada', '', '', false, true, now())");
    connection.batch_execute(&ada).unwrap();
    connection.batch_execute(&sql).unwrap();
    connection
}

#[derive(QueryableByName, Debug, Clone, Copy)]
struct Touched {
    #[diesel(sql_type = BigInt)]
    by_scan: i64,
    #[diesel(sql_type = BigInt)]
    by_index: i64,
}

/// The rows of the large tables that this transaction has read so far.
fn touched(connection: &mut PgConnection) -> Touched {
    diesel::sql_query(
        "SELECT sum(seq_tup_read)::bigint AS by_scan, sum(idx_tup_fetch)::bigint AS by_index FROM pg_stat_xact_user_tables \
         WHERE relname IN ('jobs', 'scripts', 'script_revisions', 'revision_search')",
    )
    .get_result(connection)
    .unwrap()
}

/// Reads a list to its end, and looks at what each page costs.
fn walk<T>(
    connection: &mut PgConnection,
    what: &str,
    id: impl Fn(&T) -> Uuid,
    mut list: impl FnMut(&mut PgConnection, PageRequest<Place>) -> QueryResult<Page<T>>,
) -> Vec<Uuid> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let request = PageRequest::read(Some(50), token.as_deref(), what).unwrap();
        let page = connection
            .transaction(|connection| {
                let before = touched(connection);
                let page = list(connection, request)?;
                let after = touched(connection);
                let n_sampled = after.by_scan - before.by_scan;
                assert!(n_sampled <= MOST_SAMPLED, "{what}: scans {n_sampled} rows of a table");
                let n_rows = after.by_index - before.by_index + n_sampled;
                assert!(n_rows <= MOST_ROWS, "{what}: one page touches {n_rows} rows");
                QueryResult::Ok(page)
            })
            .unwrap();
        found.extend(page.items.iter().map(&id));
        match page.next_page_token {
            // The rest of a long list is like its beginning.
            Some(next) if found.len() < 200 => token = Some(next),
            _ => return found,
        }
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The first of what a scan finds.
fn scanned(connection: &mut PgConnection, sql: &str) -> Vec<Uuid> {
    diesel::sql_query(format!("{sql} LIMIT 250"))
        .load::<Id>(connection)
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect()
}

fn one(connection: &mut PgConnection, sql: &str) -> Uuid {
    diesel::sql_query(sql).get_result::<Id>(connection).unwrap().id
}

fn same_beginning(what: &str, found: &[Uuid], wanted: &[Uuid]) {
    if found.len() < 200 {
        assert_eq!(found, wanted, "{what}");
    } else {
        assert!(found.iter().take(200).eq(wanted.iter().take(200)), "{what}: {found:?} {wanted:?}");
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    line: String,
}

fn plan(connection: &mut PgConnection, sql: &str) -> String {
    let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN {sql}")).load(connection).unwrap();
    lines.into_iter().map(|line| line.line + "\n").collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of filters")]
fn every_filter_of_the_jobs_finds_what_a_scan_finds_without_one() {
    let database = Database::start();
    let mut connection = history(&database);
    let connection = &mut connection;
    let host = |connection: &mut PgConnection, n: u8| {
        one(connection, &format!("SELECT id FROM hosts WHERE name = 'cluster{n}'"))
    };
    let (busy, idle) = (host(connection, 0), host(connection, 4));
    let application =
        one(connection, &format!("SELECT id FROM applications WHERE owner_id = '{ADA}' AND name = 'app9'"));
    let script =
        one(connection, &format!("SELECT id FROM scripts WHERE owner_id = '{ADA}' AND name = 'case-1'"));
    let renamed = one(
        connection,
        &format!(
            "UPDATE jobs SET name = 'Renamed_50%' WHERE id = (SELECT id FROM jobs WHERE owner_id = '{ADA}' ORDER BY submitted_at LIMIT 1) RETURNING id"
        ),
    );
    let since = "2000-01-01T00:00:00Z".parse().unwrap();
    let until = chrono::Utc::now() - chrono::TimeDelta::days(900);
    let all = JobsQuery::default();
    let text = |text: &str| JobsQuery { text: Some(text.to_owned()), ..JobsQuery::default() };
    let state = |state: &str| JobsQuery { state: Some(state.to_owned()), ..JobsQuery::default() };
    let by_text = |text: &str| {
        format!(
            "(script_revisions.text ILIKE '%{text}%' OR scripts.name ILIKE '%{text}%' OR jobs.name ILIKE '%{text}%' OR pbs_id = '{text}' OR pbs_id LIKE '{text}.%')"
        )
    };
    for (filter, condition) in [
        (all.clone(), "true".to_owned()),
        (
            JobsQuery { since: Some(since), until: Some(until), ..all.clone() },
            format!("submitted_at < '{until}'"),
        ),
        (
            JobsQuery { host: Some(HostId::from_uuid(busy)), ..all.clone() },
            format!("jobs.host_id = '{busy}'"),
        ),
        (
            JobsQuery { host: Some(HostId::from_uuid(idle)), ..all.clone() },
            format!("jobs.host_id = '{idle}'"),
        ),
        (JobsQuery { host: Some(HostId::from_uuid(Uuid::nil())), ..all.clone() }, "false".to_owned()),
        (JobsQuery { queue: Some("rareq".to_owned()), ..all.clone() }, "queue = 'rareq'".to_owned()),
        (JobsQuery { queue: Some("long".to_owned()), ..all.clone() }, "queue = 'long'".to_owned()),
        (JobsQuery { exit_status: Some(42), ..all.clone() }, "exit_status = 42".to_owned()),
        (JobsQuery { exit_status: Some(0), ..all.clone() }, "exit_status = 0".to_owned()),
        (
            JobsQuery { application: Some(ApplicationId::from_uuid(application)), ..all.clone() },
            format!("jobs.application_id = '{application}'"),
        ),
        (
            JobsQuery { script: Some(ScriptId::from_uuid(script)), ..all.clone() },
            format!("jobs.script_id = '{script}'"),
        ),
        (state("active"), "state IN ('running', 'lost')".to_owned()),
        (state("lost"), "state = 'lost'".to_owned()),
        (state("rejected"), "false".to_owned()),
        // No index has both, and the states of a list are not in the order of time.
        (state("deleted,lost"), "state IN ('deleted', 'lost')".to_owned()),
        (
            JobsQuery {
                host: Some(HostId::from_uuid(busy)),
                queue: Some("rareq".to_owned()),
                ..state("failed")
            },
            format!("state = 'failed' AND jobs.host_id = '{busy}' AND queue = 'rareq'"),
        ),
        (
            JobsQuery { host: Some(HostId::from_uuid(busy)), ..state("deleted") },
            format!("state = 'deleted' AND jobs.host_id = '{busy}'"),
        ),
        // In all of them, in half of them but only old ones, in some, in one, in none.
        (text("mpirun"), by_text("mpirun")),
        (text("OldModule"), by_text("OldModule")),
        (text("load vasp"), by_text("load vasp")),
        (text("onlyonce"), by_text("onlyonce")),
        (text("nowhere"), "false".to_owned()),
        // Too short for an index, or without a letter: often there, and never.
        (text("np"), by_text("np")),
        (text("qz"), "false".to_owned()),
        (text("@#"), "false".to_owned()),
        (text("größer"), "false".to_owned()),
        // An output path; signs that mean something to LIKE; the scheduler's id; another name.
        (text("/home/ada/results/c4ca4238a0b9/out"), by_text("/home/ada/results/c4ca4238a0b9/out")),
        (text("named_50%"), format!("jobs.id = '{renamed}'")),
        (text("_"), format!("jobs.id = '{renamed}'")),
        (text("12346"), by_text("12346")),
        (text("12346.cluster"), by_text("12346.cluster")),
        (text("a\0b"), "false".to_owned()),
        (
            JobsQuery { exit_status: Some(42), ..text("mpirun") },
            format!("exit_status = 42 AND {}", by_text("mpirun")),
        ),
        (
            JobsQuery { exit_status: Some(1), ..text("vasp") },
            format!("exit_status = 1 AND {}", by_text("vasp")),
        ),
    ] {
        let what = format!("{filter:?}");
        let states: Option<StateFilter> = filter.state.as_deref().map(|words| words.parse().unwrap());
        let owner = UserId::from_uuid(ADA);
        let found = walk(
            connection,
            &what,
            |job: &Job| job.id.as_uuid(),
            |connection, request| list_jobs(connection, owner, &filter, states.as_ref(), request, &what),
        );
        let sql = format!(
            "SELECT jobs.id FROM jobs JOIN scripts ON scripts.id = script_id JOIN script_revisions ON script_revisions.id = revision_id \
             WHERE jobs.owner_id = '{ADA}' AND {condition} ORDER BY submitted_at DESC, jobs.id DESC"
        );
        same_beginning(&what, &found, &scanned(connection, &sql));
    }
    // What others have is not found, however well it fits.
    let nobody = UserId::from_uuid(Uuid::nil());
    let found = walk(
        connection,
        "others",
        |job: &Job| job.id.as_uuid(),
        |connection, request| list_jobs(connection, nobody, &text("vasp"), None, request, "others"),
    );
    assert_eq!(found, Vec::<Uuid>::new());
}

#[test]
fn every_filter_of_the_scripts_finds_what_a_scan_finds_without_one() {
    let database = Database::start();
    let mut connection = history(&database);
    let connection = &mut connection;
    let host = one(connection, "SELECT id FROM hosts WHERE name = 'cluster0'");
    let application =
        one(connection, &format!("SELECT id FROM applications WHERE owner_id = '{ADA}' AND name = 'app3'"));
    let all = ScriptsQuery::default();
    let text = |text: &str| ScriptsQuery { text: Some(text.to_owned()), ..ScriptsQuery::default() };
    let by_text = |text: &str| format!("(text ILIKE '%{text}%' OR name ILIKE '%{text}%')");
    for (filter, condition) in [
        (all.clone(), "true".to_owned()),
        (ScriptsQuery { host: Some(HostId::from_uuid(host)), ..all.clone() }, format!("host_id = '{host}'")),
        (
            ScriptsQuery {
                host: Some(HostId::from_uuid(host)),
                application: Some(ApplicationId::from_uuid(application)),
                ..text("openmpi")
            },
            format!("host_id = '{host}' AND application_id = '{application}' AND {}", by_text("openmpi")),
        ),
        (text("mpirun"), by_text("mpirun")),
        (text("oldmodule"), by_text("oldmodule")),
        (text("CASE-12"), by_text("CASE-12")),
        (text("nowhere"), "false".to_owned()),
        (text("qz"), "false".to_owned()),
    ] {
        let what = format!("{filter:?}");
        let owner = UserId::from_uuid(ADA);
        let found = walk(
            connection,
            &what,
            |script: &Script| script.id.as_uuid(),
            |connection, request| list_scripts(connection, owner, &filter, request, &what),
        );
        let sql = format!(
            "SELECT scripts.id FROM scripts JOIN script_revisions ON script_id = scripts.id AND number = n_revisions \
             WHERE owner_id = '{ADA}' AND {condition} ORDER BY used_at DESC, scripts.id DESC"
        );
        same_beginning(&what, &found, &scanned(connection, &sql));
    }
    // The trigrams are looked up together with the owner: what others have with the same words is not read.
    let plan = plan(
        connection,
        &format!(
            "SELECT 1 FROM revision_search WHERE owner_id = '{ADA}' AND text LIKE '%onlyonce%' LIMIT 401"
        ),
    );
    assert!(plan.contains("revision_search_text_idx") && plan.contains("Cond: ((owner_id = '"), "{plan}");
}

/// As much as a group can have, by a member who has nothing else.
#[test]
fn what_others_share_is_found_within_the_same_bounds() {
    use diesel::connection::SimpleConnection as _;
    let database = Database::start();
    let mut connection = history(&database);
    let connection = &mut connection;
    let (bob, group) = (Uuid::from_u128(0xb0b), Uuid::from_u128(0x6));
    connection
        .batch_execute(&format!(
            "INSERT INTO users VALUES ('{bob}', 'bob', 'Bob', '', '', false, true, now()); \
             INSERT INTO groups VALUES ('{group}', 'Physics', now()); \
             INSERT INTO group_members SELECT '{group}', id, 'read', false, now() FROM users WHERE id IN ('{ADA}', '{bob}'); \
             INSERT INTO shared_scripts SELECT id, '{group}', owner_id, now() FROM scripts WHERE owner_id = '{ADA}' \
                 ORDER BY name LIMIT {MOST_SHARED}; \
             ANALYZE"
        ))
        .unwrap();
    for (text, condition) in
        [(None, "true"), (Some("mpirun"), "text ILIKE '%mpirun%'"), (Some("nowhere"), "false")]
    {
        for group in [None, Some(GroupId::from_uuid(group))] {
            let text = text.map(ToOwned::to_owned);
            let filter = ScriptsQuery { shared: group.is_none(), group, text, ..ScriptsQuery::default() };
            let what = format!("{filter:?}");
            let found = walk(
                connection,
                &what,
                |script: &Script| script.id.as_uuid(),
                |connection, request| {
                    list_scripts(connection, UserId::from_uuid(bob), &filter, request, &what)
                },
            );
            let sql = format!(
                "SELECT scripts.id FROM scripts JOIN script_revisions ON script_id = scripts.id AND number = n_revisions \
                 WHERE scripts.id IN (SELECT script_id FROM shared_scripts) AND {condition} ORDER BY used_at DESC, scripts.id DESC"
            );
            same_beginning(&what, &found, &scanned(connection, &sql));
        }
    }
}

/// Of a user whose deeds are all older than everybody else's.
#[test]
fn the_record_of_one_user_is_read_by_its_index() {
    use diesel::connection::SimpleConnection as _;
    let database = Database::start();
    let mut connection = database.migrated();
    let bob = Uuid::from_u128(0xb0b);
    connection
        .batch_execute(&format!(
            "INSERT INTO users SELECT id::uuid, name, name, '', '', false, true, now() \
                 FROM (VALUES ('{ADA}', 'ada'), ('{bob}', 'bob')) AS person (id, name); \
             INSERT INTO activity (at, user_id, action, detail) \
                 SELECT now(), CASE WHEN n <= 120 THEN '{ADA}' ELSE '{bob}' END::uuid, 'test.write', n::text \
                 FROM generate_series(1, 20000) AS n; \
             ANALYZE"
        ))
        .unwrap();
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let request = PageRequest::read(Some(50), token.as_deref(), "activity").unwrap();
        let (page, n_rows) = connection
            .transaction(|connection| {
                let before = records_read(connection)?;
                let page = list_activity(connection, Some(UserId::from_uuid(ADA)), request, "activity")?;
                QueryResult::Ok((page, records_read(connection)? - before))
            })
            .unwrap();
        assert!(n_rows <= 51, "one page reads {n_rows} rows");
        found.extend(page.items.into_iter().map(|item| item.detail));
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    let newest_first: Vec<String> = (1..=120).rev().map(|n| n.to_string()).collect();
    assert_eq!(found, newest_first);
}

fn records_read(connection: &mut PgConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Rows {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    diesel::sql_query(
        "SELECT seq_tup_read + idx_tup_fetch AS n FROM pg_stat_xact_user_tables WHERE relname = 'activity'",
    )
    .get_result::<Rows>(connection)
    .map(|rows| rows.n)
}
