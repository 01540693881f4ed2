//! Where the time of a submission goes: its parts, each measured by itself, with the transport that the server uses.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use pbsweb::scheduler::{Marker, Site, SubmissionReply, SubmitRequest, dialect};
use pbsweb::transport::{Endpoint, Program, RunLimits, Transport, TransportSettings};
use pbsweb_shared::api::jobs::JobScriptText;
use pbsweb_shared::api::me::Me;
use pbsweb_shared::host::Dialect;
use pbsweb_shared::ids::{HostId, JobId};
use tokio::process::Command;
use uuid::Uuid;

use crate::report::{Times, head, say};
use crate::ssh::{Ssh, quoted, run_with_input};
use crate::stand::Stand;
use crate::submissions::{by_api, wish};

/// Prints the table.
pub(crate) async fn measure(stand: &Stand, warm_up: usize, runs: usize) -> anyhow::Result<()> {
    let wish = wish(&stand.openssh);
    let (_, sample) = by_api(stand, &wish).await?;
    let script: JobScriptText = stand.user.get(&format!("/jobs/{}/script", sample.id)).await?;
    let exchange = Exchange::new(stand)?;
    let ssh = Ssh::start(stand).await?;
    let mut times: [Times; 6] = Default::default();
    for turn in 0..warm_up + runs {
        let measured = [
            timed(stand.user.get::<Me>("/me")).await?,
            timed(exchange.run(Program::new(":"))).await?,
            timed(ssh.multiplexed("true", "")).await?,
            local_qsub(stand, &script).await?,
            exchange.submit(&script).await?,
            by_api(stand, &wish).await?.0,
        ];
        if turn >= warm_up {
            times.iter_mut().zip(measured).for_each(|(times, took)| times.push(took));
        }
        // Nothing waits in the queue at the next turn, whoever put it there.
        let bin = stand.sshd.bin_folder().display().to_string();
        let clear = format!("{0}/qselect | xargs {0}/qdel", quoted(&bin));
        ssh.multiplexed(&clear, "").await?;
    }
    ssh.stop().await?;

    let [me, empty, empty_ssh, local, submission, whole] = &times;
    head("Its parts, each by itself (OpenSSH)");
    me.tell("GET /me: HTTPS, the session, one query");
    empty_ssh.tell("an empty command by ssh, kept connection");
    empty.tell("an empty exchange with the host by PBSWeb's transport");
    local.tell("qsub itself, started on this machine");
    submission.tell("the submission's exchange: script, qsub, answer on the host");
    whole.tell("POST /jobs as a whole");
    let floor = empty.median_ms() + local.median_ms();
    say(&format!(
        "  The floor, an empty exchange and qsub itself: {floor:.1} ms; the guarantees on the host: {:.1} ms;",
        submission.median_ms() - floor
    ));
    say(&format!(
        "  PostgreSQL (on disk), HTTPS and the rest of the server: {:.1} ms.",
        whole.median_ms() - submission.median_ms()
    ));
    Ok(())
}

async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed())
}

/// The same qsub, without ssh: its process and the scheduler's answer. As the account's own user, so by `setpriv` for root; the
/// cost of starting that is measured with it.
async fn local_qsub(stand: &Stand, script: &JobScriptText) -> anyhow::Result<Duration> {
    let qsub = stand.sshd.bin_folder().join("qsub");
    let login = stand.sshd.login();
    let mut command = if pbsweb_e2e::live::is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", login, "--regid", login, "--clear-groups"]).arg(qsub);
        command
    } else {
        Command::new(qsub)
    };
    // The simulator takes the user from the environment that a login makes.
    command.args(&script.qsub_arguments).env("USER", login).env("LOGNAME", login).current_dir("/");
    timed(run_with_input(command, &script.submitted_text)).await
}

/// The server's own transport, from here to the account behind OpenSSH.
struct Exchange<'a> {
    stand: &'a Stand,
    transport: Transport,
    endpoint: Endpoint,
    site: Site,
}

impl<'a> Exchange<'a> {
    fn new(stand: &'a Stand) -> anyhow::Result<Self> {
        let endpoint = Endpoint {
            host: HostId::from_uuid(Uuid::new_v4()),
            address: "127.0.0.1".to_owned(),
            port: stand.sshd.port(),
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

    async fn run(&self, program: Program) -> anyhow::Result<Vec<u8>> {
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

    async fn submit(&self, script: &JobScriptText) -> anyhow::Result<Duration> {
        let scheduler = dialect(Dialect::OpenPbs);
        let marker = Marker::new(Uuid::new_v4().as_u128());
        let request = SubmitRequest {
            job: JobId::from_uuid(Uuid::new_v4()),
            attempt: 1,
            script: &script.submitted_text,
            arguments: &script.qsub_arguments,
            working_folder: "",
            wait_seconds: 20,
        };
        let command = scheduler.submit(&self.site, &marker, &request)?;
        let begun = Instant::now();
        let stdout = self.run(Program::from_command(command.script, command.bindings).lasting()).await?;
        let took = begun.elapsed();
        match scheduler.read_submission(&marker, &stdout) {
            SubmissionReply::Accepted { .. } => Ok(took),
            reply @ (SubmissionReply::Refused { .. }
            | SubmissionReply::NoId { .. }
            | SubmissionReply::InProgress(_)
            | SubmissionReply::NotStarted { .. }
            | SubmissionReply::Unreadable) => bail!("the submission came to {reply:?}"),
        }
    }
}
