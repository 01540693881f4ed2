//! How long the death of one of two servers on one database is felt: until the other asks the host in its stead, until it has
//! the host's next listing, and until the submissions that died with the first are settled.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel::{Connection as _, OptionalExtension as _, PgConnection, QueryableByName, RunQueryDsl as _};
use pbsweb::postgres::PrivatePostgres;
use pbsweb_e2e::app::host_create;
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::api::me::SshKey;
use pbsweb_sim::{SimConfig, SimHost};
use tempfile::TempDir;

use crate::recovery::{LIMIT, TURNS, UNDER_WAY, put_under_way, settle};
use crate::report::{Times, head, say};
use crate::stand::{PASSWORD, SIM_LOGIN, USER, host};
use crate::submissions::delete;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Prints the table.
pub(crate) async fn measure() -> anyhow::Result<()> {
    let folder = TempDir::with_prefix("pbsweb-takeover-")?;
    // PostgreSQL does not run as root; its own user has to get to its folder.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    let place = folder.path().join("postgres");
    let postgres = tokio::task::spawn_blocking(move || PrivatePostgres::start(&place)).await??;
    let sim = SimHost::start(SimConfig::new(folder.path().join("sim")))?;
    sim.add_account(SIM_LOGIN, None, "/bin/bash")?;
    let url = postgres.url();
    let one = Server::start(folder.path(), 0, &url).await?;
    let other = Server::start(folder.path(), 1, &url).await?;
    let key: SshKey = one.user.get("/me/ssh-key").await?;
    sim.set_authorized_keys(SIM_LOGIN, &[&key.authorized_keys_line])?;
    let host = host(&one.user, &host_create("simulated", &sim), SIM_LOGIN).await?;
    let (one, other) = deaths(one, other, &url, &sim, &host).await?;
    one.process.stop().await?;
    other.process.stop().await?;
    tokio::task::spawn_blocking(move || postgres.stop()).await?;
    Ok(())
}

/// One of the two, and a user who is signed in there.
struct Server {
    settings: ServerSettings,
    process: ServerProcess,
    user: Client,
}

impl Server {
    async fn start(place: &Path, index: usize, url: &str) -> anyhow::Result<Self> {
        let folder = place.join(format!("server-{index}"));
        std::fs::create_dir(&folder)?;
        // The first makes the master key; the other shares it.
        let key = match index {
            0 => String::new(),
            _ => format!(
                "master_key_file = {}\n",
                serde_json::to_string(&place.join("server-0/data/master.key"))?
            ),
        };
        let settings = ServerSettings {
            data_folder: folder.join("data"),
            folder,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            // A server dies here more often than a host is listed in a minute.
            more: format!(
                "{key}[database]\nurl = {}\n[poll]\nmax_listings_per_minute = 60\n",
                serde_json::to_string(url)?
            ),
        };
        let process = ServerProcess::start(&settings).await?;
        if index == 0 {
            process.add_user(USER, "Ada Lovelace", PASSWORD, true).await?;
        }
        let user = Self::sign_in(&process).await?;
        Ok(Self { settings, process, user })
    }

    async fn sign_in(process: &ServerProcess) -> anyhow::Result<Client> {
        Client::new(&process.url, &process.certificate())?.sign_in(USER, PASSWORD).await
    }

    /// kill -9.
    async fn kill(self) -> anyhow::Result<ServerSettings> {
        self.process.kill().await?;
        Ok(self.settings)
    }

    async fn start_again(settings: ServerSettings) -> anyhow::Result<Self> {
        let process = ServerProcess::start(&settings).await?;
        let user = Self::sign_in(&process).await?;
        Ok(Self { settings, process, user })
    }
}

/// Who asks the host.
#[derive(QueryableByName)]
struct Watch {
    /// The name of its row, which ends with its process number.
    #[diesel(sql_type = Text)]
    holder: String,
    #[diesel(sql_type = BigInt)]
    term: i64,
    #[diesel(sql_type = Timestamptz)]
    snapshot_at: DateTime<Utc>,
    /// By the clock of the database, as the other one.
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

async fn watch(url: &str) -> anyhow::Result<Watch> {
    let url = url.to_owned();
    let look = move || -> anyhow::Result<Watch> {
        let mut connection = PgConnection::establish(&url)?;
        let begun = Instant::now();
        loop {
            let statement = "SELECT name AS holder, term, snapshot_at, clock_timestamp() AS now FROM host_watches \
                             JOIN replicas ON replicas.id = holder WHERE snapshot_at IS NOT NULL";
            if let Some(watch) = diesel::sql_query(statement).get_result(&mut connection).optional()? {
                return Ok(watch);
            }
            ensure!(begun.elapsed() < LIMIT, "nobody asks the host");
            std::thread::sleep(LOOK_EVERY);
        }
    };
    tokio::task::spawn_blocking(look).await?
}

/// Kills the one that asks the host, again and again.
async fn deaths(
    mut holder: Server,
    mut survivor: Server,
    url: &str,
    sim: &SimHost,
    host: &Host,
) -> anyhow::Result<(Server, Server)> {
    let (mut taken, mut listed, mut settled) = (Times::default(), Times::default(), Times::default());
    for _ in 0..TURNS {
        let before = watch(url).await?;
        let is_holder = |server: &Server| {
            server.process.pid().is_some_and(|pid| before.holder.ends_with(&format!(" {pid}")))
        };
        if is_holder(&survivor) {
            std::mem::swap(&mut holder, &mut survivor);
        }
        ensure!(is_holder(&holder), "a stranger asks the host");
        let jobs = put_under_way(&holder.user, sim, host).await?;
        let died_at = watch(url).await?.now;
        let killed = Instant::now();
        let settings = holder.kill().await?;
        let watching = async {
            let (mut taken, mut listed) = (None, None);
            while listed.is_none() {
                ensure!(killed.elapsed() < LIMIT, "the host is not taken over");
                let now = watch(url).await?;
                if now.term > before.term {
                    taken.get_or_insert_with(|| killed.elapsed());
                    listed = (now.snapshot_at > died_at).then(|| killed.elapsed());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            taken.zip(listed).context("the host is not taken over")
        };
        let (times, settled_after) = tokio::try_join!(watching, settle(&survivor.user, &jobs, killed))?;
        taken.push(times.0);
        listed.push(times.1);
        settled.push(settled_after);
        for job in &jobs {
            delete(&survivor.user, job).await?;
        }
        holder = Server::start_again(settings).await?;
    }
    head(&format!(
        "After kill -9 of one of two servers, {UNDER_WAY} submissions under way at it ({TURNS} times)"
    ));
    taken.tell("until the other asks the host in its stead");
    listed.tell("until it has the host's next listing");
    settled.tell("until the other has settled every submission");
    say("  Aim: taken over within 10,000 ms.");
    Ok((holder, survivor))
}
