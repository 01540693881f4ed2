//! What evidence proves: a table.

use pbsweb::scheduler::openpbs::explain_status;
use pbsweb::scheduler::records::{EpilogueFacts, Unavailable};
use pbsweb::scheduler::status::CommandKind;
use pbsweb::scheduler::{
    FolderFacts, ListingEvidence, LookUp, Settlement, SubmissionReply, TryFacts, settle,
};

const NOW: i64 = 1_800_000_000;

fn attempt() -> TryFacts {
    TryFacts {
        attempt: 1,
        has_begun: true,
        is_alive: Some(false),
        host: Some("login1".to_owned()),
        since: Some(NOW - 300),
        gone_since: Some(NOW - 200),
        printed_id: None,
        answer: None,
    }
}

fn folder(facts: TryFacts) -> FolderFacts {
    FolderFacts::Present { tries: vec![facts], epilogue: None }
}

fn answered(status: i32, words: &str) -> FolderFacts {
    let explanation = explain_status(CommandKind::Submit, status, words);
    folder(TryFacts { answer: Some(SubmissionReply::Refused { explanation }), ..attempt() })
}

fn listed(ids: &[&str], history_seconds: Option<u64>) -> ListingEvidence {
    let tagged = ids.iter().map(|id| id.parse().unwrap()).collect();
    ListingEvidence::Complete { tagged, history_seconds, n_unreadable: 0 }
}

fn down() -> ListingEvidence {
    ListingEvidence::Unavailable(Unavailable { status: Some(255), words: "Connection refused".to_owned() })
}

/// The settlement in short: the id, `refused`, `again 2`, or `keep`.
fn check(folder: FolderFacts, listing: ListingEvidence, expected: &str) {
    let evidence = LookUp { folder, listing, now: Some(NOW) };
    let found = match settle(&evidence) {
        Settlement::Accepted(id) => id.to_string(),
        Settlement::Refused(_) => "refused".to_owned(),
        Settlement::TryAgain { attempt } => format!("again {attempt}"),
        Settlement::KeepLooking(words) => {
            assert!(!words.is_empty());
            "keep".to_owned()
        }
    };
    assert_eq!(found, expected, "{evidence:?}");
}

#[test]
fn evidence_is_weighed_and_nothing_is_guessed() {
    let day = Some(86_400);
    let refused = "Connection refused\nqsub: cannot connect to server vm (errno=15010)";
    // The folder proves that qsub was never started.
    check(FolderFacts::Present { tries: vec![], epilogue: None }, down(), "again 1");
    check(folder(TryFacts { has_begun: false, ..attempt() }), down(), "again 1");
    check(folder(TryFacts { attempt: 3, has_begun: false, ..attempt() }), down(), "again 3");
    // No folder: the scheduler must agree.
    check(FolderFacts::Absent, listed(&[], None), "again 1");
    check(FolderFacts::Absent, down(), "keep");
    check(FolderFacts::Absent, listed(&["7.vm"], None), "7.vm");
    check(FolderFacts::Unreadable, listed(&[], day), "keep");
    check(FolderFacts::Unreadable, listed(&["7.vm"], day), "7.vm");
    // Started, no answer.
    check(folder(attempt()), listed(&["7.vm"], None), "7.vm");
    check(folder(attempt()), listed(&[], day), "again 2");
    check(folder(attempt()), listed(&[], Some(200)), "keep");
    check(folder(attempt()), listed(&[], None), "keep");
    check(folder(attempt()), down(), "keep");
    check(folder(TryFacts { is_alive: Some(true), ..attempt() }), listed(&[], day), "keep");
    check(folder(TryFacts { is_alive: None, ..attempt() }), listed(&[], day), "keep");
    // However long ago it began: its last request may be a moment old.
    check(folder(TryFacts { gone_since: Some(NOW - 5), ..attempt() }), listed(&[], day), "keep");
    check(folder(TryFacts { gone_since: None, ..attempt() }), listed(&[], day), "keep");
    check(folder(TryFacts { since: None, ..attempt() }), listed(&[], day), "keep");
    check(folder(TryFacts { printed_id: "8.vm".parse().ok(), ..attempt() }), down(), "8.vm");
    // Answers.
    check(answered(170, "qsub: Unknown queue"), down(), "refused");
    check(answered(170, "qsub: Unknown queue"), listed(&["7.vm"], day), "7.vm");
    check(answered(162, refused), listed(&[], None), "again 2");
    check(answered(162, refused), down(), "keep");
    check(answered(255, "Failed to recv data from background qsub"), listed(&[], None), "keep");
    check(answered(255, "Failed to recv data from background qsub"), listed(&[], day), "again 2");
    check(answered(137, ""), listed(&["7.vm"], day), "7.vm");
    check(folder(TryFacts { answer: Some(SubmissionReply::Unreadable), ..attempt() }), down(), "keep");
    check(
        folder(TryFacts { answer: Some(SubmissionReply::NoId { words: "hi".into() }), ..attempt() }),
        listed(&[], None),
        "keep",
    );
    let accepted = SubmissionReply::Accepted { pbs_id: "9.vm".parse().unwrap(), words: String::new() };
    check(folder(TryFacts { answer: Some(accepted.clone()), ..attempt() }), down(), "9.vm");
    check(
        folder(TryFacts { answer: Some(accepted.clone()), ..attempt() }),
        listed(&["7.vm", "9.vm"], day),
        "9.vm",
    );
    // Two jobs with one tag.
    check(folder(attempt()), listed(&["7.vm", "8.vm"], day), "keep");
    // An array and what its subjobs wrote.
    let wrote = |id: &str| EpilogueFacts { pbs_id: id.parse().ok(), ..EpilogueFacts::default() };
    let ran = |id: &str| FolderFacts::Present { tries: vec![attempt()], epilogue: Some(wrote(id)) };
    check(ran("7[3].vm"), listed(&["7[].vm"], day), "7[].vm");
    check(ran("7.vm"), down(), "7.vm");
    check(
        FolderFacts::Present { tries: vec![attempt()], epilogue: Some(EpilogueFacts::default()) },
        listed(&[], day),
        "keep",
    );
    // A job of the account whose record cannot be read may be the one.
    let unreadable =
        || ListingEvidence::Complete { tagged: vec![], history_seconds: Some(86_400), n_unreadable: 1 };
    check(FolderFacts::Absent, unreadable(), "keep");
    check(folder(attempt()), unreadable(), "keep");
    check(answered(162, refused), unreadable(), "keep");
}
