//! Running a job: its files, its environment, its processes, and what is left when they are gone.
//!
//! As OpenPBS does, the login shell of the owner is started in the home folder and gets the path of the script on
//! its standard input. The first process is `pbs-sim exec-job`, which makes a session of its own and sets the umask.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::output::{self, Place};
use super::{Scheduler, sessions};
use crate::site::Exit;
use crate::site::job::{Ending, Job, Run, RunKey};

/// Starts a run and watches it to its end.
pub(super) fn start(scheduler: &Arc<Scheduler>, key: RunKey) {
    let job = scheduler.site().jobs.get(&key.sequence).cloned();
    let Some((job, run)) = job.and_then(|job| job.run_of(key.index).cloned().map(|run| (job, run))) else {
        return;
    };
    let mode = file_mode(&job);
    let places = output::places(scheduler, &job, key);
    match launch(scheduler, &job, &run, key, &places, mode) {
        Ok((mut child, script)) => {
            let session = child.id().unwrap_or(0);
            scheduler.sessions().insert(key, session);
            if scheduler.stopping.is_cancelled() {
                // The host has stopped meanwhile and did not see this session.
                sessions::kill_session(session);
            }
            scheduler.change(|site| site.run_started(key, session, scheduler.now_ms() / 1000));
            let scheduler = Arc::clone(scheduler);
            tokio::spawn(async move {
                feed(&mut child, &script).await;
                let exit = watch(&scheduler, key, session, &mut child).await;
                finish(&scheduler, &job, key, exit, &places, mode).await;
            });
        }
        Err(error) => {
            tracing::warn!(%error, job.id = key.sequence, "a job cannot be started");
            let scheduler = Arc::clone(scheduler);
            tokio::spawn(async move {
                finish(&scheduler, &job, key, Exit::Code(-1), &places, mode).await;
            });
        }
    }
}

/// The mode of output files under the job's umask.
fn file_mode(job: &Job) -> u32 {
    0o666 & !umask(job)
}

fn umask(job: &Job) -> u32 {
    job.umask.as_deref().and_then(|digits| u32::from_str_radix(digits, 8).ok()).unwrap_or(0o077)
}

fn launch(
    scheduler: &Scheduler,
    job: &Job,
    run: &Run,
    key: RunKey,
    places: &[Place],
    mode: u32,
) -> io::Result<(Child, PathBuf)> {
    let id = output::run_id(scheduler, key);
    let spool = scheduler.folder.site("spool");
    let script = spool.join(format!("{id}.SC"));
    write_script(&script.with_extension("text"), job)?;
    let node_file = spool.join(format!("{id}.nodes"));
    let lines = run.placements.iter().flat_map(|p| (0..p.processes).map(|_| format!("{}\n", p.node)));
    std::fs::write(&node_file, lines.collect::<String>())?;
    let temporary = scheduler.folder.site("tmp").join(format!("pbs.{id}"));
    std::fs::create_dir_all(&temporary)?;
    let (stdout, stderr) = output::open(places, mode)?;
    let account = scheduler.account(&job.owner);
    let login_shell = account.map_or_else(|| PathBuf::from(&job.shell), |account| account.shell);
    let shell = match &job.shell_path {
        // `-S path@host,path`: the part without host, or the first.
        Some(list) => PathBuf::from(list.split(',').next().unwrap_or(list).split('@').next().unwrap_or(list)),
        None if login_shell.as_os_str().is_empty() => PathBuf::from("/bin/sh"),
        None => login_shell.clone(),
    };
    let mut command = Command::new(&scheduler.binary);
    command
        .args(["exec-job", &format!("{:o}", umask(job))])
        .args([&shell, &script])
        .env_clear()
        .envs(job.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(&job.home)
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(stderr);
    let ncpus = run.placements.first().map_or(1, |p| p.ncpus).to_string();
    let server = scheduler.site().name.clone();
    command
        .env("HOME", &job.home)
        .env("USER", &job.owner)
        .env("LOGNAME", &job.owner)
        .env("SHELL", &login_shell)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("TZ", "UTC")
        .env("ENVIRONMENT", "BATCH")
        .env("PBS_ENVIRONMENT", "PBS_BATCH")
        .env("PBS_JOBID", &id)
        .env("PBS_JOBNAME", &job.name)
        .env("PBS_JOBDIR", &job.home)
        .env("PBS_QUEUE", &job.queue)
        .env("PBS_NODEFILE", &node_file)
        .env("PBS_NODENUM", "0")
        .env("PBS_TASKNUM", "1")
        .env("NCPUS", &ncpus)
        .env("OMP_NUM_THREADS", &ncpus)
        .env("TMPDIR", &temporary);
    if let Some(index) = key.index {
        command.env("PBS_ARRAY_INDEX", index.to_string());
        command.env("PBS_ARRAY_ID", format!("{}[].{server}", key.sequence));
    }
    Ok((command.spawn()?, script))
}

fn write_script(path: &Path, job: &Job) -> io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    if job.executable.is_empty() {
        file.write_all(&job.script)?;
    } else {
        let quote = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
        let words: Vec<String> = job.executable.iter().map(quote).collect();
        writeln!(file, "#!/bin/sh\nexec {}", words.join(" "))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o700))
}

async fn feed(child: &mut Child, script: &Path) {
    if let Some(mut stdin) = child.stdin.take() {
        let line = format!("'{}'\n", script.display());
        // A shell that is gone already says so by its exit status.
        let _gone = stdin.write_all(line.as_bytes()).await;
    }
}

/// Waits for the top process and, when the run was told to end, for the rest of its session.
async fn watch(scheduler: &Scheduler, key: RunKey, session: u32, child: &mut Child) -> Exit {
    let status = child.wait().await;
    let told_to_end = || scheduler.site().run_mut(key).is_some_and(|run| run.ending.is_some());
    while told_to_end() && !sessions::members(session).is_empty() {
        // The scheduler's cycle sends the last signal when the time for the first is over.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let signalled = scheduler.site().run_mut(key).is_some_and(|run| run.signalled_ms.is_some());
        if !signalled {
            sessions::signal_session(session, 9);
        }
    }
    sessions::kill_session(session);
    status.map_or(Exit::Code(-1), exit_of)
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}

async fn finish(scheduler: &Arc<Scheduler>, job: &Job, key: RunKey, exit: Exit, places: &[Place], mode: u32) {
    scheduler.sessions().remove(&key);
    if scheduler.stopping.is_cancelled() {
        return;
    }
    let requeued = scheduler.site().run_mut(key).is_some_and(|run| run.ending == Some(Ending::Requeue));
    let id = output::run_id(scheduler, key);
    let deliver = scheduler.change(|site| site.run_exited(key, exit, scheduler.now_ms()));
    if deliver {
        if !output::is_deliverable(places) {
            tokio::time::sleep(scheduler.undelivered_delay).await;
        }
        let remove = match (&job.remove, exit) {
            (Some(letters), Exit::Code(0)) => letters.as_str(),
            _ => "",
        };
        let delivery = output::deliver(scheduler, places, remove, mode);
        scheduler
            .change(|site| site.run_delivered(key, delivery.stageout_status(), scheduler.now_ms() / 1000));
    }
    if !requeued {
        let spool = scheduler.folder.site("spool");
        for name in ["SC", "nodes"] {
            if let Err(error) = std::fs::remove_file(spool.join(format!("{id}.{name}"))) {
                tracing::debug!(%error, "a file of a job was gone already");
            }
        }
        let temporary = scheduler.folder.site("tmp").join(format!("pbs.{id}"));
        if let Err(error) = std::fs::remove_dir_all(temporary) {
            tracing::debug!(%error, "a job's temporary folder was gone already");
        }
    }
}
