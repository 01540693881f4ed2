//! The measurements: `make bench`.
//!
//! One run on one machine, with released programs: how long a submission takes over the API and by `ssh`, and where its time
//! goes; how long a job script takes to read and write; how big the page's first load is; how much memory the server takes; how
//! soon it is back after kill -9, and how soon another server takes over; how quick listings and searches of a long history are; and,
//! when a browser is there, how quick the page is. Nothing is judged here: aims are printed beside what was found. Nothing is
//! cached between runs.

mod bare;
mod browser;
mod exchange;
mod history;
mod memory;
mod page;
mod parts;
mod recovery;
mod report;
mod scripts;
mod ssh;
mod stand;
mod submissions;
mod sustained;
mod takeover;
mod watching;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use report::say;
use stand::Stand;

/// Measures PBSWeb: submissions, first load, memory, searches, the page in a browser.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// Submissions of each kind that are measured.
    #[arg(long, default_value_t = 60)]
    runs: usize,
    /// Submissions of each kind before that.
    #[arg(long, default_value_t = 5)]
    warm_up: usize,
    /// Submissions of each kind by many clients at once.
    #[arg(long, default_value_t = 320)]
    sustained: usize,
    /// Measures the listings and searches of a long history, and nothing else.
    #[arg(long)]
    only_history: bool,
    /// Measures watching at scale, and nothing else.
    #[arg(long, conflicts_with = "only_history")]
    only_watching: bool,
    /// Leaves them out: the history takes some minutes to make.
    #[arg(long, conflicts_with = "only_history")]
    no_history: bool,
    /// Leaves the browser out.
    #[arg(long)]
    no_browser: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::ensure!(arguments.runs > 0, "--runs is at least 1");
    report::machine();
    if !arguments.no_history && !arguments.only_watching {
        history::measure().await?;
    }
    if arguments.only_history {
        return Ok(());
    }
    if !arguments.only_watching {
        scripts::measure()?;
    }
    let mut stand = Stand::start().await?;
    let at_rest = memory::resident_bytes(stand.server()?.pid())?;
    let outcome = if arguments.only_watching {
        watching::measure(&stand).await
    } else {
        measure(arguments, &mut stand, at_rest).await
    };
    let stopped = stand.stop().await;
    outcome.and(stopped)
}

async fn measure(arguments: &Arguments, stand: &mut Stand, at_rest: u64) -> anyhow::Result<()> {
    submissions::measure(stand, arguments.warm_up, arguments.runs).await?;
    parts::measure(stand, arguments.warm_up, arguments.runs).await?;
    sustained::measure(stand, arguments.sustained).await?;
    page::measure(stand).await?;
    memory::tell(stand, at_rest)?;
    watching::measure(stand).await?;
    recovery::measure(stand).await?;
    takeover::measure().await?;
    if arguments.no_browser {
        say("\nThe page in a browser: not measured (--no-browser)");
    } else {
        browser::measure(stand).await?;
    }
    Ok(())
}
