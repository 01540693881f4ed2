//! How quick the page is in a real browser, by a script for node (`e2e/browser/bench.mjs`).
//!
//! The script gets address, name and password as arguments, and prints one JSON object on its last line: names to lists of
//! times in milliseconds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use pbsweb_shared::job::JobState;
use tokio::process::Command;

use crate::report::{Times, head, say};
use crate::stand::{PASSWORD, Stand, USER};
use crate::submissions::{by_api, wish};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/bench.mjs");

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
