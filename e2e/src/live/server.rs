//! `pbsweb serve` as a process, with its settings in a file.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{end_politely, program_beside};

/// A first start makes a database; a busy machine takes its time.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The server gives its requests 10 seconds, and PostgreSQL wants to write.
const STOP_LIMIT: Duration = Duration::from_secs(45);

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where the settings file and the log are written.
    pub folder: PathBuf,
    /// Where it keeps its own things: the keys and the private database.
    pub data_folder: PathBuf,
    /// Where it listens; port 0 for a free one.
    pub listen: SocketAddr,
    /// Further lines of the settings file, sections after the ones that are set here.
    pub more: String,
}

impl ServerSettings {
    /// Writes the settings file. A JSON string is a TOML string too.
    fn write(&self) -> anyhow::Result<PathBuf> {
        let Self { folder, data_folder, listen, more } = self;
        let path = folder.join("pbsweb.toml");
        let data_folder = serde_json::to_string(data_folder)?;
        let text = format!("data_folder = {data_folder}\n{more}\n[http]\nlisten = \"{listen}\"\n");
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

/// A running server. It is killed when dropped; [`Self::stop`] is the clean way.
#[derive(Debug)]
pub struct ServerProcess {
    /// Its address, such as `https://127.0.0.1:8443`.
    pub url: String,
    program: PathBuf,
    settings_file: PathBuf,
    data_folder: PathBuf,
    child: Child,
}

impl ServerProcess {
    /// Starts the server and waits until it listens.
    ///
    /// # Errors
    /// It did not start; the message has the end of its log.
    pub async fn start(settings: &ServerSettings) -> anyhow::Result<Self> {
        let program = program_beside("pbsweb")?;
        let settings_file = settings.write()?;
        let log_path = settings.folder.join("server.log");
        let log = File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
        let mut child = command(&program, &settings_file)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C in a terminal goes to the whole group; the one who started the server stops it, once.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let stdout = child.stdout.take().context("the server has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(url) = line.strip_prefix("PBSWeb listens on ") {
                    return anyhow::Ok(Some(url.trim().to_owned()));
                }
            }
            Ok(None)
        };
        let Some(url) =
            timeout(START_LIMIT, listening).await.context("the server did not start in time")??
        else {
            let _ = timeout(STOP_LIMIT, child.wait()).await;
            bail!("the server did not start:\n{}", last_lines(&log_path));
        };
        // Its output must be read on, or it would wait for a reader one day.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { url, program, settings_file, data_folder: settings.data_folder.clone(), child })
    }

    /// Its process number; absent once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The certificate that it made for itself.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.data_folder.join("tls/certificate.pem")
    }

    /// kill -9, and waits until it is gone.
    ///
    /// # Errors
    /// It cannot be killed.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill the server")
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it ends by itself, which it should not.
    ///
    /// # Errors
    /// The process cannot be waited for.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.wait().await.context("cannot wait for the server")
    }

    /// Adds a user by `pbsweb user add`, beside the running server.
    ///
    /// # Errors
    /// In the command's own words.
    pub async fn add_user(
        &self,
        name: &str,
        display_name: &str,
        password: &str,
        is_admin: bool,
    ) -> anyhow::Result<()> {
        let mut command = command(&self.program, &self.settings_file);
        command.args(["user", "add", "--password-stdin", "--display-name", display_name]);
        if is_admin {
            command.arg("--admin");
        }
        command
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot run {}", self.program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(format!("{password}\n").as_bytes()).await.context("cannot give the password")?;
        }
        let output = child.wait_with_output().await?;
        let words = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "`pbsweb user add {name}` failed: {}", words.trim());
        Ok(())
    }

    /// Asks the server to stop, waits for it, and kills it if it does not.
    ///
    /// # Errors
    /// It had to be killed, or ended badly.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            end_politely(pid)?;
        }
        match timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(status) => {
                let status = status.context("cannot wait for the server")?;
                anyhow::ensure!(status.success(), "the server ended with {status}");
                Ok(())
            }
            Err(_) => {
                self.child.kill().await.context("cannot kill the server")?;
                bail!("the server did not stop within {} s and was killed", STOP_LIMIT.as_secs())
            }
        }
    }
}

/// The program with its settings file, and nothing of what our own environment may say about another PBSWeb.
fn command(program: &Path, settings_file: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("PBSWEB_") || text == "DATABASE_URL" {
            command.env_remove(&name);
        }
    }
    command.arg("--config").arg(settings_file);
    command
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(15);
    lines.get(start..).unwrap_or_default().join("\n")
}
