//! How many submissions a second go through one account on one host, beside what its scheduler takes from a loop of `qsub`
//! on the host itself. Each at the simulator's own speed, where this machine's processors are the limit for all of them
//! together, and at the pace of a recorded OpenPBS, whose server takes one submission after the other.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use pbsweb_shared::api::jobs::JobScriptText;

use crate::bare::Bare;
use crate::pace::{PACES, Pace, set_pace};
use crate::parts::{clear_queue, local_qsub, qsub_line};
use crate::report::{Times, head, ratio, say};
use crate::ssh::Ssh;
use crate::stand::Stand;
use crate::submissions::{by_api, wish};

/// Clients at once.
const CLIENTS: [usize; 2] = [8, 16];

/// A way to submit.
#[derive(Clone, Copy)]
enum Way {
    Local,
    Bare,
    Api,
}

const WAYS: [(Way, &str); 3] = [
    (Way::Local, "a loop of qsub on the host itself"),
    (Way::Bare, "bare qsub over one kept connection"),
    (Way::Api, "POST /jobs"),
];

/// Prints the tables.
pub(crate) async fn measure(stand: &Stand, runs: usize) -> anyhow::Result<()> {
    let ssh = Ssh::start(stand).await?;
    let (_, sample) = by_api(stand, &wish(&stand.openssh)).await?;
    let script: JobScriptText = stand.user.get(&format!("/jobs/{}/script", sample.id)).await?;
    for pace in PACES {
        set_pace(stand, pace).await?;
        for n_clients in CLIENTS {
            let measured = take_turns(stand, &ssh, &script, n_clients, runs).await?;
            tell(pace, n_clients, runs, &measured);
        }
    }
    set_pace(stand, Pace::Simulator).await?;
    ssh.stop().await
}

/// Every way in two halves, so that whatever else the machine does hits all of them alike.
async fn take_turns(
    stand: &Stand,
    ssh: &Ssh,
    script: &JobScriptText,
    n_clients: usize,
    runs: usize,
) -> anyhow::Result<[(Times, Duration); 3]> {
    let mut measured: [(Times, Duration); 3] = Default::default();
    let each = runs.div_ceil(2 * n_clients).max(1);
    for half in 0..3 {
        for ((way, _), (times, whole)) in WAYS.iter().zip(&mut measured) {
            // The first is a short one, so that everything is there that has to be made once.
            let (took, half_times) =
                run(stand, script, *way, n_clients, if half == 0 { 2 } else { each }).await?;
            if half > 0 {
                *whole += took;
                half_times.into_iter().for_each(|time| times.push(time));
            }
            clear_queue(stand, ssh).await?;
        }
    }
    Ok(measured)
}

/// So many clients, each submitting so often; how long all took, and each.
async fn run(
    stand: &Stand,
    script: &JobScriptText,
    way: Way,
    n_clients: usize,
    each: usize,
) -> anyhow::Result<(Duration, Vec<Duration>)> {
    let (wish, qsub) = (wish(&stand.openssh), qsub_line(stand, script));
    let bare = Bare::connect(stand, stand.sshd.port()).await?;
    // An sshd has ten channels on a connection, and gives one back some time after its end was told.
    let channels = tokio::sync::Semaphore::new(6);
    let one = async || -> anyhow::Result<Duration> {
        match way {
            Way::Local => local_qsub(stand, script).await,
            Way::Bare => {
                let _channel = channels.acquire().await?;
                bare.run(&qsub, &script.submitted_text).await
            }
            Way::Api => Ok(by_api(stand, &wish).await?.0),
        }
    };
    let client = async || -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::new();
        for _ in 0..each {
            times.push(one().await?);
        }
        Ok(times)
    };
    let begun = Instant::now();
    let times = try_join_all((0..n_clients).map(|_| client())).await?;
    Ok((begun.elapsed(), times.into_iter().flatten().collect()))
}

fn tell(pace: Pace, n_clients: usize, runs: usize, measured: &[(Times, Duration); 3]) {
    head(&format!("Sustained: {n_clients} clients, one account, {pace} (about {runs} of each)"));
    let rates = measured.each_ref().map(|(times, whole)| times.per_second(*whole));
    for ((_, name), ((times, _), rate)) in WAYS.iter().zip(measured.iter().zip(rates)) {
        times.tell(&format!("{name}: {rate:.1} a second"));
    }
    let [local, bare, api] = rates;
    ratio("POST /jobs ÷ the loop on the host (rates)", api / local, "≥ 0.9");
    ratio("POST /jobs ÷ bare qsub over one connection (rates)", api / bare, "–");
    say(
        "  All of it runs on this one machine: what the server takes of its processors, the loop on the host has for itself.",
    );
}
