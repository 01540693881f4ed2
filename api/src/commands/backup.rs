//! `pbsweb backup` and `pbsweb restore`: PostgreSQL's own dump, found and called rightly also for a private database.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use tokio::process::Command;
use url::Url;

use pbsweb::config::Config;
use pbsweb::postgres::client_program;
use pbsweb::server::{Database, prepare_data_folder};
use pbsweb::store::Store;
use pbsweb::store::deployment::{clear, living_servers};

/// Writes everything in the database to a file that did not exist, beside running servers or without.
pub(super) async fn backup(config: Config, file: PathBuf) -> anyhow::Result<()> {
    ensure!(!file.exists(), "{} exists already", file.display());
    let database = open(&config)?;
    // Written beside and renamed: what has the name is whole.
    let unfinished = file.with_extension("unfinished");
    let mut dump = program("pg_dump", database.url());
    // What a crash may empty anyway comes from the hosts again.
    dump.args(["--format=custom", "--no-owner", "--no-privileges", "--no-unlogged-table-data", "--file"]);
    dump.arg(&unfinished);
    let dumped = run(dump, "pg_dump").await;
    close(database).await?;
    dumped?;
    std::fs::rename(&unfinished, &file).with_context(|| format!("cannot make {}", file.display()))?;
    println!("wrote {}; keep the master key too, apart from it", file.display());
    Ok(())
}

/// Replaces everything in the database by a backup. The next server that starts finds out that it was restored, and looks on
/// the hosts for what was submitted since.
pub(super) async fn restore(config: Config, file: PathBuf) -> anyhow::Result<()> {
    let database = open(&config)?;
    let restored = replace(database.url(), &file).await;
    close(database).await?;
    let migrations = restored?;
    println!("restored {}", file.display());
    if !migrations.is_empty() {
        println!("brought up to this release: {}", migrations.join(", "));
    }
    println!("jobs that were submitted since are looked for on the hosts when the server runs");
    Ok(())
}

async fn replace(url: &str, file: &Path) -> anyhow::Result<Vec<String>> {
    let mut list = Command::new(client_program("pg_restore"));
    list.arg("--list").arg(file);
    run(list, "pg_restore").await.with_context(|| format!("{} is no backup", file.display()))?;
    let store = Store::connect(url, 2).context("cannot connect to the database")?;
    let n_living = store.query(living_servers).await?;
    ensure!(n_living == 0, "{n_living} servers run on this database; stop them first");
    store.query(clear).await.context("cannot empty the database")?;
    let mut restore = program("pg_restore", url);
    restore.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(file);
    run(restore, "pg_restore").await.context("the database is empty now; run this command again")?;
    let migrations = tokio::task::spawn_blocking(move || store.migrate()).await??;
    Ok(migrations)
}

fn open(config: &Config) -> anyhow::Result<Database> {
    tokio::task::block_in_place(|| {
        prepare_data_folder(config)?;
        Database::start_or_join(config)
    })
}

async fn close(database: Database) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || database.stop()).await.context("the database was not stopped")
}

/// One of PostgreSQL's programs for a database. A password goes by the environment: everybody can read arguments.
fn program(name: &str, url: &str) -> Command {
    let mut command = Command::new(client_program(name));
    let mut url = url.to_owned();
    if let Ok(mut parsed) = Url::parse(&url)
        && let Some(password) = parsed.password().map(percent_decoded)
        && parsed.set_password(None).is_ok()
    {
        command.env("PGPASSWORD", password);
        url = parsed.into();
    }
    command.arg("--dbname").arg(url);
    command
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = command.output().await.with_context(|| {
        format!("cannot run {name}; install PostgreSQL's client programs (Debian: postgresql-client)")
    })?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed: {}", words.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_argument() {
        let command = program("pg_dump", "postgres://ada:se%2Fcret@db.example.org/pbsweb?sslmode=require");
        let command = command.as_std();
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert_eq!(arguments, ["--dbname", "postgres://ada@db.example.org/pbsweb?sslmode=require"]);
        let password =
            command.get_envs().find(|(name, _)| *name == "PGPASSWORD").and_then(|(_, value)| value);
        assert_eq!(password.and_then(|value| value.to_str()), Some("se/cret"));
        let private = "postgres://pbsweb@%2Ftmp%2Fa/pbsweb";
        let command = program("pg_dump", private);
        assert!(command.as_std().get_args().any(|argument| argument == private));
    }
}
