//! One's own jobs of a full host, asked for by many clients at once.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use pbsweb_e2e::live::{Client, Http};
use pbsweb_shared::api::hosts::{HostAccount, HostAccountPut};
use pbsweb_shared::host::HostJobs;
use reqwest::Method;

use crate::parts::STATEMENTS;
use crate::report::{Times, head_slowest};
use crate::stand::{PASSWORD, Stand};

/// Users who look at their own jobs, and how many each has.
const OWNERS: usize = 8;
const OWN_JOBS: usize = 20;

/// Bytes that each of them has in an answer, at least.
const LEAST_JOB: usize = 200;

/// Requests of each client that are measured: of those that do not pause, and of those that do.
const EACH_AT_ONCE: usize = 300;
const EACH: usize = 60;

/// Between the answers and the requests of those that pause.
const PAUSE: Duration = Duration::from_millis(100);

/// Gives the owners their jobs on the simulated host; how many they are in all.
pub(crate) fn add(stand: &Stand) -> usize {
    owner_logins().for_each(|login| stand.sim.add_held_jobs(&login, OWN_JOBS));
    OWNERS * OWN_JOBS
}

/// Each client has a connection of its own and asks again as soon as it has its answer; beside them the least that the same clients
/// can get, and what those get that ask as often as an impatient person's page: when both processors are always busy, an answer
/// takes as long as all clients' turns. Programs ask by HTTP/1.1, browsers by HTTP/2.
pub(crate) async fn measure(stand: &Stand, path: &str) -> anyhow::Result<()> {
    let users = owners(stand, path).await?;
    head_slowest("Own jobs of a host with 5,000 (aim: p95 < 5 at 64 clients)");
    let path = format!("{path}?own=true");
    for n_clients in [16, 64, 200] {
        for (http, shown) in [(Http::One, "HTTP/1.1"), (Http::Two, "HTTP/2")] {
            let with_connections = |user: &Client| user.with_own_connections(http);
            let clients: Vec<Client> =
                users.iter().cycle().take(n_clients).map(with_connections).collect::<anyhow::Result<_>>()?;
            loads(stand, &path, &clients, &format!("{n_clients} by {shown}")).await?;
        }
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
async fn loads(stand: &Stand, path: &str, clients: &[Client], who: &str) -> anyhow::Result<()> {
    let ask_least = async |client: &Client| {
        client.page("/healthz").send().await?.error_for_status()?.bytes().await?;
        Ok(())
    };
    let (least, per_second) = rounds(clients, Duration::ZERO, ask_least).await?;
    least.tell_slowest(&format!("{who}, the least: GET /healthz ({per_second:.0} a second)"));
    for client in clients {
        let own: HostJobs = client.get(path).await?;
        anyhow::ensure!(own.jobs.iter().filter(|job| job.is_own).count() == OWN_JOBS, "{own:?}");
    }
    // The clients share the processors with the server: an answer that is as long is taken to be as good.
    let ask_own = async |client: &Client| {
        let body = client.send(client.request(Method::GET, path)).await?.bytes().await?;
        anyhow::ensure!(body.len() > OWN_JOBS * LEAST_JOB, "{} bytes", body.len());
        Ok(())
    };
    let before = stand.counter(STATEMENTS).await?;
    let (own, per_second) = rounds(clients, Duration::ZERO, ask_own).await?;
    let n_asked = (clients.len() * (EACH_AT_ONCE + 1)) as f64;
    let n_statements = (stand.counter(STATEMENTS).await? - before) / n_asked;
    own.tell_slowest(&format!(
        "{who}, own jobs ({per_second:.0} a second, {n_statements:.2} statements each)"
    ));
    let (own, per_second) = rounds(clients, PAUSE, ask_own).await?;
    own.tell_slowest(&format!("{who}, own jobs, with pauses ({per_second:.0} a second)"));
    Ok(())
}

/// Users with jobs of their own on the host.
async fn owners(stand: &Stand, path: &str) -> anyhow::Result<Vec<Client>> {
    let server = stand.server()?;
    let nobody = Client::new(&server.url, &server.certificate())?;
    let mut users = Vec::new();
    for login in owner_logins() {
        server.add_user(&login, &login, PASSWORD, false).await?;
        let user = nobody.sign_in(&login, PASSWORD).await?;
        let account = HostAccountPut { login };
        let _: HostAccount = user.put(&path.replace("/jobs", "/account"), &account).await?;
        users.push(user);
    }
    Ok(users)
}

fn owner_logins() -> impl Iterator<Item = String> {
    (0..OWNERS).map(|number| format!("owner{number}"))
}

/// The times of requests by clients that all ask at once, again and again after a pause, and how many there were a second.
async fn rounds(
    clients: &[Client],
    pause: Duration,
    ask: impl AsyncFn(&Client) -> anyhow::Result<()>,
) -> anyhow::Result<(Times, f64)> {
    // Connections are made before.
    try_join_all(clients.iter().map(|client| ask(client))).await?;
    let n_each = if pause.is_zero() { EACH_AT_ONCE } else { EACH };
    let begun = Instant::now();
    let asked = try_join_all(clients.iter().enumerate().map(async |(nth, client)| {
        let mut times = Vec::with_capacity(n_each);
        // Not all in step.
        wait(pause * u32::try_from(nth)? / u32::try_from(clients.len())?).await;
        for _ in 0..n_each {
            wait(pause).await;
            let begun = Instant::now();
            ask(client).await?;
            times.push(begun.elapsed());
        }
        anyhow::Ok(times)
    }));
    let mut times = Times::default();
    asked.await?.into_iter().flatten().for_each(|time| times.push(time));
    let per_second = times.per_second(begun.elapsed());
    Ok((times, per_second))
}

/// A timer of no time would take a millisecond.
async fn wait(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}
