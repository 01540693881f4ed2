//! A long history: how soon each listing and each search answers, over the API, with 1,000,000 jobs and 200,000 scripts. Four fifths
//! of both are the asking user's: as bad as it gets.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use pbsweb::postgres::PrivatePostgres;
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};
use pbsweb_shared::api::me::Me;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::report::{Times, head, say};
use crate::stand::{PASSWORD, USER};

const N_JOBS: u32 = 1_000_000;
const N_SCRIPTS: u32 = 200_000;

/// Requests of each kind, after a fifth of that to warm up.
const RUNS: u32 = 40;

/// Prints the table.
pub(crate) async fn measure() -> anyhow::Result<()> {
    let folder = TempDir::with_prefix("pbsweb-history-")?;
    // PostgreSQL does not run as root; its own user has to get to its folder.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    let place = folder.path().join("postgres");
    let postgres = tokio::task::spawn_blocking(move || PrivatePostgres::start(&place)).await??;
    let url = postgres.url();
    let settings = ServerSettings {
        folder: folder.path().to_owned(),
        data_folder: folder.path().join("data"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        more: format!("[database]\nurl = {}\n", serde_json::to_string(&url)?),
    };
    let server = ServerProcess::start(&settings).await?;
    server.add_user(USER, "Ada Lovelace", PASSWORD, true).await?;
    let user = Client::new(&server.url, &server.certificate())?.sign_in(USER, PASSWORD).await?;
    let me: Me = user.get("/me").await?;
    let owner = me.id.as_uuid();
    let found = tokio::task::spawn_blocking(move || fill(&url, owner)).await??;
    let outcome = requests(&user, &found).await;
    let stopped = server.stop().await;
    tokio::task::spawn_blocking(move || postgres.stop()).await?;
    outcome.and(stopped)
}

/// What requests name.
struct Found {
    idle_host: Uuid,
    busy_host: Uuid,
    application: Uuid,
}

/// Makes the history, and tells how large it is.
fn fill(url: &str, owner: Uuid) -> anyhow::Result<Found> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = BigInt)]
        whole: i64,
        #[diesel(sql_type = BigInt)]
        search: i64,
    }
    let begun = Instant::now();
    let mut connection = PgConnection::establish(url)?;
    // As much may be lost by a crash as it takes to make it again.
    connection.batch_execute("SET synchronous_commit = off")?;
    let sql = include_str!("../../../../api/tests/database/history.sql")
        .replace("{owner}", &owner.to_string())
        .replace("{jobs}", &N_JOBS.to_string())
        .replace("{scripts}", &N_SCRIPTS.to_string())
        .replace("{steps}", "16");
    connection.batch_execute(&sql).context("the history cannot be made")?;
    // Each by itself: PostgreSQL runs what is sent together in one transaction, and VACUUM in none.
    connection.batch_execute("VACUUM ANALYZE")?;
    connection.batch_execute("CHECKPOINT")?;
    let size: Size = diesel::sql_query(
        "SELECT pg_database_size(current_database()) AS whole, \
         pg_total_relation_size('revision_search') + pg_indexes_size('jobs') AS search",
    )
    .get_result(&mut connection)?;
    say(&format!(
        "\nA history of {N_JOBS} jobs and {N_SCRIPTS} scripts: {} MB, of it {} MB for searching, made in {} s",
        size.whole >> 20,
        size.search >> 20,
        begun.elapsed().as_secs()
    ));
    let mut one = |sql: &str| -> anyhow::Result<Uuid> {
        Ok(diesel::sql_query(sql).get_result::<Id>(&mut connection)?.id)
    };
    Ok(Found {
        idle_host: one("SELECT id FROM hosts WHERE name = 'cluster4'")?,
        busy_host: one("SELECT id FROM hosts WHERE name = 'cluster0'")?,
        application: one(&format!(
            "SELECT id FROM applications WHERE owner_id = '{owner}' AND name = 'app9'"
        ))?,
    })
}

async fn requests(user: &Client, found: &Found) -> anyhow::Result<()> {
    let Found { idle_host, busy_host, application } = found;
    head("One page of 50, over the API (aim: p95 at most 20)");
    for (what, path) in [
        ("jobs", "/jobs?".to_owned()),
        ("jobs: of a busy host", format!("/jobs?host={busy_host}")),
        ("jobs: of a host with ten", format!("/jobs?host={idle_host}")),
        ("jobs: of an application with few", format!("/jobs?application={application}")),
        ("jobs: that have not ended", "/jobs?state=active".to_owned()),
        ("jobs: lost", "/jobs?state=lost".to_owned()),
        ("jobs: deleted, all of them long ago", "/jobs?state=deleted".to_owned()),
        ("jobs: of a queue with few", "/jobs?queue=rareq".to_owned()),
        ("jobs: exit status 42", "/jobs?exit_status=42".to_owned()),
        ("jobs: of some month", "/jobs?since=2024-02-01T00:00:00Z&until=2024-03-01T00:00:00Z".to_owned()),
        (
            "jobs: host and queue and state, never together",
            format!("/jobs?host={busy_host}&queue=rareq&state=failed"),
        ),
        ("jobs: text in all of them", "/jobs?text=mpirun".to_owned()),
        ("jobs: text in 1 %", "/jobs?text=vasp".to_owned()),
        ("jobs: text in 0.05 %", "/jobs?text=siesta".to_owned()),
        ("jobs: text in one", "/jobs?text=onlyonce".to_owned()),
        ("jobs: text in none", "/jobs?text=nowhere".to_owned()),
        ("jobs: text in half of them, the older ones", "/jobs?text=oldmodule".to_owned()),
        ("jobs: text of two letters, in none", "/jobs?text=qz".to_owned()),
        ("jobs: text in 1 % and exit status 42", "/jobs?text=vasp&exit_status=42".to_owned()),
        ("jobs: the scheduler's id", "/jobs?text=123456".to_owned()),
        ("jobs: a part of an output path", "/jobs?text=c4ca4238a0b9/out".to_owned()),
        ("scripts", "/scripts?".to_owned()),
        ("scripts: of a busy host", format!("/scripts?host={busy_host}")),
        ("scripts: text in all of them", "/scripts?text=mpirun".to_owned()),
        ("scripts: text in 0.05 %", "/scripts?text=siesta".to_owned()),
        ("scripts: name", "/scripts?text=case-12345".to_owned()),
        ("scripts: text in none", "/scripts?text=nowhere".to_owned()),
        ("own activity", "/me/activity?".to_owned()),
        ("everybody's activity", "/activity?".to_owned()),
    ] {
        let mut times = Times::default();
        let mut n_items = 0;
        for run in 0..RUNS + RUNS / 5 {
            let begun = Instant::now();
            let page: Value = user.get(&format!("{path}&limit=50")).await?;
            if run >= RUNS / 5 {
                times.push(begun.elapsed());
            }
            let items = page.get("items").and_then(Value::as_array).context("no items")?;
            n_items = items.len();
        }
        times.tell(&format!("{what} ({n_items})"));
    }
    // The second page is as quick as the first.
    let first: Value = user.get("/jobs?limit=50").await?;
    let token = first.get("next_page_token").and_then(Value::as_str).context("there is no second page")?;
    let mut times = Times::default();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let page: Value = user.get(&format!("/jobs?limit=50&page_token={token}")).await?;
        times.push(begun.elapsed());
        ensure!(page != first, "the second page is the first");
    }
    times.tell("jobs: the second page");
    Ok(())
}
