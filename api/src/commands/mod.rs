//! What the program does from a terminal: the server, and the few things one does beside it.
//!
//! `user add` and `host add` are for the first user and for scripts that set a site up; everything else about users and
//! hosts is in the page and the API. They work beside a running server and without one.

mod backup;
mod host;
mod prepared;
mod user;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use pbsweb::config::{Config, ConfigError};

/// PBSWeb: upload, build, submit and watch batch jobs on PBS clusters, in the browser and over an API.
#[derive(Debug, Parser)]
#[command(name = "pbsweb", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// The settings, a TOML file. Variables PBSWEB_… stand over it; `pbsweb check-config` lists them all.
    // The variable is read with the settings, so that an empty one counts as absent.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until SIGTERM or SIGINT.
    Serve,
    /// Brings the database up to this release, and ends.
    Migrate,
    /// Writes everything in the database to a file; beside running servers or without.
    Backup {
        /// The file, which must not exist yet.
        file: PathBuf,
    },
    /// Replaces everything in the database by a backup; no server may run meanwhile.
    Restore {
        /// The file that `backup` or `pg_dump --format=custom` wrote.
        file: PathBuf,
    },
    /// Prints the OpenAPI document.
    Openapi,
    /// Reads and checks the settings, and prints them as they stand.
    CheckConfig,
    /// Users.
    #[command(subcommand)]
    User(UserCommand),
    /// Hosts.
    #[command(subcommand)]
    Host(HostCommand),
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Adds a user.
    Add(UserAdd),
}

/// A user to add.
#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    /// The login name.
    name: String,
    /// Makes the user an administrator.
    #[arg(long)]
    admin: bool,
    /// The name shown to others; the login name when absent.
    #[arg(long, default_value = "", hide_default_value = true)]
    display_name: String,
    /// Where mail goes.
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,
    /// Reads the password from standard input, one line; without this one is made and printed.
    // Not as an argument: other users of the machine can read those.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Subcommand)]
enum HostCommand {
    /// Adds a host.
    Add(HostAdd),
}

/// A host to add.
#[derive(Debug, Args)]
pub(crate) struct HostAdd {
    /// The short name shown in pages.
    name: String,
    /// The name or address of the login node.
    address: String,
    /// The port of its sshd.
    #[arg(long, default_value_t = 22)]
    port: u16,
    /// Where the scheduler's commands are; absent: found at the first check.
    #[arg(long, default_value = "", hide_default_value = true)]
    bin_folder: String,
    /// A line about it.
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// A host key that was confirmed, as in `known_hosts` without the name: `ssh-ed25519 AAAA…`. May be repeated.
    #[arg(long, value_name = "LINE", required_unless_present = "accept_offered_key")]
    host_key: Vec<String>,
    /// Takes the key that the host offers now, unseen; its fingerprint is printed, compare it.
    #[arg(long, conflicts_with = "host_key")]
    accept_offered_key: bool,
}

impl CommandLine {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being done, for a person to read.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let config = || -> Result<Config, ConfigError> { Config::load(self.config.as_deref()) };
        match self.command {
            Command::Serve => pbsweb::server::serve(config()?).await,
            Command::Migrate => migrate(config()?).await,
            Command::Backup { file } => backup::backup(config()?, file).await,
            Command::Restore { file } => backup::restore(config()?, file).await,
            Command::Openapi => openapi(),
            Command::CheckConfig => {
                print_settings(&config()?);
                Ok(())
            }
            Command::User(UserCommand::Add(user)) => user::add(config()?, user).await,
            Command::Host(HostCommand::Add(host)) => host::add(config()?, host).await,
        }
    }
}

fn openapi() -> anyhow::Result<()> {
    println!(
        "{}",
        pbsweb::routes::docs::document().to_pretty_json().context("the document cannot be written")?
    );
    Ok(())
}

/// One line per setting that reads as the TOML file would, with its variable.
fn print_settings(config: &Config) {
    for setting in config.settings() {
        let value = if setting.value.is_empty() { "(none)" } else { setting.value.as_str() };
        println!("{:<34} {:<44} # {}", setting.key, value, setting.variable);
    }
}

async fn migrate(config: Config) -> anyhow::Result<()> {
    let prepared = prepared::Prepared::open(config).await?;
    match prepared.migrations.as_slice() {
        [] => println!("the database is up to date"),
        names => println!("done: {}", names.join(", ")),
    }
    prepared.close().await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "pbsweb",
            "pbsweb user add",
            "pbsweb host add hpc1",
            "pbsweb host add hpc1 node1",
            "pbsweb host add hpc1 node1 --host-key x --accept-offered-key",
            "pbsweb host add hpc1 node1 --accept-offered-key --port 70000",
            "pbsweb serve extra",
        ] {
            assert!(CommandLine::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
        for line in [
            "pbsweb serve",
            "pbsweb check-config --config /etc/pbsweb.toml",
            "pbsweb --config x user add ada --admin --password-stdin",
            "pbsweb host add hpc1 node1 --accept-offered-key --port 2222",
        ] {
            assert!(CommandLine::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }
}
