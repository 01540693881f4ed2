//! How long the scheduler takes for a submission. The simulator's answer is there within the blink of a program; a recorded
//! OpenPBS takes its time, and each user's `qsub` has that in it, by whatever way it is started.

use std::fmt;

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use crate::stand::Stand;

/// What a server of OpenPBS took for one submission on a machine like this (900 in 5.8 s).
const RECORDED_MS: u32 = 6;

/// The schedulers that are measured with.
pub(crate) const PACES: [Pace; 2] = [Pace::Simulator, Pace::Recorded];

/// How quick a scheduler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As quick as the simulator can.
    Simulator,
    /// As quick as the recorded one, which takes one submission after the other.
    Recorded,
}

impl fmt::Display for Pace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulator => out.write_str("a scheduler as quick as the simulator"),
            Self::Recorded => write!(out, "a scheduler that takes {RECORDED_MS} ms for each"),
        }
    }
}

/// Lets the scheduler behind OpenSSH take its time, or not.
pub(crate) async fn set_pace(stand: &Stand, pace: Pace) -> anyhow::Result<()> {
    let bin = stand.sshd.bin_folder();
    let folder = bin.parent().context("the scheduler has a folder")?;
    let mut command = Command::new(pbsweb_sim::sim_binary()?);
    command.arg("fault").arg("--dir").arg(folder);
    match pace {
        Pace::Simulator => command.arg("clear"),
        Pace::Recorded => command.args(["submit-slow", &format!("ms={RECORDED_MS}")]),
    };
    let output = command.output().await.context("cannot run pbs-sim")?;
    ensure!(output.status.success(), "pbs-sim: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
