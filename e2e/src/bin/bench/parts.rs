//! Where the time of a submission goes: its parts, each measured by itself; and how far each is from what cannot be less.

use std::time::{Duration, Instant};

use pbsweb::transport::Program;
use pbsweb_shared::api::jobs::JobScriptText;
use pbsweb_shared::api::me::Me;
use tokio::process::Command;

use crate::bare::Bare;
use crate::exchange::Exchange;
use crate::pace::Pace;
use crate::report::{Times, head, ratio, say};
use crate::ssh::{Ssh, quoted, run_with_input};
use crate::stand::Stand;
use crate::submissions::{by_api, wish};
use crate::wire::Wire;

/// The way there of a line to another town; there and back is twice that.
const ONE_WAY: Duration = Duration::from_millis(25);

/// What `qsub` is called with, as one line for a login shell.
pub(crate) fn qsub_line(stand: &Stand, script: &JobScriptText) -> String {
    let qsub = stand.sshd.bin_folder().join("qsub").display().to_string();
    let words: Vec<String> =
        std::iter::once(&qsub).chain(&script.qsub_arguments).map(|word| quoted(word)).collect();
    words.join(" ")
}

/// Prints the tables.
pub(crate) async fn measure(stand: &Stand, pace: Pace, warm_up: usize, runs: usize) -> anyhow::Result<()> {
    let wish = wish(&stand.openssh);
    let (_, sample) = by_api(stand, &wish).await?;
    let script: JobScriptText = stand.user.get(&format!("/jobs/{}/script", sample.id)).await?;
    let exchange = Exchange::new(stand, stand.sshd.port())?;
    let bare = Bare::connect(stand, stand.sshd.port()).await?;
    let qsub = qsub_line(stand, &script);
    let ssh = Ssh::start(stand).await?;
    let mut times: [Times; 8] = Default::default();
    for turn in 0..warm_up + runs {
        let measured = [
            timed(stand.user.get::<Me>("/me")).await?,
            timed(exchange.run(Program::new(":"))).await?,
            timed(exchange.run(Program::new(":").tidy())).await?,
            local_qsub(stand, &script).await?,
            bare.run(&qsub, &script.submitted_text).await?,
            exchange.submit(&script).await?,
            exchange.submit_when_ready(&script).await?,
            by_api(stand, &wish).await?.0,
        ];
        if turn >= warm_up {
            times.iter_mut().zip(measured).for_each(|(times, took)| times.push(took));
        }
        // Nothing waits in the queue at the next turn, whoever put it there.
        clear_queue(stand, &ssh).await?;
    }

    let [me, fresh_shell, kept_shell, local, bare_qsub, one_step, last_step, whole] = &times;
    head(&format!("Its parts, each by itself ({pace})"));
    me.tell("GET /me: HTTPS, the session, one query");
    fresh_shell.tell("an empty exchange by PBSWeb's transport, in a new shell");
    kept_shell.tell("an empty exchange by PBSWeb's transport, in a kept shell");
    local.tell("qsub itself, started on this machine");
    bare_qsub.tell("bare qsub: one command on a kept connection of the same library");
    one_step.tell("the submission's exchange in one step: getting ready, qsub, answer on the host");
    last_step.tell("its last step: from the word, on a host that is ready, to the answer");
    whole.tell("POST /jobs as a whole");
    ratio(
        "what follows the stored intent ÷ bare qsub (medians)",
        last_step.median_ms() / bare_qsub.median_ms(),
        "≤ 1.15",
    );
    ratio(
        "the exchange in one step ÷ bare qsub (medians)",
        one_step.median_ms() / bare_qsub.median_ms(),
        "≤ 1.15",
    );
    let floor = kept_shell.median_ms() + local.median_ms();
    say(&format!(
        "  What cannot be less, an empty exchange and qsub itself: {floor:.1} ms. Above it: the guarantees on the host {:.1} ms \
         after the word",
        last_step.median_ms() - floor
    ));
    say(&format!(
        "  and {:.1} ms before it, beside which the intent is stored; the server with HTTPS and PostgreSQL (on disk) {:.1} ms.",
        one_step.median_ms() - last_step.median_ms(),
        whole.median_ms() - last_step.median_ms()
    ));
    database_share(stand, &wish, runs).await?;
    clear_queue(stand, &ssh).await?;
    round_trips(stand, &script, &qsub, warm_up, runs.div_ceil(3)).await?;
    clear_queue(stand, &ssh).await?;
    ssh.stop().await
}

/// Removes all jobs from the queue behind OpenSSH.
pub(crate) async fn clear_queue(stand: &Stand, ssh: &Ssh) -> anyhow::Result<()> {
    let bin = quoted(&stand.sshd.bin_folder().display().to_string());
    ssh.multiplexed(&format!("{bin}/qselect | xargs {bin}/qdel"), "").await.map(drop)
}

/// Prints what submissions ask of the database, by the server's own counters.
async fn database_share(
    stand: &Stand,
    wish: &pbsweb_shared::api::jobs::JobSubmit,
    runs: usize,
) -> anyhow::Result<()> {
    let before = (stand.counter(STATEMENTS).await?, stand.counter(COMMITS).await?);
    for _ in 0..runs {
        by_api(stand, wish).await?;
    }
    let after = (stand.counter(STATEMENTS).await?, stand.counter(COMMITS).await?);
    #[expect(clippy::cast_precision_loss, reason = "some dozens")]
    let each = |after: f64, before: f64| (after - before) / runs as f64;
    say(&format!(
        "  The database, for each submission: {:.1} round trips, {:.1} transactions (pollers and event streams included); two \
         of these",
        each(after.0, before.0),
        each(after.1, before.1)
    ));
    say("  have to reach the disk: that it is wished, and what was answered.");
    Ok(())
}

/// The server's counter of statements.
pub(crate) const STATEMENTS: &str = "pbsweb_database_statements_total";
const COMMITS: &str = "pbsweb_database_transactions_total";

/// Prints what distance costs: over a line whose round trip takes much longer than all else.
async fn round_trips(
    stand: &Stand,
    script: &JobScriptText,
    qsub: &str,
    warm_up: usize,
    runs: usize,
) -> anyhow::Result<()> {
    let wire = Wire::start(stand.sshd.port(), ONE_WAY).await?;
    let exchange = Exchange::new(stand, wire.port())?;
    let bare = Bare::connect(stand, wire.port()).await?;
    let mut times: [Times; 2] = Default::default();
    let mut n_bytes = [0, 0];
    for turn in 0..warm_up + runs {
        let begun = wire.n_bytes();
        let bare_took = bare.run(qsub, &script.submitted_text).await?;
        let between = wire.n_bytes();
        let took = exchange.submit(script).await?;
        if turn >= warm_up {
            times.iter_mut().zip([bare_took, took]).for_each(|(times, took)| times.push(took));
            n_bytes = [between - begun, wire.n_bytes() - between];
        }
    }
    let [bare_times, protocol] = &times;
    let round_trip = ONE_WAY.as_secs_f64() * 2000.0;
    head(&format!("The same over a line whose round trip takes {round_trip:.0} ms ({runs} of each)"));
    bare_times.tell(&format!("bare qsub, {} bytes on the line", n_bytes[0]));
    protocol.tell(&format!("the submission's exchange, {} bytes on the line", n_bytes[1]));
    ratio("bare qsub, in round trips", bare_times.median_ms() / round_trip, "–");
    ratio("the submission's exchange, in round trips", protocol.median_ms() / round_trip, "1, and qsub");
    Ok(())
}

async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed())
}

/// The same qsub, without ssh: its process and the scheduler's answer, as the account's own user.
pub(crate) async fn local_qsub(stand: &Stand, script: &JobScriptText) -> anyhow::Result<Duration> {
    let mut command = Command::new(stand.sshd.bin_folder().join("qsub"));
    let login = stand.sshd.login();
    if let Some((user, group)) = stand.sshd_ids {
        command.uid(user).gid(group);
    }
    // The simulator takes the user from the environment that a login makes.
    command.args(&script.qsub_arguments).env("USER", login).env("LOGNAME", login).current_dir("/");
    timed(run_with_input(command, &script.submitted_text)).await
}
