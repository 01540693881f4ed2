//! The PostgreSQL of the campaign: private, with its data safe from everything but a crash of the machine, and restarted as it
//! would be after a crash of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use pbsweb::postgres::PrivatePostgres;
use tokio::sync::Mutex;

const NAME: &str = "chaos";

/// A PostgreSQL server.
pub(crate) struct Database {
    folder: PathBuf,
    /// Absent when it could not be started again.
    server: Mutex<Option<PrivatePostgres>>,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.to_owned();
        let (server, url) = {
            let folder = folder.clone();
            tokio::task::spawn_blocking(move || {
                let server = PrivatePostgres::start(&folder)?;
                // What is committed survives the processes, as it must here; only the machine's own crash would lose it.
                let mut connection = PgConnection::establish(&server.url())?;
                for statement in ["ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"] {
                    connection.batch_execute(statement)?;
                }
                let url = server.create_database(NAME, None)?;
                anyhow::Ok((server, url))
            })
            .await??
        };
        Ok(Self { folder, server: Mutex::new(Some(server)), url })
    }

    /// Every process is killed without a checkpoint, and the server recovers from its log.
    pub(crate) async fn crash(&self) -> anyhow::Result<()> {
        let mut server = self.server.lock().await;
        let mut running = server.take().context("PostgreSQL does not run")?;
        let folder = self.folder.clone();
        let again = tokio::task::spawn_blocking(move || {
            kill_immediately(&folder, &mut running)?;
            running.restart().context("PostgreSQL does not start again")?;
            anyhow::Ok(running)
        });
        *server = Some(again.await??);
        Ok(())
    }

    /// A number that a statement gives.
    pub(crate) async fn count(&self, statement: &'static str) -> anyhow::Result<i64> {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let url = self.url.clone();
        tokio::task::spawn_blocking(move || {
            let mut connection = PgConnection::establish(&url)?;
            let count: Count = diesel::sql_query(statement).get_result(&mut connection)?;
            Ok(count.n)
        })
        .await?
    }
}

/// `pg_ctl stop -m immediate`: SIGQUIT to the postmaster.
fn kill_immediately(folder: &Path, running: &mut PrivatePostgres) -> anyhow::Result<()> {
    let pid_file = folder.join("data/postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).with_context(|| format!("no {}", pid_file.display()))?;
    let pid = text.lines().next().context("postmaster.pid is empty")?;
    let status = std::process::Command::new("/bin/sh").args(["-c", "kill -QUIT \"$0\"", pid]).status()?;
    ensure!(status.success(), "PostgreSQL cannot be killed");
    let begun = std::time::Instant::now();
    while !running.has_ended() {
        ensure!(begun.elapsed().as_secs() < 30, "PostgreSQL does not end");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}
