//! How quick the page is in a real browser, by a script for node (`e2e/browser/bench.mjs`).
//!
//! The script gets address, name and password as arguments, and prints one JSON object on its last line: names to lists of
//! times in milliseconds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::job::JobState;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::report::{Times, head, say};
use crate::stand::{PASSWORD, SIM_LOGIN, Stand, USER};
use crate::submissions::{by_api, wish};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/bench.mjs");

/// Jobs whose end is watched.
const N_ENDS: usize = 5;

/// Prints what the script found.
pub(crate) async fn measure(stand: &Stand) -> anyhow::Result<()> {
    if !Path::new(SCRIPT).is_file() {
        return not_measured("there is no e2e/browser/bench.mjs");
    }
    run_a_job(stand).await?;
    let output = Command::new("node")
        .arg(SCRIPT)
        .args([&stand.server()?.url, USER, PASSWORD])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await;
    let output = match output {
        Ok(output) => output,
        Err(error) => return not_measured(&format!("node cannot be run: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return not_measured(&format!("the script ended with {}", output.status));
    }
    let last = text.lines().last().unwrap_or_default();
    let found: BTreeMap<String, Vec<f64>> = serde_json::from_str(last)
        .with_context(|| format!("the script's last line is not as agreed: {last}"))?;
    head("The page in a browser");
    for (name, times) in &found {
        let n = times.len();
        let what = match name.as_str() {
            "time_to_interactive_ms" => format!("first load to interactive, nothing cached ({n} times)"),
            "pick_to_filled_ms" => format!("a past script is picked: all fields filled ({n} times), aim 16"),
            "key_to_laid_out_ms" => {
                format!("a key in a script of 300 lines: all laid out ({n} times), aim 16")
            }
            "key_to_painted_ms" => {
                "the same, until the next frame, which waits for its turn, is painted".to_owned()
            }
            other => format!("{other} ({n} times)"),
        };
        let mut measured = Times::default();
        times.iter().for_each(|time| measured.push(Duration::from_secs_f64(time.max(0.0) / 1000.0)));
        measured.tell(&what);
    }
    ends(stand).await
}

/// From the end of a job on the host to the frame that shows it, on the job's page.
async fn ends(stand: &Stand) -> anyhow::Result<()> {
    let mut jobs = Vec::new();
    for n in 0..N_ENDS {
        let mut wish = wish(&stand.simulated);
        wish.script.hold = false;
        wish.script.commands = format!("while [ ! -e ~/end-{n} ]; do sleep 0.01; done\n");
        jobs.push(by_api(stand, &wish).await?.1);
    }
    // Each accepted job has the host listed soon, and its listings of a minute are limited: these must not count.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut child = Command::new("node")
        .arg(SCRIPT)
        .args([&stand.server()?.url, USER, PASSWORD])
        .args(jobs.iter().map(|job| job.id.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("the script's output")?).lines();
    let (mut from_end, mut from_listing) = (Times::default(), Times::default());
    for (n, job) in jobs.iter().enumerate() {
        let line = lines.next_line().await?.context("the script ended")?;
        ensure!(line == format!("{} running", job.id), "the script says {line:?}");
        std::fs::write(stand.sim.home(SIM_LOGIN).join(format!("end-{n}")), "")?;
        let id = job.pbs_id.as_ref().context("the job has no id")?.as_str();
        let id = id.split('.').next().unwrap_or(id);
        while stand.sim.job_state(id).is_some_and(|state| state == 'R') {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let ended = Utc::now();
        let line = lines.next_line().await?.context("the script ended")?;
        let shown: f64 = line.strip_prefix(&job.id.to_string()).context(line.clone())?.trim().parse()?;
        let host: Host = stand.user.get(&format!("/hosts/{}", stand.simulated.id)).await?;
        let listed = host.health.snapshot_at.context("the host was not listed")?;
        let since = |moment: DateTime<Utc>| {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch")]
            let moment = moment.timestamp_micros() as f64 / 1000.0;
            Duration::from_secs_f64((shown - moment).max(0.0) / 1000.0)
        };
        from_end.push(since(ended));
        from_listing.push(since(listed));
    }
    from_end.tell(&format!(
        "a job ends: shown in the browser ({N_ENDS} times), aim 10,200: the poll interval + 200"
    ));
    from_listing.tell("of it since the host was asked, aim 200");
    Ok(())
}

fn not_measured(why: &str) -> anyhow::Result<()> {
    say(&format!("\nThe page in a browser: not measured, for {why}"));
    Ok(())
}

/// A script that was used, to be picked again.
async fn run_a_job(stand: &Stand) -> anyhow::Result<()> {
    let mut wish = wish(&stand.simulated);
    wish.script.hold = false;
    wish.script.commands = "echo done\n".to_owned();
    let (_, mut job) = by_api(stand, &wish).await?;
    for _ in 0..60 {
        if job.state.has_ended() {
            break;
        }
        job = stand.user.get(&format!("/jobs/{}?wait=1&until=ended", job.id)).await?;
    }
    ensure!(job.state == JobState::Completed, "a job of one line is {}", job.state);
    Ok(())
}
