//! The commands that steer jobs: `qdel`, `qhold`, `qrls`, `qalter`, `qmove`, `qrerun`, `qsig`, `qmsg`, `qorder`.

use pbsweb_shared::job::JobAction;
use pbsweb_shared::names::PbsJobId;

use super::status::explain_status;
use super::{RUN, bindings};
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker, Steering, ids_of};
use crate::scheduler::frames::Frames;
use crate::scheduler::status::{CommandKind, Explanation, Meaning};

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    steering: &Steering,
    jobs: &[PbsJobId],
) -> Result<Command, CommandError> {
    if jobs.is_empty() {
        return Err(CommandError::NoIds);
    }
    let (name, options): (&str, Vec<String>) = match steering {
        Steering::Delete { is_forced: false } => ("qdel", vec![]),
        Steering::Delete { is_forced: true } => ("qdel", vec!["-W".into(), "force".into()]),
        Steering::Hold(kind) => ("qhold", vec!["-h".into(), kind.letter().into()]),
        Steering::Release(kind) => ("qrls", vec!["-h".into(), kind.letter().into()]),
        Steering::Alter { arguments } if arguments.is_empty() => return Err(CommandError::NothingToChange),
        Steering::Alter { arguments } => ("qalter", arguments.clone()),
        Steering::Move { destination } => ("qmove", vec![destination.clone()]),
        Steering::Rerun => ("qrerun", vec![]),
        Steering::Signal { signal } => ("qsig", vec!["-s".into(), signal.clone()]),
        Steering::Message { text, to_output } => {
            ("qmsg", vec![if *to_output { "-O" } else { "-E" }.into(), text.clone()])
        }
        Steering::Order if jobs.len() != 2 => return Err(CommandError::NotTwo),
        Steering::Order => ("qorder", vec![]),
    };
    let mut bindings = bindings(site, marker);
    let words = bindings.bind_all("arg", options.into_iter().chain(ids_of(jobs)));
    let action = action_of(steering);
    // `TZ` stays the host's: qalter -a reads times in it.
    let program = format!(
        "{{ pbsweb_run {action} \"${{pbsweb_bin}}{name}\" {words}; }} 3>&1\nprintf '%s done\\n' \"$PBSWEB_marker\"\n"
    );
    bindings.into_command(format!("{RUN}{program}"))
}

fn action_of(steering: &Steering) -> JobAction {
    match steering {
        Steering::Delete { .. } => JobAction::Delete,
        Steering::Hold(_) => JobAction::Hold,
        Steering::Release(_) => JobAction::Release,
        Steering::Alter { .. } => JobAction::Alter,
        Steering::Move { .. } => JobAction::Move,
        Steering::Rerun => JobAction::Rerun,
        Steering::Signal { .. } => JobAction::Signal,
        Steering::Message { .. } => JobAction::Message,
        Steering::Order => JobAction::Order,
    }
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> Explanation {
    let frames = Frames::read(marker, stdout);
    for action in JobAction::ALL {
        if let Some(ran) = frames.command(action.as_str()) {
            let printed = String::from_utf8_lossy(ran.stdout);
            let words = format!("{}\n{}", ran.stderr, printed.trim());
            return explain_status(CommandKind::Steer(*action), ran.status, &words);
        }
    }
    Explanation { meaning: Meaning::NoAnswer, status: None, words: String::new() }
}
