//! What a scientist does, all of it through the public API, but for the one line that has to be pasted on the host.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use pbsweb_e2e::live::Client;
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::api::builds::{Build, BuildCreate, BuildState};
use pbsweb_shared::api::hosts::{CheckReport, Host, HostAccount, HostAccountPut, Verdict};
use pbsweb_shared::api::jobs::{Job, JobSubmit};
use pbsweb_shared::api::me::SshKey;
use pbsweb_shared::job::JobState;
use pbsweb_shared::script::{ChunkDraft, JobScriptDraft};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use uuid::Uuid;

use crate::clusters::{Cluster, Clusters, LOGIN};
use crate::people::People;
use crate::say::{Step, say, show};

/// The name of the sample application.
const NAME: &str = "heat2d";

/// Where the sample's source is: it stands beside this program's own source.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample");

/// The job takes about two seconds; a busy machine takes longer.
const JOB_LIMIT: Duration = Duration::from_secs(180);

/// Takes the whole way, on the first cluster; on the others only the account is made ready.
pub(crate) async fn tell(
    client: &Client,
    people: &People,
    clusters: &Clusters,
    hosts: &[Host],
) -> anyhow::Result<()> {
    let step = Step::begin();
    let scientist = client.sign_in(&people.scientist.name, &people.scientist.password).await?;
    step.end(&format!("signed in as {}", people.scientist.name));

    let step = Step::begin();
    let key: SshKey = scientist.get("/me/ssh-key").await?;
    step.end(&format!("read the own public key, {}", key.fingerprint));
    for (cluster, host) in clusters.0.iter().zip(hosts) {
        open_account(&scientist, cluster, host, &key).await?;
    }

    let host = hosts.first().context("there is no host")?;
    let application = upload(&scientist, host).await?;
    build(&scientist, host, &application).await?;
    let job = submit(&scientist, host, &application).await?;
    let job = watch(&scientist, job).await?;
    read_output(&scientist, &job).await?;
    scientist.sign_out().await
}

async fn open_account(
    scientist: &Client,
    cluster: &Cluster,
    host: &Host,
    key: &SshKey,
) -> anyhow::Result<()> {
    let name = cluster.name;
    if !cluster.has_key(&key.authorized_keys_line) {
        let step = Step::begin();
        cluster.paste(&key.install_command)?;
        step.end(&format!("installed the key on {name}, as one pastes its command there"));
    }
    let step = Step::begin();
    let path = format!("/hosts/{}", host.id);
    let account = HostAccountPut { login: LOGIN.to_owned() };
    let _: HostAccount = scientist.put(&format!("{path}/account"), &account).await?;
    let report: CheckReport = scientist.post(&format!("{path}/check"), &()).await?;
    step.end(&format!("checked the account {LOGIN} on {name}:"));
    for finding in &report.findings {
        let mark = match finding.verdict {
            Verdict::Good => "✓",
            Verdict::Warning => "!",
            Verdict::Failed => "✗",
        };
        show(&format!("{mark} {}: {}", finding.topic, finding.message));
    }
    ensure!(report.is_ok, "the account on {name} is not usable");
    Ok(())
}

async fn upload(scientist: &Client, host: &Host) -> anyhow::Result<Application> {
    let step = Step::begin();
    let archive = pack(Path::new(SAMPLE))?;
    let n_bytes = archive.len();
    let part = Part::bytes(archive).file_name(format!("{NAME}.tar.gz")).mime_str("application/gzip")?;
    // What names the place comes before what goes there.
    let form = Form::new().text("name", NAME).text("host", host.id.to_string()).part("archive", part);
    let request = scientist.request(Method::POST, "/applications").multipart(form);
    let application: Application = scientist.answer(request).await?;
    step.end(&format!("uploaded {NAME}.tar.gz ({n_bytes} bytes) to {}", host.name));
    Ok(application)
}

/// The sample as an archive, without what somebody may have built in it.
fn pack(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { bail!("no sample") };
    let output = Command::new("tar")
        .arg("--exclude=sample/heat2d")
        .arg("-C")
        .arg(parent)
        .args(["-czf", "-"])
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .context("cannot run tar")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cannot pack {}: {}", folder.display(), words.trim());
    Ok(output.stdout)
}

async fn build(scientist: &Client, host: &Host, application: &Application) -> anyhow::Result<()> {
    let step = Step::begin();
    let wish = BuildCreate { host: host.id, command: None, target: Some("heat2d test".to_owned()) };
    let build: Build = scientist.post(&format!("/applications/{}/builds", application.id), &wish).await?;
    let path = format!("/builds/{}", build.id);
    say(&format!("            `{}` on {}, as it comes:", build.command, host.name));
    follow(scientist, &format!("{path}/output?follow=true")).await?;
    let build: Build = scientist.get(&path).await?;
    step.end(&format!("built it: {}, exit status {}", build.state, status_text(build.exit_status)));
    ensure!(
        build.state == BuildState::Succeeded,
        "the build did not succeed: {}",
        build.detail.unwrap_or_default()
    );
    Ok(())
}

/// Shows a stream's lines as they arrive.
async fn follow(client: &Client, path: &str) -> anyhow::Result<()> {
    let mut stream = client.send(client.request(Method::GET, path)).await?.bytes_stream();
    let mut begun = Vec::new();
    while let Some(bytes) = stream.next().await {
        begun.extend_from_slice(&bytes.context("the output was cut off")?);
        if let Some(end) = begun.iter().rposition(|byte| *byte == b'\n') {
            let whole: Vec<u8> = begun.drain(..=end).collect();
            show(&String::from_utf8_lossy(&whole));
        }
    }
    show(&String::from_utf8_lossy(&begun));
    Ok(())
}

async fn submit(scientist: &Client, host: &Host, application: &Application) -> anyhow::Result<Job> {
    let step = Step::begin();
    let wish = JobSubmit {
        host: host.id,
        application: Some(application.id),
        script: JobScriptDraft {
            name: NAME.to_owned(),
            walltime: "0:05:00".to_owned(),
            chunks: vec![ChunkDraft {
                ncpus: "1".to_owned(),
                mem: "200mb".to_owned(),
                ..ChunkDraft::default()
            }],
            commands: "echo \"running on $(hostname) in $PWD\"\n./heat2d 400 12000\n".to_owned(),
            ..JobScriptDraft::default()
        },
        script_name: None,
        of: None,
    };
    let request =
        scientist.request(Method::POST, "/jobs").header("Idempotency-Key", Uuid::new_v4().to_string());
    let job: Job = scientist.answer(request.json(&wish)).await?;
    let Some(pbs_id) = &job.pbs_id else {
        bail!("the job is {}: {}", job.state, job.reason.unwrap_or_default());
    };
    step.end(&format!("submitted the job; the scheduler calls it {pbs_id}"));
    Ok(job)
}

async fn watch(scientist: &Client, job: Job) -> anyhow::Result<Job> {
    let begun = Instant::now();
    let mut step = Step::begin();
    let mut job = job;
    let mut shown = None;
    while !job.state.has_ended() {
        if shown.replace(job.state) != Some(job.state) {
            std::mem::replace(&mut step, Step::begin()).end(&format!("the job is {}", job.state));
        }
        ensure!(begun.elapsed() < JOB_LIMIT, "the job has not ended within {} s", JOB_LIMIT.as_secs());
        // A short wait: a change between two requests is not waited for again.
        job = scientist.get(&format!("/jobs/{}?wait=1&until=change", job.id)).await?;
    }
    step.end(&format!("the job is {}, exit status {}", job.state, status_text(job.exit_status)));
    ensure!(job.state == JobState::Completed, "the job did not complete: {}", job.reason.unwrap_or_default());
    Ok(job)
}

async fn read_output(scientist: &Client, job: &Job) -> anyhow::Result<()> {
    let step = Step::begin();
    let request = scientist.request(Method::GET, &format!("/jobs/{}/output/stdout", job.id));
    let output = scientist.send(request).await?.text().await?;
    step.end("read its standard output:");
    show(&output);
    ensure!(output.contains("checksum"), "the output is not what {NAME} prints");
    Ok(())
}

fn status_text(status: Option<i32>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}
