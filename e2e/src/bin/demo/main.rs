//! The demonstration: `make demo`.
//!
//! Starts two simulated clusters and the server with a private database, and takes the way of a scientist through the public
//! API: key, check, upload, build, submit, watch, read. Then it stays up for exploring, until it is told to stop. It is no
//! test: what must hold is in the tests, and here a step that fails ends the story with the server's own words.

mod clusters;
mod folder;
mod people;
mod say;
mod signals;
mod site;
mod story;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use pbsweb_e2e::live::{Client, ServerProcess, ServerSettings};

use clusters::Clusters;
use folder::DemoFolder;
use people::People;
use say::{Step, say};
use signals::Signals;

/// Starts PBSWeb with two simulated clusters, runs a job through the API, and stays up.
#[derive(Debug, Parser)]
#[command(name = "demo", version)]
struct Arguments {
    /// Starts anew: removes what earlier demonstrations left.
    #[arg(long)]
    fresh: bool,
    /// Ends after the story.
    #[arg(long)]
    once: bool,
    /// The port of the page; another one is taken when it is in use.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Where everything is kept between two demonstrations.
    #[arg(long, default_value = ".demo", value_name = "FOLDER")]
    folder: PathBuf,
}

/// Listings a minute: a demonstration wants to be quick, and the scheduler is our own.
const SETTINGS: &str = r#"
[site]
name = "Demo"
account_policy = "open"

[poll]
max_listings_per_minute = 60
interval = "1s"
idle_interval = "30s"
"#;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut signals = Signals::new()?;
    let folder = DemoFolder::open(&arguments.folder, arguments.fresh).await?;

    let step = Step::begin();
    let clusters = Clusters::start(&folder.path)?;
    step.end(&format!("started the simulated clusters {}", clusters.in_words()));

    let step = Step::begin();
    let settings = ServerSettings {
        folder: folder.path.clone(),
        data_folder: folder.data.clone(),
        listen: free_address(arguments.port)?,
        more: SETTINGS.to_owned(),
    };
    let mut server = tokio::select! {
        server = ServerProcess::start(&settings) => server?,
        () = signals.wait() => return interrupted(),
    };
    folder.remember_server(server.pid())?;
    step.end(&format!("started the server at {}, with a private PostgreSQL", server.url));

    let outcome = tokio::select! {
        outcome = tell(&folder, &clusters, &server, begun) => outcome,
        () = signals.wait() => interrupted(),
    };
    let outcome = match outcome {
        Ok(()) if !arguments.once => stay(&mut server, &mut signals).await,
        outcome => outcome,
    };
    let step = Step::begin();
    let stopped = server.stop().await;
    drop(clusters);
    folder.forget_server();
    if stopped.is_ok() {
        step.end("stopped the server, its database and the clusters");
    }
    outcome.and(stopped)
}

/// The story, and at its end what one needs for exploring.
async fn tell(
    folder: &DemoFolder,
    clusters: &Clusters,
    server: &ServerProcess,
    begun: Instant,
) -> anyhow::Result<()> {
    let people = People::ensure(folder, server).await?;
    let client = Client::new(&server.url, &server.certificate())?;
    let hosts = site::set_up(&client, &people, clusters).await?;
    story::tell(&client, &people, clusters, &hosts).await?;

    say(&format!(
        "\nPBSWeb is up after {:.1} s:  {}\n\n{}\n\n{}\n\nEverything is in {}; the server's log is server.log there.\n",
        begun.elapsed().as_secs_f64(),
        server.url,
        people.in_a_table(),
        "The certificate is the server's own: the browser asks about it once. Both clusters are simulated: jobs and\n\
         builds run on this machine, as you. The API's documents: /api/docs.",
        folder.path.display()
    ));
    Ok(())
}

/// Waits for the signal to stop, or for an end of the server that nobody asked for.
async fn stay(server: &mut ServerProcess, signals: &mut Signals) -> anyhow::Result<()> {
    say("Stop with Ctrl-C.");
    tokio::select! {
        () = signals.wait() => {
            say("");
            Ok(())
        }
        status = server.wait() => anyhow::bail!("the server ended by itself with {}; see its log", status?),
    }
}

fn interrupted() -> anyhow::Result<()> {
    anyhow::bail!("interrupted")
}

/// The address with this port if nobody listens there, else one of the next ports, else any.
fn free_address(port: u16) -> anyhow::Result<SocketAddr> {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let is_free = |port: &u16| TcpListener::bind(address(*port)).is_ok();
    if is_free(&port) {
        return Ok(address(port));
    }
    let other = (port.saturating_add(1)..=port.saturating_add(20)).find(is_free);
    let other = match other {
        Some(other) => other,
        None => TcpListener::bind(address(0)).context("no port is free")?.local_addr()?.port(),
    };
    say(&format!("Port {port} is in use by another program; taking {other}. (--port chooses one.)"));
    Ok(address(other))
}
