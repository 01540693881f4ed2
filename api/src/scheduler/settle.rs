//! What evidence proves about a submission. Never a guess: where nothing is proved, the answer is to keep looking.

use pbsweb_shared::names::PbsJobId;

use super::look_up::{FolderFacts, ListingEvidence, LookUp, TryFacts};
use super::status::Explanation;
use super::submission::SubmissionReply;

/// How long after the end of a qsub a listing without its job counts: a request may wait in the server's socket when its
/// sender is dead already. Counted from when a look first saw it gone, for it may have begun long before it asked.
const IN_FLIGHT_SECONDS: i64 = 120;

/// What is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The scheduler has, or had, the job.
    Accepted(PbsJobId),
    /// It refused it for good.
    Refused(Explanation),
    /// No job came of it: another attempt is safe, under this number.
    TryAgain {
        /// The number for [`super::SubmitRequest::attempt`].
        attempt: u32,
    },
    /// Nothing is proved; this is why, for the user.
    KeepLooking(String),
}

/// Settles a submission, or says why it cannot be settled yet.
#[must_use]
pub fn settle(evidence: &LookUp) -> Settlement {
    let (tries, epilogue): (&[TryFacts], _) = match &evidence.folder {
        FolderFacts::Present { tries, epilogue } => (tries, epilogue.as_ref()),
        FolderFacts::Absent | FolderFacts::Unreadable => (&[], None),
    };
    match accepted_ids(evidence, tries, epilogue.and_then(|facts| facts.pbs_id.as_ref())).as_slice() {
        [id] => return Settlement::Accepted((*id).clone()),
        [] => {}
        [first, ..] => {
            // An answer of qsub names the job that PBSWeb submitted; the others may be copies of its script.
            let answered: Vec<&PbsJobId> = tries.iter().filter_map(answered_id).collect();
            if let [only] = answered.as_slice() {
                return Settlement::Accepted((*only).clone());
            }
            return keep(format!("several jobs say that they are this one, {first} among them"));
        }
    }
    if epilogue.is_some() {
        return keep("the job has left traces of a run, but its id is not known yet".to_owned());
    }
    let Some(last) = tries.last() else { return settle_without_tries(evidence) };
    match &last.answer {
        Some(SubmissionReply::Refused { explanation }) if !explanation.meaning.is_retryable() => {
            Settlement::Refused(explanation.clone())
        }
        Some(SubmissionReply::Refused { explanation }) if !explanation.meaning.may_have_happened() => {
            match &evidence.listing {
                ListingEvidence::Complete { n_unreadable: 0, .. } => again_after(last),
                ListingEvidence::Complete { .. } => keep(unreadable_jobs()),
                ListingEvidence::Unavailable(_) => keep(words_of(explanation)),
            }
        }
        None if !last.has_begun => Settlement::TryAgain { attempt: last.attempt },
        None => settle_without_answer(evidence, last),
        Some(answer) => {
            let said = match answer {
                SubmissionReply::Refused { explanation } => words_of(explanation),
                SubmissionReply::Accepted { words, .. } | SubmissionReply::NoId { words } => {
                    format!("qsub printed no job id, but: {words}")
                }
                SubmissionReply::InProgress(_)
                | SubmissionReply::NotStarted { .. }
                | SubmissionReply::Unreadable => "qsub's answer on the host cannot be read".to_owned(),
            };
            settle_by_history(evidence, last, &said)
        }
    }
}

/// The ids that anything names, each once; the folder's own words first.
fn accepted_ids<'a>(
    evidence: &'a LookUp,
    tries: &'a [TryFacts],
    from_job: Option<&'a PbsJobId>,
) -> Vec<&'a PbsJobId> {
    let listed = match &evidence.listing {
        ListingEvidence::Complete { tagged, .. } => tagged.as_slice(),
        ListingEvidence::Unavailable(_) => &[],
    };
    let mut ids: Vec<&PbsJobId> = Vec::new();
    for id in tries.iter().filter_map(answered_id).chain(listed).chain(from_job) {
        // A subjob's record names the array's element; the array is what was submitted.
        if !ids.iter().any(|known| *known == id || is_element_of(id, known)) {
            ids.push(id);
        }
    }
    ids
}

fn answered_id(facts: &TryFacts) -> Option<&PbsJobId> {
    match &facts.answer {
        Some(SubmissionReply::Accepted { pbs_id, .. }) => Some(pbs_id),
        Some(
            SubmissionReply::Refused { .. }
            | SubmissionReply::NoId { .. }
            | SubmissionReply::InProgress(_)
            | SubmissionReply::NotStarted { .. }
            | SubmissionReply::Unreadable,
        )
        | None => facts.printed_id.as_ref(),
    }
}

/// Whether `id` is `12[3].vm` of the array `12[].vm`.
fn is_element_of(id: &PbsJobId, array: &PbsJobId) -> bool {
    match (id.as_str().split_once('['), array.as_str().split_once("[]")) {
        (Some((number, rest)), Some((array_number, server))) => {
            number == array_number && rest.ends_with(server)
        }
        (Some(_) | None, Some(_) | None) => false,
    }
}

/// There is no trace of an attempt in the folder, or no folder.
fn settle_without_tries(evidence: &LookUp) -> Settlement {
    match (&evidence.folder, &evidence.listing) {
        (FolderFacts::Unreadable, _) => keep("the job's folder on the host could not be read".to_owned()),
        (FolderFacts::Present { .. }, _) => Settlement::TryAgain { attempt: 1 },
        // The folder is the first thing that is made; somebody may have removed it since, so the listing must agree.
        (FolderFacts::Absent, ListingEvidence::Complete { n_unreadable: 0, .. }) => {
            Settlement::TryAgain { attempt: 1 }
        }
        (FolderFacts::Absent, ListingEvidence::Complete { .. }) => keep(unreadable_jobs()),
        (FolderFacts::Absent, ListingEvidence::Unavailable(unavailable)) => {
            keep(format!("the scheduler does not answer: {}", unavailable.words))
        }
    }
}

/// Somebody ran qsub, or was about to, and left no answer.
fn settle_without_answer(evidence: &LookUp, last: &TryFacts) -> Settlement {
    let host = last.host.as_deref().unwrap_or("the host");
    match last.is_alive {
        Some(true) => keep(format!("qsub is still running on {host}")),
        Some(false) => settle_by_history(evidence, last, "qsub was cut off before it answered"),
        None => {
            keep(format!("qsub was started on {host}, and from here it cannot be seen whether it still runs"))
        }
    }
}

/// qsub is gone and may have handed the job over. Only a scheduler that remembers finished jobs can prove that not.
fn settle_by_history(evidence: &LookUp, last: &TryFacts, said: &str) -> Settlement {
    let (history_seconds, n_unreadable) = match &evidence.listing {
        ListingEvidence::Complete { history_seconds, n_unreadable, .. } => (*history_seconds, *n_unreadable),
        ListingEvidence::Unavailable(unavailable) => {
            return keep(format!("{said}; the scheduler does not answer: {}", unavailable.words));
        }
    };
    if n_unreadable > 0 {
        return keep(format!("{said}; {}", unreadable_jobs()));
    }
    let Some(history) = history_seconds.and_then(|seconds| i64::try_from(seconds).ok()) else {
        return keep(format!("{said}; the scheduler does not list the job, but forgets finished ones"));
    };
    let (Some(since), Some(gone), Some(now)) = (last.since, last.gone_since, evidence.now) else {
        return keep(format!("{said}; when it began or ended is not known"));
    };
    if now.saturating_sub(gone) < IN_FLIGHT_SECONDS {
        keep(format!("{said}; the scheduler does not list the job yet"))
    } else if now.saturating_sub(since) >= history {
        keep(format!("{said}; the scheduler may have forgotten the job already"))
    } else {
        again_after(last)
    }
}

fn again_after(last: &TryFacts) -> Settlement {
    Settlement::TryAgain { attempt: last.attempt.saturating_add(1) }
}

fn keep(reason: String) -> Settlement {
    Settlement::KeepLooking(reason)
}

fn unreadable_jobs() -> String {
    "the scheduler lists jobs whose details cannot be read; one of them may be this one".to_owned()
}

fn words_of(explanation: &Explanation) -> String {
    format!("qsub said: {}", explanation.words)
}
