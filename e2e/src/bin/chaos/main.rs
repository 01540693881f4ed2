//! The fault campaign: `make chaos`.
//!
//! Clients submit through several servers, which are killed, to hosts that cut, stall and lie, on a PostgreSQL that is killed
//! too. At the end the scheduler must have every accepted submission exactly once. All that happens is drawn from a seed, which
//! is printed; docs/FAULTS.md tells what is injected and what is checked.

mod campaign;
mod clients;
mod database;
mod driver;
mod plan;
mod stand;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use tokio::task::JoinSet;

use campaign::Campaign;
use plan::{Scope, plan};
use stand::{Size, Stand};

/// The slowest proof takes two minutes of silence and a look after that; the scheduler's part is over sooner.
const SETTLED_WITHIN: Duration = Duration::from_secs(300);

/// Submits through servers, databases and hosts that fail, and looks whether any job was lost, doubled or told wrong.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
struct Arguments {
    /// The schedule of faults and wishes; drawn at random when missing.
    #[arg(long)]
    seed: Option<u64>,
    /// How many jobs are submitted.
    #[arg(long, default_value_t = 10_000)]
    submissions: usize,
    /// How many faults are injected; one for ten submissions when missing.
    #[arg(long)]
    faults: Option<usize>,
    /// Clients at once.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Servers on the one database.
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    /// Users, each with an account on every host; one for 125 submissions when missing.
    #[arg(long)]
    users: Option<usize>,
    /// Simulated hosts.
    #[arg(long, default_value_t = 2)]
    hosts: usize,
    /// One host behind a real OpenSSH server instead.
    #[arg(long)]
    openssh: bool,
    /// Only the first so many submissions see faults that take minutes to settle; all when missing.
    #[arg(long)]
    slow_until: Option<usize>,
    /// Prints each fault.
    #[arg(long)]
    verbose: bool,
    /// Prints the schedule and does nothing.
    #[arg(long)]
    plan: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            eprintln!("chaos: {} findings:", findings.len());
            for finding in &findings {
                eprintln!("- {finding}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Gives what is not as it should be.
async fn run(arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let n_hosts = if arguments.openssh { 1 } else { arguments.hosts.max(1) };
    let scope = Scope {
        submissions: arguments.submissions,
        faults: arguments.faults.unwrap_or(arguments.submissions / 10),
        hosts: n_hosts,
        replicas: arguments.replicas.max(1),
        slow_until: arguments.slow_until.unwrap_or(arguments.submissions),
    };
    let plan = plan(seed, scope);
    println!(
        "Seed {seed}: {} submissions by {} clients through {} servers to {} {}; {} faults. Replay it with --seed {seed}.",
        scope.submissions,
        arguments.clients,
        scope.replicas,
        scope.hosts,
        if arguments.openssh { "host behind OpenSSH" } else { "simulated hosts" },
        plan.len()
    );
    if arguments.plan {
        for planned in &plan {
            println!("  at {:>5}: {:?}", planned.at, planned.trouble);
        }
        return Ok(Vec::new());
    }
    let size = Size {
        replicas: scope.replicas,
        users: arguments.users.unwrap_or_else(|| scope.submissions.div_ceil(125 * scope.hosts)).max(1),
        simulated_hosts: if arguments.openssh { 0 } else { n_hosts },
    };
    let begun = Instant::now();
    let stand = Stand::start(size).await.context("the campaign cannot be set up")?;
    println!("Set up in {:.1} s.", begun.elapsed().as_secs_f64());
    let campaign = Arc::new(Campaign::new(stand, seed, scope.submissions));
    let fought = fight(arguments, &campaign, plan).await;
    let findings = campaign.findings();
    if fought.is_err() || !findings.is_empty() {
        let campaign = Arc::into_inner(campaign).context("somebody still works on the campaign")?;
        println!("What it ran on is kept in {}.", campaign.stand.folder.keep().display());
    }
    fought?;
    Ok(findings)
}

async fn fight(
    arguments: &Arguments,
    campaign: &Arc<Campaign>,
    plan: Vec<plan::Planned>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut work = JoinSet::new();
    for _ in 0..arguments.clients.max(1) {
        work.spawn(clients::run(Arc::clone(campaign)));
    }
    work.spawn(driver::run(Arc::clone(campaign), plan, arguments.verbose));
    // The first that fails ends it: without the driver, what it took away would stay away.
    let mut outcome = Ok(());
    while let Some(done) = work.join_next().await {
        outcome = done.context("a task of the campaign broke off").flatten();
        if outcome.is_err() {
            break;
        }
    }
    work.shutdown().await;
    outcome?;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{} submissions accepted in {took:.1} s ({:.0} a second), {} repeated later.",
        campaign.n_accepted(),
        f64::from(u32::try_from(campaign.n_accepted())?) / took,
        campaign.n_repeats()
    );
    driver::calm(campaign).await?;
    let calm = Instant::now();
    verdict::wait_until_settled(campaign, SETTLED_WITHIN).await?;
    println!("All faults are over; everything was settled {:.1} s later.", calm.elapsed().as_secs_f64());
    for (index, replica) in campaign.stand.replicas.iter().enumerate() {
        if !replica.runs().await {
            campaign.find(format!("the server {index} does not run any more"));
            replica.start_again().await?;
        }
    }
    verdict::repeat_all(campaign).await?;
    let tally = verdict::judge_jobs(campaign).await?;
    println!("Jobs: {tally}.");
    verdict::judge_files(campaign)?;
    for replica in &campaign.stand.replicas {
        if let Err(error) = replica.stop().await {
            campaign.find(format!("a server did not stop cleanly: {error:#}"));
        }
    }
    verdict::judge_processes(campaign).await?;
    verdict::judge_database(campaign).await?;
    println!("The campaign took {:.1} s.", begun.elapsed().as_secs_f64());
    Ok(())
}
