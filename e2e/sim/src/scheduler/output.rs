//! Where a job's output goes: the spool while it runs, its place when it is over, or its place at once (`-k oed`).

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Scheduler;
use crate::site::job::{Job, RunKey};

/// One of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Stream {
    fn letter(self) -> char {
        match self {
            Self::Output => 'o',
            Self::Error => 'e',
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Output => "OU",
            Self::Error => "ER",
        }
    }
}

/// A stream of a run: where it is written and where it has to go.
#[derive(Debug)]
pub(super) struct Place {
    stream: Stream,
    /// Written here while the job runs.
    pub(super) written: PathBuf,
    /// Moved here at the end; `None` when it is there already.
    deliver_to: Option<PathBuf>,
    /// Counted as staged out.
    staged: bool,
}

/// The streams of a run; one of them when they are joined.
pub(super) fn places(scheduler: &Scheduler, job: &Job, key: RunKey) -> Vec<Place> {
    let streams = match job.join.as_str() {
        "oe" => vec![Stream::Output],
        "eo" => vec![Stream::Error],
        _ => vec![Stream::Output, Stream::Error],
    };
    streams.into_iter().map(|stream| place(scheduler, job, key, stream)).collect()
}

fn place(scheduler: &Scheduler, job: &Job, key: RunKey, stream: Stream) -> Place {
    let id = run_id(scheduler, key);
    let spool = scheduler.folder.site("spool").join(format!("{id}.{}", stream.extension()));
    let asked = match stream {
        Stream::Output => &job.output_path,
        Stream::Error => &job.error_path,
    };
    let path = asked.split_once(':').map_or(asked.as_str(), |(_, path)| path);
    let index = key.index.map(|index| index.to_string()).unwrap_or_default();
    let mut goal = Path::new(&job.home).join(path.replace("^array_index^", &index));
    if path.ends_with('/') || goal.is_dir() {
        goal.push(format!("{id}.{}", stream.extension()));
    }
    let kept = job.keep.contains(stream.letter());
    if kept && job.keep.contains('d') {
        // Written in place, when the place can be written.
        if open_new(&goal, 0o600).is_ok() {
            return Place { stream, written: goal, deliver_to: None, staged: true };
        }
    } else if kept {
        let dot = if key.index.is_some() { format!(".{index}") } else { String::new() };
        let name = format!("{}.{}{}{dot}", job.name, stream.letter(), job.sequence);
        return Place { stream, written: Path::new(&job.home).join(name), deliver_to: None, staged: false };
    }
    Place { stream, written: spool, deliver_to: Some(goal), staged: true }
}

pub(super) fn run_id(scheduler: &Scheduler, key: RunKey) -> String {
    let server = scheduler.site().name.clone();
    match key.index {
        Some(index) => format!("{}[{index}].{server}", key.sequence),
        None => format!("{}.{server}", key.sequence),
    }
}

fn open_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(path)
}

/// The files of a run, open for its processes: standard output and standard error.
pub(super) fn open(places: &[Place], mode: u32) -> io::Result<(File, File)> {
    let mut files = Vec::new();
    for place in places {
        open_new(&place.written, mode)?;
        if place.written.is_file() {
            std::fs::set_permissions(&place.written, Permissions::from_mode(mode))?;
        }
        // Appending, so that two streams or a message of the scheduler never overwrite each other.
        files.push(OpenOptions::new().append(true).open(&place.written)?);
    }
    let mut files = files.into_iter();
    let first = files.next().ok_or_else(|| io::Error::other("a job without output"))?;
    let second = match files.next() {
        Some(second) => second,
        None => first.try_clone()?,
    };
    Ok((first, second))
}

/// Whether every stream reached its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Nothing had to be delivered.
    None,
    Complete,
    Failed,
}

impl Delivery {
    pub(super) fn stageout_status(self) -> Option<i32> {
        match self {
            Self::None => None,
            Self::Complete => Some(1),
            Self::Failed => Some(0),
        }
    }
}

/// Moves the output of a run to its place.
pub(super) fn deliver(scheduler: &Scheduler, places: &[Place], remove: &str, mode: u32) -> Delivery {
    let mut delivery = Delivery::None;
    for place in places {
        if remove.contains(place.stream.letter()) {
            continue;
        }
        if place.staged && delivery == Delivery::None {
            delivery = Delivery::Complete;
        }
        let Some(goal) = &place.deliver_to else { continue };
        if let Err(error) = copy(&place.written, goal, mode) {
            tracing::info!(%error, path = %goal.display(), "output cannot be delivered");
            delivery = Delivery::Failed;
            if let Some(name) = place.written.file_name() {
                let left = scheduler.folder.site("undelivered").join(name);
                if let Err(error) = std::fs::rename(&place.written, left) {
                    tracing::warn!(%error, "undelivered output cannot be kept");
                }
            }
        } else if let Err(error) = std::fs::remove_file(&place.written) {
            tracing::warn!(%error, "the spool cannot be cleared");
        }
    }
    delivery
}

/// Whether the output could be delivered now; asked before it is tried.
pub(super) fn is_deliverable(places: &[Place]) -> bool {
    places
        .iter()
        .filter_map(|place| place.deliver_to.as_ref())
        .all(|goal| goal.exists() || goal.parent().is_some_and(Path::is_dir))
}

fn copy(from: &Path, to: &Path, mode: u32) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = open_new(to, mode)?;
    if target.metadata()?.is_file() {
        target.set_permissions(Permissions::from_mode(mode))?;
    }
    io::copy(&mut source, &mut target)?;
    target.flush()
}

/// Adds a line of the scheduler to the output of a run.
pub(super) fn append(scheduler: &Scheduler, key: RunKey, text: &str, to_output: bool) {
    let Some(job) = scheduler.site().jobs.get(&key.sequence).cloned() else { return };
    let wanted = if to_output { Stream::Output } else { Stream::Error };
    let places = places_of_running(scheduler, &job, key);
    let place = places.iter().find(|p| p.stream == wanted).or_else(|| places.first());
    let Some(place) = place else { return };
    let written =
        OpenOptions::new().append(true).open(&place.written).and_then(|mut f| writeln!(f, "{text}"));
    if let Err(error) = written {
        tracing::info!(%error, "a message for a job is lost");
    }
}

/// As [`places`], for a run whose files exist: nothing may be truncated.
fn places_of_running(scheduler: &Scheduler, job: &Job, key: RunKey) -> Vec<Place> {
    let spool = scheduler.folder.site("spool");
    let id = run_id(scheduler, key);
    [Stream::Output, Stream::Error]
        .into_iter()
        .filter_map(|stream| {
            let spooled = spool.join(format!("{id}.{}", stream.extension()));
            if spooled.exists() {
                return Some(Place { stream, written: spooled, deliver_to: None, staged: false });
            }
            let asked = if stream == Stream::Output { &job.output_path } else { &job.error_path };
            let path = asked.split_once(':').map_or(asked.as_str(), |(_, path)| path);
            let index = key.index.map(|index| index.to_string()).unwrap_or_default();
            let goal = Path::new(&job.home).join(path.replace("^array_index^", &index));
            goal.is_file().then_some(Place { stream, written: goal, deliver_to: None, staged: false })
        })
        .collect()
}
