//! The simulated clusters: one as one wishes it, and one as many are, with tcsh and a banner at every login.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use pbsweb_sim::{SimConfig, SimHost};

/// The login name on both.
pub(crate) const LOGIN: &str = "ada";

const BANNER: &str =
    "*** annex: maintenance every first Monday of the month. Questions: support@annex.example ***\n";

/// A simulated login node with its scheduler.
pub(crate) struct Cluster {
    /// Its name in the pages.
    pub(crate) name: &'static str,
    /// A line about it.
    pub(crate) description: String,
    /// Where the scheduler's commands are, when they are not on the PATH.
    pub(crate) bin_folder: String,
    /// The program that runs.
    pub(crate) host: SimHost,
    shell: PathBuf,
}

/// All of them; they end when this is dropped.
pub(crate) struct Clusters(pub(crate) Vec<Cluster>);

impl Clusters {
    /// Starts them, with what an earlier demonstration left.
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let cluster =
            start(folder, "cluster", "bash", true, vec![("node1".to_owned(), 8), ("node2".to_owned(), 8)])?;
        let annex = start(folder, "annex", "tcsh", false, vec![("old1".to_owned(), 4)])?;
        annex.host.set_login_banner(LOGIN, Some(BANNER))?;
        Ok(Self(vec![cluster, annex]))
    }

    /// Their names and where they listen.
    pub(crate) fn in_words(&self) -> String {
        let words =
            self.0.iter().map(|cluster| format!("{} (SSH at {})", cluster.name, cluster.host.address()));
        words.collect::<Vec<_>>().join(" and ")
    }
}

fn start(
    folder: &Path,
    name: &'static str,
    shell: &str,
    commands_on_path: bool,
    nodes: Vec<(String, u32)>,
) -> anyhow::Result<Cluster> {
    let n_cores: u32 = nodes.iter().map(|(_, cores)| cores).sum();
    let config = SimConfig {
        server_name: name.to_owned(),
        commands_on_path,
        nodes,
        ..SimConfig::new(folder.join(name))
    };
    let host = SimHost::start(config).with_context(|| format!("cannot start the simulated host {name}"))?;
    let shell = shell_path(shell);
    host.add_account(LOGIN, None, &shell.to_string_lossy())?;
    let shell_name = shell.file_name().unwrap_or_default().to_string_lossy();
    let description = format!("Simulated OpenPBS on this machine, {n_cores} cores, login shell {shell_name}");
    let bin_folder =
        if commands_on_path { String::new() } else { host.bin_dir().to_string_lossy().into_owned() };
    Ok(Cluster { name, description, bin_folder, host, shell })
}

/// The shell of this name, or bash, or sh: not every machine has a tcsh.
fn shell_path(name: &str) -> PathBuf {
    let places =
        [name, "bash"].into_iter().flat_map(|name| [format!("/bin/{name}"), format!("/usr/bin/{name}")]);
    places.map(PathBuf::from).find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

impl Cluster {
    /// Does on the cluster what its user does by hand: pastes a command into a shell.
    pub(crate) fn paste(&self, command: &str) -> anyhow::Result<()> {
        let home = self.host.home(LOGIN);
        let output = Command::new(&self.shell)
            .args(["-c", command])
            .env("HOME", &home)
            .current_dir(&home)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.shell.display()))?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the command failed on {}: {}", self.name, words.trim());
        Ok(())
    }

    /// Whether a line stands in the user's `authorized_keys`.
    pub(crate) fn has_key(&self, line: &str) -> bool {
        let file = self.host.home(LOGIN).join(".ssh/authorized_keys");
        std::fs::read_to_string(file).is_ok_and(|text| text.lines().any(|known| known.trim() == line.trim()))
    }
}
