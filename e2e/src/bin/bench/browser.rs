//! How quick the page is in a real browser, by a script for node (`e2e/browser/bench.mjs`).
//!
//! The script gets the address and the sign-in in its environment and prints one JSON object on its last line: names to numbers,
//! or to objects with `median` and `p95`.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use serde_json::Value;
use tokio::process::Command;

use crate::report::say;
use crate::stand::{PASSWORD, Stand, USER};
use crate::submissions::{by_api, wish};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/bench.mjs");

/// Prints what the script found.
pub(crate) async fn measure(stand: &Stand) -> anyhow::Result<()> {
    say("\nThe page in a browser");
    if !Path::new(SCRIPT).is_file() {
        say("  not measured: there is no e2e/browser/bench.mjs");
        return Ok(());
    }
    let job = a_past_job(stand).await?;
    let output = Command::new("node")
        .arg(SCRIPT)
        .env("PBSWEB_URL", &stand.server.url)
        .env("PBSWEB_USER", USER)
        .env("PBSWEB_PASSWORD", PASSWORD)
        .env("PBSWEB_JOB", job.id.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await;
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            say(&format!("  not measured: node cannot be run: {error}"));
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        say(&format!("  not measured: the script ended with {}\n{text}", output.status));
        return Ok(());
    }
    let last = text.lines().last().unwrap_or_default();
    let found: serde_json::Map<String, Value> = serde_json::from_str(last)
        .with_context(|| format!("the script's last line is no JSON object: {last}"))?;
    for (name, value) in found {
        match (value.get("median"), value.get("p95")) {
            (Some(median), Some(p95)) => say(&format!("  {name:<66} {median:>8} {p95:>8}")),
            _ => say(&format!("  {name:<66} {value:>8}")),
        }
    }
    Ok(())
}

/// A job that ran and ended, to be picked again.
async fn a_past_job(stand: &Stand) -> anyhow::Result<Job> {
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
    Ok(job)
}
