//! Recorded refusals mean something sensible: no failed command is read as done, and no refusal of qsub as accepted.

use pbsweb::scheduler::openpbs::explain_status;
use pbsweb::scheduler::status::CommandKind;
use pbsweb::scheduler::{Explanation, Meaning, Scheduler, Steered, openpbs::OpenPbs};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobAction;
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::steering::{
    JobAlter, JobDelete, JobHold, JobMessage, JobMove, JobOrder, JobRerun, JobSignal, Steering,
};

use crate::recording::{Recording, framed, marker, names, recording};

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

/// Any request of the action: how an answer is read depends on nothing else of it.
fn steering_of(action: JobAction) -> Steering {
    match action {
        JobAction::Delete => Steering::Delete(JobDelete::default()),
        JobAction::Hold => Steering::Hold(JobHold::default()),
        JobAction::Release => Steering::Release(JobHold::default()),
        JobAction::Alter => Steering::Alter(JobAlter::default()),
        JobAction::Move => Steering::Move(JobMove::default()),
        JobAction::Rerun => Steering::Rerun(JobRerun::default()),
        JobAction::Signal => Steering::Signal(JobSignal::default()),
        JobAction::Message => Steering::Message(JobMessage::default()),
        JobAction::Order => Steering::Order(JobOrder { with: JobId::from_uuid(uuid::Uuid::nil()) }),
    }
}

fn targets(ids: &[&str]) -> Vec<Vec<PbsJobId>> {
    ids.iter().map(|id| vec![id.parse().unwrap()]).collect()
}

pub(crate) fn read(action: JobAction, ids: &[&str], recording: &Recording) -> Vec<Steered> {
    let answer = framed(&[("0", recording)]);
    OpenPbs.read_steering(&marker(), &steering_of(action), &targets(ids), false, &answer)
}

pub(crate) fn only(answers: Vec<Steered>) -> Explanation {
    match <[Steered; 1]>::try_from(answers) {
        Ok([Steered::Answered(explanation)]) => explanation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_recorded_steering_has_its_meaning() {
    let mut lines = Vec::new();
    for name in names("").into_iter().chain(names("release-23.06.06")) {
        let Some(action) = action_of(&name).filter(|_| !name.ends_with("-version")) else { continue };
        let recording = recording(&name);
        let found = only(read(action, &["1.vm"], &recording));
        assert_eq!(found.status, Some(recording.status), "{name}");
        assert_eq!(found.meaning == Meaning::Done, recording.status == 0, "{name}");
        assert!(recording.status == 0 || !found.words.is_empty(), "{name} keeps the scheduler's words");
        lines.push(format!("{name}: {} {:?}", recording.status, found.meaning));
    }
    insta::assert_snapshot!("steering", lines.join("\n"));
}

fn said(status: i32, words: &str) -> Recording {
    Recording { stdout: Vec::new(), stderr: words.as_bytes().to_vec(), status }
}

/// `done`, a status, or `?` for what has to be asked about alone.
fn outcomes(action: JobAction, ids: &[&str], recording: &Recording) -> Vec<String> {
    read(action, ids, recording)
        .into_iter()
        .map(|answer| match answer {
            Steered::Answered(Explanation { meaning: Meaning::Done, .. }) => "done".to_owned(),
            Steered::Answered(explanation) => {
                format!("{} {}", explanation.status.unwrap_or(-1), explanation.words)
            }
            Steered::Unclear => "?".to_owned(),
        })
        .collect()
}

#[test]
fn a_common_answer_is_taken_apart_by_the_ids_in_it() {
    let ids = ["12.vm", "99999.vm", "23.vm"];
    assert_eq!(
        outcomes(JobAction::Delete, &ids, &recording("qdel-ok-multi")),
        ["done", "153 qdel: Unknown Job Id 99999.vm", "done"]
    );
    // The release writes ids without the server.
    assert_eq!(
        outcomes(JobAction::Delete, &ids, &recording("release-23.06.06/qdel-err-unknown")),
        ["done", "153 qdel: Unknown Job Id 99999", "done"]
    );
    let several = said(
        168,
        "qhold: Unauthorized Request  12.vm\nqhold: Something new 99999.vm\nqhold: Request invalid for state of job 23.vm\n",
    );
    assert_eq!(
        outcomes(JobAction::Hold, &ids, &several),
        [
            "159 qhold: Unauthorized Request  12.vm",
            "-1 qhold: Something new 99999.vm",
            "168 qhold: Request invalid for state of job 23.vm"
        ]
    );
}

#[test]
fn a_complaint_without_an_id_is_nobodys() {
    let ids = ["12.vm", "99999.vm", "23.vm"];
    // Only qdel names a finished job.
    let words = String::from_utf8(recording("qhold-err-finished").stderr).unwrap();
    let finished = said(35, &format!("qhold: Unknown Job Id 99999.vm\n{words}"));
    assert_eq!(outcomes(JobAction::Hold, &ids, &finished), ["?", "153 qhold: Unknown Job Id 99999.vm", "?"]);
    // Without the server nothing was asked; but the others connect anew for each job.
    let gone = outcomes(JobAction::Delete, &ids, &recording("down-qdel-1"));
    assert!(gone.iter().all(|one| one.starts_with("162 Connection refused")), "{gone:?}");
    assert_eq!(outcomes(JobAction::Hold, &ids, &recording("down-qhold-1")), ["?", "?", "?"]);
    // A usage text, or an end by a signal, is about all.
    assert!(
        outcomes(JobAction::Alter, &ids, &recording("qalter-bad-name"))
            .iter()
            .all(|one| one.starts_with("2 "))
    );
    assert!(outcomes(JobAction::Hold, &ids, &said(137, "")).iter().all(|one| one.starts_with("137")));
}

#[test]
fn what_is_not_to_be_repeated_is_asked_alone() {
    let command = |steering: &Steering, alone| {
        let ids = targets(&["1.vm", "2.vm", "3.vm"]);
        let site = pbsweb::scheduler::Site::default();
        let command = OpenPbs.steer(&site, &marker(), steering, &ids, alone).unwrap();
        command.script.lines().filter(|line| line.starts_with("pbsweb_run ")).count()
    };
    for action in
        JobAction::ALL.iter().filter(|action| !matches!(action, JobAction::Alter | JobAction::Order))
    {
        let steering = steering_of(*action);
        assert_eq!(command(&steering, false), if steering.is_repeatable() { 1 } else { 3 }, "{action}");
        assert_eq!(command(&steering, true), 3, "{action}");
    }
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
    let whole = framed(&[("0", &recording("qdel-ok-running"))]);
    let text = String::from_utf8(whole).unwrap();
    let cut = text.split(" err ").next().unwrap();
    let delete = steering_of(JobAction::Delete);
    let found = OpenPbs.read_steering(&marker(), &delete, &targets(&["1.vm"]), false, cut.as_bytes());
    assert_eq!(only(found).meaning, Meaning::NoAnswer);
}

#[test]
fn the_attributes_of_a_job_are_those_of_the_form() {
    let found = OpenPbs.read_attributes(&marker(), &framed(&[("job", &recording("qstat-f"))])).unwrap();
    let set: Vec<String> = found
        .attributes
        .iter()
        .filter(|one| !one.value.is_empty())
        .map(|one| format!("{}={}", one.attribute, one.value))
        .collect();
    insta::assert_snapshot!("attributes", set.join("\n"));
    assert!(found.resources.contains_key("walltime") && found.resources.contains_key("select"), "{found:?}");
    let unknown = OpenPbs.read_attributes(&marker(), &framed(&[("job", &recording("qdel-err-unknown"))]));
    assert_eq!(unknown.unwrap_err().meaning, Meaning::UnknownJob);
}
