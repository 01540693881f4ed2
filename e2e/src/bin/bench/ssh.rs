//! `ssh` as people use it, on the account behind OpenSSH: a fresh connection for each command, or one that is kept
//! (`ControlMaster`).

use std::path::PathBuf;
use std::process::{Output, Stdio};

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::stand::Stand;

/// The programs `ssh` with all their options.
pub(crate) struct Ssh {
    options: Vec<String>,
    destination: String,
    socket: PathBuf,
    master: Child,
}

impl Ssh {
    /// Writes key and known host down, and opens the kept connection.
    pub(crate) async fn start(stand: &Stand) -> anyhow::Result<Self> {
        let folder = stand.folder.path().join("ssh");
        std::fs::create_dir_all(&folder)?;
        let (key, known, socket) = (folder.join("key"), folder.join("known_hosts"), folder.join("master"));
        write_private(&key, &stand.identity.to_openssh_pem()?)?;
        write_private(&known, &format!("[127.0.0.1]:{} {}\n", stand.sshd.port(), stand.sshd.host_key()))?;
        let options = [
            // Nothing of the settings, keys and agents of whoever runs this.
            "-F/dev/null".to_owned(),
            format!("-p{}", stand.sshd.port()),
            format!("-oUserKnownHostsFile={}", known.display()),
            format!("-oIdentityFile={}", key.display()),
            "-oIdentitiesOnly=yes".to_owned(),
            "-oIdentityAgent=none".to_owned(),
            "-oStrictHostKeyChecking=yes".to_owned(),
            "-oBatchMode=yes".to_owned(),
            "-oLogLevel=ERROR".to_owned(),
        ];
        let destination = format!("{}@127.0.0.1", stand.sshd.login());
        let master = Command::new("ssh")
            .args(&options)
            .arg("-oControlMaster=yes")
            .arg(format!("-oControlPath={}", socket.display()))
            .args(["-N", &destination])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot run ssh")?;
        let ssh = Self { options: options.into(), destination, socket, master };
        for _ in 0..400 {
            if ssh.socket.exists() {
                return Ok(ssh);
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        anyhow::bail!("ssh opened no connection to keep")
    }

    /// Runs a command over a connection of its own.
    pub(crate) async fn fresh(&self, command: &str, input: &str) -> anyhow::Result<String> {
        self.run(vec!["-oControlPath=none".to_owned()], command, input).await
    }

    /// Runs a command over the kept connection.
    pub(crate) async fn multiplexed(&self, command: &str, input: &str) -> anyhow::Result<String> {
        self.run(
            vec!["-oControlMaster=no".to_owned(), format!("-oControlPath={}", self.socket.display())],
            command,
            input,
        )
        .await
    }

    async fn run(&self, more: Vec<String>, command: &str, input: &str) -> anyhow::Result<String> {
        let mut ssh = Command::new("ssh");
        ssh.args(&self.options).args(more).args([&self.destination, command]);
        let output = run_with_input(ssh, input).await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Closes the kept connection; ssh removes its socket then.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let mut exit = Command::new("ssh");
        exit.args(&self.options).arg(format!("-oControlPath={}", self.socket.display()));
        exit.args(["-O", "exit", &self.destination]);
        run_with_input(exit, "").await?;
        self.master.wait().await.context("cannot wait for ssh")?;
        Ok(())
    }
}

/// Runs a command to its end; a failure is told in its own words.
pub(crate) async fn run_with_input(mut command: Command, input: &str) -> anyhow::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {}", output.status, words.trim());
    Ok(output)
}

/// One word of a POSIX shell's command line.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn write_private(path: &std::path::Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
