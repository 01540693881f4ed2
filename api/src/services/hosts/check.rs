//! The check of an account: really connects, and says in plain words what it found and what to do.

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use pbsweb_shared::api::hosts::{CheckFinding, CheckReport, Verdict};
use pbsweb_shared::ids::HostId;

use super::HostError;
use crate::app::App;
use crate::scheduler::{Probe, ProbeProblem};
use crate::services::actor::Actor;
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker, quick};
use crate::services::submission::search_account;
use crate::store::activity::insert_activity;
use crate::store::host_accounts::set_check;
use crate::transport::{TransportError, UnreachableCause};

/// Clock differences beyond this are worth knowing: they shift what the listing says.
const CLOCK_TOLERANCE_SECONDS: i64 = 30;

/// Checks the caller's account on a host and keeps what was found.
///
/// # Errors
/// There is no such host, or no login name for it. What the check itself finds wrong is in the report.
pub async fn check_host(app: &Arc<App>, actor: &Actor, id: HostId) -> Result<CheckReport, HostError> {
    let begun = Instant::now();
    let mut reach = match Reach::find(app, actor.user, id, Trust::Named).await {
        Ok(reach) => reach,
        Err(ReachError::NoHost) => return Err(HostError::NotFound),
        Err(error) => return Err(error.into()),
    };
    // What is known could be of another account or of former days: the check finds everything anew.
    reach.account.home = None;
    reach.account.found_bin_folder.clear();
    app.transport.retry_now(&reach.endpoint, &reach.identity);
    let marker = fresh_marker();
    let command = reach.scheduler().probe(&reach.site(), &marker).map_err(ReachError::Command)?;
    let (findings, probe) = match reach.run(app, command, quick(app)).await {
        Ok(output) => {
            let probe = reach.scheduler().read_probe(&marker, &output.stdout);
            (describe(&reach, &probe), Some(probe))
        }
        Err(ReachError::Transport { source, .. }) => (vec![describe_failure(&reach, &source)], None),
        Err(error) => return Err(error.into()),
    };
    let report = CheckReport {
        checked_at: Utc::now(),
        is_ok: findings.iter().all(|finding| finding.verdict != Verdict::Failed),
        duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        findings,
    };
    keep(app, actor, &reach, &report, probe).await?;
    if report.is_ok {
        app.pollers.poke(id);
        search_account(app, actor.user, id);
    }
    Ok(report)
}

async fn keep(
    app: &App,
    actor: &Actor,
    reach: &Reach,
    report: &CheckReport,
    probe: Option<Probe>,
) -> Result<(), HostError> {
    let (actor, account, host, kept) =
        (actor.clone(), reach.account.clone(), reach.host.clone(), report.clone());
    app.store
        .run(move |connection| -> Result<(), HostError> {
            let probe = probe.unwrap_or_default();
            let found_bin_folder = probe.bin.as_deref().filter(|_| host.bin_folder.is_empty());
            set_check(connection, &account, probe.home.as_deref(), found_bin_folder, &kept)?;
            let failed = kept.findings.iter().find(|finding| finding.verdict == Verdict::Failed);
            let outcome = failed.map_or_else(|| "good".to_owned(), |finding| finding.message.clone());
            let deed =
                actor.deed("host.check", host.id, format!("{} as {}: {outcome}", host.name, account.login));
            Ok(insert_activity(connection, &deed, Utc::now())?)
        })
        .await
}

fn finding(
    topic: &str,
    verdict: Verdict,
    message: impl Into<String>,
    advice: impl Into<String>,
) -> CheckFinding {
    CheckFinding { topic: topic.to_owned(), verdict, message: message.into(), advice: advice.into() }
}

fn good(topic: &str, message: impl Into<String>) -> CheckFinding {
    finding(topic, Verdict::Good, message, "")
}

/// What a host that was reached told.
fn describe(reach: &Reach, probe: &Probe) -> Vec<CheckFinding> {
    let mut findings = vec![
        good("connection", format!("{}:{} answers", reach.endpoint.address, reach.endpoint.port)),
        good("host_key", "the host showed a confirmed key"),
        good("login", format!("the host accepts PBSWeb's key for {}", reach.endpoint.login)),
    ];
    if let Some(home) = &probe.home {
        findings.push(good("home", format!("the home directory is {home}")));
    }
    if let Some(shell) = &probe.shell {
        findings.push(good("shell", format!("the login shell is {shell}")));
    }
    if probe.is_writable {
        let free = probe.free_kb.map(|kb| format!("; {} MB free", kb / 1024)).unwrap_or_default();
        findings.push(good("write_access", format!("~/pbsweb can be written{free}")));
    }
    if let Some(bin) = &probe.bin {
        let place = if bin.is_empty() { "on the PATH".to_owned() } else { format!("in {bin}") };
        let version = probe.version.as_deref().unwrap_or("of unknown version");
        let server =
            probe.server.as_deref().map(|server| format!("; its server is {server}")).unwrap_or_default();
        findings.push(good("scheduler", format!("qsub and qstat are {place}, {version}{server}")));
    }
    if let Some(clock) = probe.clock {
        let off = clock - Utc::now().timestamp();
        if off.abs() > CLOCK_TOLERANCE_SECONDS {
            findings.push(finding(
                "clock",
                Verdict::Warning,
                format!("the host's clock differs from the server's by {off} s"),
                "times of jobs on this host are shown as its own clock tells them",
            ));
        }
    }
    findings.extend(probe.problems.iter().map(describe_problem));
    findings
}

fn describe_problem(problem: &ProbeProblem) -> CheckFinding {
    let (topic, advice) = match problem {
        ProbeProblem::Unreadable => {
            ("shell", "look at what the start-up files of the login shell do when nobody is at the terminal")
        }
        ProbeProblem::NoHome { .. } => {
            ("home", "ask the site: the account needs a home directory on this host")
        }
        ProbeProblem::NotWritable { .. } => {
            ("write_access", "make room or ask for quota; PBSWeb keeps its files below ~/pbsweb")
        }
        ProbeProblem::NoCommands => {
            ("scheduler", "an administrator can set the folder of qsub and qstat in the host's row")
        }
        ProbeProblem::Slurm { .. } => ("scheduler", "this host runs Slurm, which PBSWeb does not drive yet"),
        ProbeProblem::OtherScheduler { .. } => ("scheduler", "PBSWeb drives OpenPBS and PBS Professional"),
        ProbeProblem::ServerDown { .. } => {
            ("scheduler", "try again when the site has restarted the scheduler")
        }
    };
    finding(topic, Verdict::Failed, problem.to_string(), advice)
}

/// Why a host could not be asked, in words for the person who pressed Check.
fn describe_failure(reach: &Reach, error: &TransportError) -> CheckFinding {
    let place = format!("{}:{}", reach.endpoint.address, reach.endpoint.port);
    let failed =
        |topic: &str, message: String, advice: &str| finding(topic, Verdict::Failed, message, advice);
    match error {
        TransportError::HostKeyUnknown { offered, .. } => failed(
            "host_key",
            format!("no key of this host is confirmed; it shows {}", offered.fingerprint()),
            "an administrator has to compare the fingerprint and confirm it on the administration page",
        ),
        TransportError::HostKeyChanged { offered, pinned, .. } => failed(
            "host_key",
            format!(
                "the host's key has changed: confirmed is {}, shown was {}; nothing was sent",
                pinned.iter().map(crate::transport::HostKey::fingerprint).collect::<Vec<_>>().join(" or "),
                offered.fingerprint()
            ),
            "ask the site whether the host was reinstalled; an administrator can then confirm the new key",
        ),
        TransportError::KeyNotAccepted { login, .. } => failed(
            "login",
            format!("the host does not accept PBSWeb's key for {login}"),
            "install the line from your settings in ~/.ssh/authorized_keys on the host, and check the login name",
        ),
        TransportError::SecondFactorWanted { login, .. } => failed(
            "login",
            format!("the host accepts the key for {login} and asks for a second factor"),
            "PBSWeb cannot answer one; ask the site for key-only access from PBSWeb's address",
        ),
        TransportError::Unreachable { cause, .. } => {
            failed("connection", format!("{place} cannot be reached: {cause}"), unreachable_advice(cause))
        }
        TransportError::TimedOut { after, step } => failed(
            "connection",
            format!("{place} did not answer within {} s while {step}", after.as_secs()),
            "the host may be overloaded, or a start-up file of the login shell may wait for something",
        ),
        TransportError::ShellRefused { .. } => failed(
            "shell",
            error.to_string(),
            "the login shell or its start-up files end before a command runs; the account may be disabled",
        ),
        TransportError::Cut { .. } | TransportError::Truncated | TransportError::Closed => failed(
            "connection",
            format!("the connection to {place} was lost during the check"),
            "check again",
        ),
        TransportError::TooMuchOutput { .. } => failed(
            "shell",
            "the login shell prints more than can be read".to_owned(),
            "let its start-up files be quiet when nobody is at the terminal",
        ),
        TransportError::Busy { .. } => {
            failed("connection", "the host is busy with other requests".to_owned(), "check again in a moment")
        }
        TransportError::Sftp { .. }
        | TransportError::TooLarge { .. }
        | TransportError::Source(_)
        | TransportError::BadProgram(_) => failed("connection", error.to_string(), ""),
    }
}

const fn unreachable_advice(cause: &UnreachableCause) -> &'static str {
    match cause {
        UnreachableCause::NameNotResolved(_) => {
            "an administrator should look at the host's address: DNS does not know it"
        }
        UnreachableCause::Refused(_) => "nothing listens there: look at the port, or ask whether sshd runs",
        UnreachableCause::NoRoute(_) => {
            "no network leads there from the server; a jump host or a firewall rule may be needed"
        }
        UnreachableCause::TimedOut => "a firewall may drop PBSWeb's connections, or the host is down",
        UnreachableCause::Network(_) => "check again; if it stays, look at the server's network",
        UnreachableCause::Handshake(_) => {
            "what answers there does not speak SSH as expected: look at address and port"
        }
        UnreachableCause::JumpRefused(_) => {
            "the jump host cannot reach it: look at the address as seen from there"
        }
        UnreachableCause::ClosedEarly => "the host closes connections at once; it may limit their number",
    }
}
