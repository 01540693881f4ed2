//! The commands that steer jobs: `qdel`, `qhold`, `qrls`, `qalter`, `qmove`, `qrerun`, `qsig`, `qmsg`, `qorder`.
//!
//! Given several ids, a command goes through all of them, complains of each that it could not serve, and exits with the
//! status of the last complaint (qdel-ok-multi). Most complaints end in the id they are about; "Job has finished" of all
//! but `qdel`, and what is said when the server cannot be reached, do not.

use std::ops::Range;

use pbsweb_shared::job::JobAction;
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::script::values::StartTime;
use pbsweb_shared::steering::{Attribute, JobAlter, JobDelete, Steering};

use super::status::{explain_status, status_of};
use super::{RUN, bindings};
use crate::scheduler::command::{Command, CommandError, Marker, ids_of};
use crate::scheduler::frames::{Frames, Ran};
use crate::scheduler::status::{CommandKind, Explanation, Meaning, Steered};
use crate::scheduler::{Site, SteeringCost};

/// `qdel` puts all ids into one request: 5000 took it 11 s. The others connect for each id.
const IDS_OF_QDEL: usize = 100;
const IDS_OF_OTHERS: usize = 25;

pub(super) fn cost(steering: &Steering) -> SteeringCost {
    match steering.action() {
        JobAction::Delete => SteeringCost { targets_per_exchange: IDS_OF_QDEL, connects_for_each: false },
        JobAction::Hold
        | JobAction::Release
        | JobAction::Alter
        | JobAction::Move
        | JobAction::Rerun
        | JobAction::Signal
        | JobAction::Message
        | JobAction::Order => SteeringCost { targets_per_exchange: IDS_OF_OTHERS, connects_for_each: true },
    }
}

/// Which targets share a command. One whose repetition would do it twice is never asked about again, so that its answer
/// must be clear at once.
fn shares(steering: &Steering, n_targets: usize, alone: bool) -> Vec<Range<usize>> {
    let n = if alone || !steering.is_repeatable() { 1 } else { cost(steering).targets_per_exchange };
    (0..n_targets).step_by(n).map(|first| first..(first + n).min(n_targets)).collect()
}

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    steering: &Steering,
    targets: &[Vec<PbsJobId>],
    alone: bool,
) -> Result<Command, CommandError> {
    if targets.is_empty() || targets.iter().any(Vec::is_empty) {
        return Err(CommandError::NoIds);
    }
    if steering.action() == JobAction::Order && targets.iter().any(|target| target.len() != 2) {
        return Err(CommandError::NotTwo);
    }
    let (name, options) = name_and_options(steering)?;
    let mut bindings = bindings(site, marker);
    let options = bindings.bind_all("arg", options);
    let mut calls = String::new();
    for (i, share) in shares(steering, targets.len(), alone).into_iter().enumerate() {
        let ids = targets.get(share).unwrap_or_default().iter().flat_map(|target| ids_of(target));
        let ids = bindings.bind_all(&format!("id{i}"), ids);
        calls.push_str(&format!("pbsweb_run {i} \"${{pbsweb_bin}}{name}\" {options} {ids}\n"));
    }
    bindings.into_command(format!("{RUN}{{\n{calls}}} 3>&1\nprintf '%s done\\n' \"$PBSWEB_marker\"\n"))
}

/// The command and what stands before the ids.
fn name_and_options(steering: &Steering) -> Result<(&'static str, Vec<String>), CommandError> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    Ok(match steering {
        Steering::Delete(JobDelete { force: false, .. }) => ("qdel", vec![]),
        Steering::Delete(JobDelete { force: true, .. }) => ("qdel", words(&["-W", "force"])),
        Steering::Hold(hold) => ("qhold", words(&["-h", hold.kind.letter()])),
        Steering::Release(hold) => ("qrls", words(&["-h", hold.kind.letter()])),
        Steering::Alter(alter) => ("qalter", alter_options(alter)?),
        Steering::Move(to) => ("qmove", words(&[&to.destination])),
        Steering::Rerun(_) => ("qrerun", vec![]),
        Steering::Signal(signal) => ("qsig", words(&["-s", &signal.signal])),
        // A text may begin with a dash.
        Steering::Message(message) => {
            ("qmsg", words(&[if message.to_stderr { "-E" } else { "-O" }, "--", &message.text]))
        }
        Steering::Order(_) => ("qorder", vec![]),
    })
}

fn alter_options(alter: &JobAlter) -> Result<Vec<String>, CommandError> {
    let mut options = Vec::new();
    for (attribute, value) in &alter.attributes {
        let (option, name) = option_of(*attribute);
        let time = value.parse::<StartTime>().ok().filter(|_| *attribute == Attribute::StartAfter);
        let value = time.map_or_else(|| value.clone(), |time| time.as_pbs());
        options.push(option.to_owned());
        options.push(if name.is_empty() { value } else { format!("{name}={value}") });
    }
    for (name, value) in &alter.resources {
        options.push("-l".to_owned());
        options.push(format!("{name}={value}"));
    }
    if options.is_empty() { Err(CommandError::NothingToChange) } else { Ok(options) }
}

/// The option of `qalter`, and for `-W` the attribute's name behind it.
const fn option_of(attribute: Attribute) -> (&'static str, &'static str) {
    match attribute {
        Attribute::Name => ("-N", ""),
        Attribute::Priority => ("-p", ""),
        Attribute::StartAfter => ("-a", ""),
        Attribute::Dependencies => ("-W", "depend"),
        Attribute::Account => ("-A", ""),
        Attribute::Project => ("-P", ""),
        Attribute::MailEvents => ("-m", ""),
        Attribute::MailUsers => ("-M", ""),
        Attribute::OutputPath => ("-o", ""),
        Attribute::ErrorPath => ("-e", ""),
        Attribute::Join => ("-j", ""),
        Attribute::Keep => ("-k", ""),
        Attribute::Remove => ("-R", ""),
        Attribute::Rerunnable => ("-r", ""),
        Attribute::Shell => ("-S", ""),
        Attribute::Checkpoint => ("-c", ""),
        Attribute::UserList => ("-u", ""),
        Attribute::GroupList => ("-W", "group_list"),
        Attribute::StageIn => ("-W", "stagein"),
        Attribute::StageOut => ("-W", "stageout"),
        Attribute::Umask => ("-W", "umask"),
        Attribute::Sandbox => ("-W", "sandbox"),
        Attribute::MaxRunSubjobs => ("-W", "max_run_subjobs"),
        Attribute::RunCount => ("-W", "run_count"),
        Attribute::ReleaseNodes => ("-W", "release_nodes_on_stageout"),
        Attribute::TolerateNodeFailures => ("-W", "tolerate_node_failures"),
    }
}

pub(super) fn read(
    marker: &Marker,
    steering: &Steering,
    targets: &[Vec<PbsJobId>],
    alone: bool,
    stdout: &[u8],
) -> Vec<Steered> {
    let frames = Frames::read(marker, stdout);
    let mut found = Vec::with_capacity(targets.len());
    for (i, share) in shares(steering, targets.len(), alone).into_iter().enumerate() {
        let targets = targets.get(share).unwrap_or_default();
        match frames.command(&i.to_string()) {
            Some(ran) => found.extend(read_share(steering.action(), targets, &ran)),
            None => {
                let cut = Explanation { meaning: Meaning::NoAnswer, status: None, words: String::new() };
                found.extend(targets.iter().map(|_| Steered::Answered(cut.clone())));
            }
        }
    }
    found
}

fn read_share(action: JobAction, targets: &[Vec<PbsJobId>], ran: &Ran<'_>) -> Vec<Steered> {
    let printed = String::from_utf8_lossy(ran.stdout);
    let words = format!("{}\n{}", ran.stderr, printed.trim());
    let whole = explain_status(CommandKind::Steer(action), ran.status, &words);
    // One target: all that is said is about it. Success, a usage text, or an end by a signal: said of all.
    let is_killed = whole.meaning == Meaning::Uncertain;
    if targets.len() == 1 || ran.status == 0 || ran.status == 2 || is_killed {
        return targets.iter().map(|_| Steered::Answered(whole.clone())).collect();
    }
    let mut about: Vec<Option<&str>> = vec![None; targets.len()];
    let mut nameless = Vec::new();
    for line in ran.stderr.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let last = line.rsplit(' ').next().unwrap_or_default();
        match targets.iter().position(|target| target.iter().any(|id| is_named(id, last))) {
            Some(at) => {
                if let Some(slot) = about.get_mut(at) {
                    *slot = Some(line);
                }
            }
            None => nameless.push(line),
        }
    }
    // qdel makes one connection for all; without it nothing was asked.
    let is_unconnected = whole.meaning == Meaning::ServerUnreachable && about.iter().all(Option::is_none);
    let only_complaint = about.iter().flatten().count() == 1 && nameless.is_empty();
    about
        .into_iter()
        .map(|line| match line {
            Some(line) => {
                let status = if only_complaint { Some(ran.status) } else { status_of(line) };
                Steered::Answered(match status {
                    Some(status) => explain_status(CommandKind::Steer(action), status, line),
                    None => {
                        Explanation { meaning: Meaning::BadRequest, status: None, words: line.to_owned() }
                    }
                })
            }
            None if nameless.is_empty() => {
                Steered::Answered(explain_status(CommandKind::Steer(action), 0, ""))
            }
            None if is_unconnected && action == JobAction::Delete => Steered::Answered(whole.clone()),
            None => Steered::Unclear,
        })
        .collect()
}

/// Whether a complaint's last word is this id; the release writes it without the server's name, and none writes the server that
/// was asked.
fn is_named(id: &PbsJobId, word: &str) -> bool {
    let word = word.split_once('@').map_or(word, |(id, _)| id);
    let id = id.without_server();
    id == word || id.split_once('.').is_some_and(|(number, _)| number == word)
}
