//! Recorded refusals mean something sensible: no failed command is read as done, and no refusal of qsub as accepted.

use pbsweb::scheduler::openpbs::explain_status;
use pbsweb::scheduler::status::CommandKind;
use pbsweb::scheduler::{Meaning, Scheduler, openpbs::OpenPbs};
use pbsweb_shared::job::JobAction;

use crate::recording::{framed, marker, names, recording};

fn action_of(name: &str) -> Option<JobAction> {
    let command = name.rsplit('/').next()?.trim_start_matches("down-").split('-').next()?;
    Some(match command {
        "qdel" => JobAction::Delete,
        "qhold" => JobAction::Hold,
        "qrls" => JobAction::Release,
        "qalter" => JobAction::Alter,
        "qmove" => JobAction::Move,
        "qrerun" => JobAction::Rerun,
        "qsig" => JobAction::Signal,
        "qmsg" => JobAction::Message,
        "qorder" => JobAction::Order,
        _ => return None,
    })
}

#[test]
fn every_recorded_steering_has_its_meaning() {
    let mut lines = Vec::new();
    for name in names("").into_iter().chain(names("release-23.06.06")) {
        let Some(action) = action_of(&name).filter(|_| !name.ends_with("-version")) else { continue };
        let recording = recording(&name);
        let found = OpenPbs.read_steering(&marker(), &framed(&[(action.as_str(), &recording)]));
        assert_eq!(found.status, Some(recording.status), "{name}");
        assert_eq!(found.meaning == Meaning::Done, recording.status == 0, "{name}");
        assert!(recording.status == 0 || !found.words.is_empty(), "{name} keeps the scheduler's words");
        lines.push(format!("{name}: {} {:?}", recording.status, found.meaning));
    }
    insta::assert_snapshot!("steering", lines.join("\n"));
}

#[test]
fn every_recorded_refusal_of_qsub_is_final_unless_the_server_was_away() {
    for name in names("").into_iter().chain(names("release-23.06.06")) {
        if !name.contains("qsub") {
            continue;
        }
        let recording = recording(&name);
        let words = String::from_utf8_lossy(&recording.stderr);
        let found = explain_status(CommandKind::Submit, recording.status, &words);
        // 162: the server was away; 124: it did not answer. 255 is said by the client, whatever became of the request
        // (qsub-err-cwd-missing).
        let is_away = [255, 162, 124].contains(&recording.status);
        assert_eq!(found.meaning.is_retryable(), is_away, "{name}: {found:?}");
    }
}

#[test]
fn a_cut_answer_to_steering_is_no_success() {
    let whole = framed(&[("delete", &recording("qdel-ok-running"))]);
    let text = String::from_utf8(whole).unwrap();
    let cut = text.split(" err ").next().unwrap();
    assert_eq!(OpenPbs.read_steering(&marker(), cut.as_bytes()).meaning, Meaning::NoAnswer);
}
