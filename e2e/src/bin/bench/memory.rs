//! How much memory the server's process takes. PostgreSQL's processes are its own and apart.

use anyhow::Context as _;

use crate::report::say;
use crate::stand::Stand;

/// The resident memory of a process.
pub(crate) fn resident_bytes(pid: Option<u32>) -> anyhow::Result<u64> {
    let pid = pid.context("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the server has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    Ok(kilobytes.context("the kernel does not tell the server's memory")? * 1024)
}

/// Prints it, at rest and after the run.
pub(crate) fn tell(stand: &Stand, at_rest: u64) -> anyhow::Result<()> {
    let after = resident_bytes(stand.server()?.pid())?;
    say(
        "\nResident memory of the server's process                                      MB          aim < 60",
    );
    row("idle, after the start, a sign-in and two account checks", at_rest);
    row("after all these submissions", after);
    Ok(())
}

fn row(what: &str, bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "megabytes")]
    let megabytes = bytes as f64 / 1e6;
    say(&format!("  {what:<66} {megabytes:>8.1}"));
}
