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
mod own_jobs;
mod pace;
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

use clap::{Parser, ValueEnum};

use pace::{PACES, Pace, set_pace};
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
    /// Measures only this; may be given several times.
    #[arg(long)]
    only: Vec<Part>,
    /// Leaves this out; may be given several times.
    #[arg(long)]
    without: Vec<Part>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Listings and searches of a long history, which takes some minutes to make.
    History,
    /// Reading and writing a job script.
    Scripts,
    /// Submissions one after the other.
    Submissions,
    /// Submissions by many clients at once.
    Sustained,
    /// The first load and memory.
    Page,
    /// Watching at scale.
    Watching,
    /// What a kill -9 costs.
    Recovery,
    /// The same with a second server.
    Takeover,
    /// The page in a browser.
    Browser,
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        (self.only.is_empty() || self.only.contains(&part)) && !self.without.contains(&part)
    }
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
    if arguments.wants(Part::History) {
        history::measure().await?;
    }
    if arguments.wants(Part::Scripts) {
        scripts::measure()?;
    }
    if arguments.wants(Part::Takeover) {
        takeover::measure().await?;
    }
    let on_the_stand =
        [Part::Submissions, Part::Sustained, Part::Page, Part::Watching, Part::Recovery, Part::Browser];
    if !on_the_stand.into_iter().any(|part| arguments.wants(part)) {
        return Ok(());
    }
    let mut stand = Stand::start().await?;
    let at_rest = memory::resident_bytes(stand.server()?.pid())?;
    let outcome = measure(arguments, &mut stand, at_rest).await;
    let stopped = stand.stop().await;
    outcome.and(stopped)
}

async fn measure(arguments: &Arguments, stand: &mut Stand, at_rest: u64) -> anyhow::Result<()> {
    if arguments.wants(Part::Submissions) {
        for pace in PACES {
            set_pace(stand, pace).await?;
            submissions::measure(stand, pace, arguments.warm_up, arguments.runs).await?;
            parts::measure(stand, pace, arguments.warm_up, arguments.runs).await?;
        }
        set_pace(stand, Pace::Simulator).await?;
    }
    if arguments.wants(Part::Sustained) {
        sustained::measure(stand, arguments.sustained).await?;
    }
    if arguments.wants(Part::Page) {
        page::measure(stand).await?;
        memory::tell(stand, at_rest)?;
    }
    if arguments.wants(Part::Watching) {
        watching::measure(stand).await?;
    }
    if arguments.wants(Part::Recovery) {
        recovery::measure(stand).await?;
    }
    if arguments.wants(Part::Browser) {
        browser::measure(stand).await?;
    }
    Ok(())
}
