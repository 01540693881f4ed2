//! How long a submission takes, over the API and by `ssh`: the same script and the same arguments of `qsub`, on the same host.
//!
//! What is compared is not the same work. `ssh … qsub` hands the script over and prints the scheduler's id. The API stores the
//! whole intent first (every commit on disk), leaves script and answer on the host so that nothing is ever submitted twice or
//! lost, and stores the answer. The kinds take turns, in an order that changes, so that whatever else the machine does hits
//! all of them alike. Jobs are held and deleted after each turn: the queue stays as short as it was.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use pbsweb_e2e::live::Client;
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem};
use pbsweb_shared::api::jobs::{Job, JobScriptText, JobSubmit};
use pbsweb_shared::script::{ChunkDraft, JobScriptDraft};
use reqwest::Method;
use uuid::Uuid;

use crate::pace::Pace;
use crate::report::{Times, head, ratio, say};
use crate::ssh::{Ssh, quoted};
use crate::stand::Stand;

/// The kinds of submission, in the order of the table.
const KINDS: [Kind; 4] = [Kind::ApiSimulated, Kind::ApiOpenSsh, Kind::Multiplexed, Kind::Fresh];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ApiSimulated,
    ApiOpenSsh,
    Multiplexed,
    Fresh,
}

/// What is submitted: an ordinary small script, held.
pub(crate) fn wish(host: &Host) -> JobSubmit {
    JobSubmit {
        host: host.id,
        application: None,
        script: JobScriptDraft {
            name: "bench".to_owned(),
            walltime: "0:10:00".to_owned(),
            chunks: vec![ChunkDraft {
                ncpus: "1".to_owned(),
                mem: "200mb".to_owned(),
                ..ChunkDraft::default()
            }],
            hold: true,
            commands:
                "module load gcc openmpi\ncd \"$HOME\"\nmpirun -np 4 ./model --input case.nml > model.log\n"
                    .to_owned(),
            ..JobScriptDraft::default()
        },
        script_name: None,
        of: None,
    }
}

/// Submits by the API; the answer has the scheduler's id.
pub(crate) async fn by_api(stand: &Stand, wish: &JobSubmit) -> anyhow::Result<(Duration, Job)> {
    let begun = Instant::now();
    let request =
        stand.user.request(Method::POST, "/jobs").header("Idempotency-Key", Uuid::new_v4().to_string());
    let job: Job = stand.user.answer(request.json(wish)).await?;
    let took = begun.elapsed();
    ensure!(job.pbs_id.is_some(), "the job is {}: {}", job.state, job.reason.unwrap_or_default());
    Ok((took, job))
}

/// Prints the table and its ratios.
pub(crate) async fn measure(stand: &Stand, pace: Pace, warm_up: usize, runs: usize) -> anyhow::Result<()> {
    let ssh = Ssh::start(stand).await?;
    let (simulated, openssh) = (wish(&stand.simulated), wish(&stand.openssh));
    // The script as it goes to the host, and qsub's arguments, from a job that was submitted: `ssh` gets the very same.
    let (_, sample) = by_api(stand, &openssh).await?;
    let script: JobScriptText = stand.user.get(&format!("/jobs/{}/script", sample.id)).await?;
    delete(&stand.user, &sample).await?;
    let bin = stand.sshd.bin_folder().display().to_string();
    let qsub: Vec<String> = std::iter::once(format!("{bin}/qsub"))
        .chain(script.qsub_arguments.iter().cloned())
        .map(|word| quoted(&word))
        .collect();
    let qsub = qsub.join(" ");

    let mut times: [Times; 4] = Default::default();
    for turn in 0..warm_up + runs {
        for place in 0..KINDS.len() {
            let index = (turn + place) % KINDS.len();
            let (Some(kind), Some(times)) = (KINDS.get(index), times.get_mut(index)) else { continue };
            let took = match kind {
                Kind::ApiSimulated => api_turn(stand, &simulated).await?,
                Kind::ApiOpenSsh => api_turn(stand, &openssh).await?,
                Kind::Multiplexed | Kind::Fresh => {
                    let begun = Instant::now();
                    let id = match kind {
                        Kind::Fresh => ssh.fresh(&qsub, &script.submitted_text).await?,
                        Kind::Multiplexed | Kind::ApiSimulated | Kind::ApiOpenSsh => {
                            ssh.multiplexed(&qsub, &script.submitted_text).await?
                        }
                    };
                    let took = begun.elapsed();
                    ssh.multiplexed(&format!("{} {}", quoted(&format!("{bin}/qdel")), quoted(&id)), "")
                        .await?;
                    took
                }
            };
            if turn >= warm_up {
                times.push(took);
            }
        }
    }
    ssh.stop().await?;

    let [api_simulated, api_openssh, multiplexed, fresh] = &times;
    say(&format!("\nOpenSSH with {pace}"));
    head(&format!("A submission, to the scheduler's id ({runs} of each, taking turns)"));
    api_simulated.tell("POST /jobs, simulated host with its own SSH server");
    api_openssh.tell("POST /jobs, OpenSSH");
    multiplexed.tell("ssh … qsub, OpenSSH, kept connection (ControlMaster)");
    fresh.tell("ssh … qsub, OpenSSH, fresh connection");
    ratio(
        "POST /jobs ÷ kept connection (medians)",
        api_openssh.median_ms() / multiplexed.median_ms(),
        "≤ 1.15",
    );
    ratio("fresh connection ÷ POST /jobs (medians)", fresh.median_ms() / api_openssh.median_ms(), "≥ 5");
    say(
        "  ssh's times begin with the start of the program ssh and end with its end; the API's are those of one HTTPS request on",
    );
    say(
        "  a kept connection, and have in them the stored intent, the script and the answer on the host, and the stored answer.",
    );
    Ok(())
}

async fn api_turn(stand: &Stand, wish: &JobSubmit) -> anyhow::Result<Duration> {
    let (took, job) = by_api(stand, wish).await?;
    delete(&stand.user, &job).await?;
    Ok(took)
}

/// Deletes a job; the scheduler has taken the request when the answer comes.
pub(crate) async fn delete(user: &Client, job: &Job) -> anyhow::Result<()> {
    let asked: JobActionItem =
        user.post(&format!("/jobs/{}/delete", job.id), &()).await.context("a job cannot be deleted")?;
    ensure!(asked.outcome == ActionOutcome::Done, "the job {} was not deleted", job.id);
    Ok(())
}
