//! The server's own transport, from here to the account behind OpenSSH: a submission's exchange without the server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use pbsweb::scheduler::{Marker, Site, SubmissionReply, SubmitRequest, dialect};
use pbsweb::transport::{Endpoint, Program, RunLimits, Transport, TransportSettings};
use pbsweb_shared::api::jobs::JobScriptText;
use pbsweb_shared::host::Dialect;
use pbsweb_shared::ids::{HostId, JobId};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::stand::Stand;

/// Time enough for any host to get ready.
const LONG_BEFORE: Duration = Duration::from_millis(50);

/// A connection of the transport.
pub(crate) struct Exchange<'a> {
    stand: &'a Stand,
    transport: Transport,
    endpoint: Endpoint,
    site: Site,
}

impl<'a> Exchange<'a> {
    /// To this port, behind which is the stand's sshd.
    pub(crate) fn new(stand: &'a Stand, port: u16) -> anyhow::Result<Self> {
        let endpoint = Endpoint {
            host: HostId::from_uuid(Uuid::new_v4()),
            address: "127.0.0.1".to_owned(),
            port,
            login: stand.sshd.login().parse()?,
            host_keys: vec![stand.sshd.host_key().parse()?],
            jump: None,
        };
        let site = Site {
            bin: stand.sshd.bin_folder().display().to_string(),
            root: stand.sshd.home().join("pbsweb").display().to_string(),
        };
        Ok(Self { stand, transport: Transport::new(TransportSettings::default()), endpoint, site })
    }

    /// Runs a program.
    pub(crate) async fn run(&self, program: Program) -> anyhow::Result<Vec<u8>> {
        let output =
            self.transport.run(&self.endpoint, &self.stand.identity, program, RunLimits::default()).await;
        let output = output.context("the exchange failed")?;
        ensure!(
            output.is_success(),
            "the program ended with {}: {}",
            output.exit_status,
            output.stderr_text()
        );
        Ok(output.stdout)
    }

    /// Submits the script in one step, as a further attempt does; how long it took.
    pub(crate) async fn submit(&self, script: &JobScriptText) -> anyhow::Result<Duration> {
        let (marker, program) = self.submission(script)?;
        let begun = Instant::now();
        let stdout = self.run(program.tidy()).await?;
        let took = begun.elapsed();
        accepted(&marker, &stdout)?;
        Ok(took)
    }

    /// Submits the script in two steps, as the server does; how long it took from the word on, when the host was ready long before.
    pub(crate) async fn submit_when_ready(&self, script: &JobScriptText) -> anyhow::Result<Duration> {
        let (marker, program) = self.submission(script)?;
        let (word, told) = oneshot::channel();
        let limits = RunLimits::default();
        let exchange =
            self.transport.run_on_word(&self.endpoint, &self.stand.identity, program, limits, told);
        let tell = async {
            tokio::time::sleep(LONG_BEFORE).await;
            // An exchange that has failed says so itself.
            let _ = word.send(());
            Instant::now()
        };
        let (output, begun) = tokio::join!(exchange, tell);
        let took = begun.elapsed();
        accepted(&marker, &output.context("the exchange failed")?.stdout)?;
        Ok(took)
    }

    fn submission(&self, script: &JobScriptText) -> anyhow::Result<(Marker, Program)> {
        let marker = Marker::new(Uuid::new_v4().as_u128());
        let request = SubmitRequest {
            job: JobId::from_uuid(Uuid::new_v4()),
            attempt: 1,
            script: &script.submitted_text,
            arguments: &script.qsub_arguments,
            working_folder: "",
            wait_seconds: 20,
        };
        let command = dialect(Dialect::OpenPbs).submit(&self.site, &marker, &request)?;
        Ok((marker, Program::from_command(command.script, command.bindings)))
    }
}

fn accepted(marker: &Marker, stdout: &[u8]) -> anyhow::Result<()> {
    match dialect(Dialect::OpenPbs).read_submission(marker, stdout) {
        SubmissionReply::Accepted { .. } => Ok(()),
        reply @ (SubmissionReply::Refused { .. }
        | SubmissionReply::NoId { .. }
        | SubmissionReply::InProgress(_)
        | SubmissionReply::NotStarted { .. }
        | SubmissionReply::Unreadable) => bail!("the submission came to {reply:?}"),
    }
}
