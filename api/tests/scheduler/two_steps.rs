//! The submission program in two steps: what getting ready leaves, and that it can be undone at any moment.

use pbsweb::scheduler::openpbs::OpenPbs;
use pbsweb::scheduler::{NotStarted, Scheduler, Settlement, SubmissionReply, SubmitRequest, settle};

use crate::programs::{Account, end_of, shells};
use crate::recording::marker;
use crate::submission::{ACCEPTS, accepted, calls, fake_empty_scheduler, look_up, request, submit};

/// One step of the program.
fn step(account: &Account, request: &SubmitRequest<'_>, step: &str) -> std::process::Child {
    let mut command = OpenPbs.submit(&account.site(), &marker(), request).unwrap();
    command.script = format!("{step}\n{}", command.script);
    account.start(&command)
}

#[test]
fn getting_ready_commits_to_nothing_and_can_be_undone() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", ACCEPTS);
        let ready = || assert_eq!(end_of(step(&account, &request("#"), "pbsweb_step=ready")), (vec![], 0));
        let undo = || assert_eq!(end_of(step(&account, &request("#"), "pbsweb_step=undo")), (vec![], 0));
        ready();
        assert_eq!(settle(&look_up(&account)), Settlement::TryAgain { attempt: 1 }, "{shell:?}");
        undo();
        let jobs = account.home().join("pbsweb/.jobs");
        assert_eq!(std::fs::read_dir(&jobs).unwrap().count(), 0, "{shell:?}: nothing is left");
        undo();
        assert_eq!(calls(&account), 0, "{shell:?}");

        // Whoever comes later submits, and is not undone.
        ready();
        assert_eq!(submit(&account, &request("#")), accepted("12.vm"), "{shell:?}");
        undo();
        assert_eq!(submit(&account, &request("#")), accepted("12.vm"), "{shell:?}");
        assert_eq!(calls(&account), 1, "{shell:?}");
    }
}

#[test]
fn what_is_wrong_is_said_by_the_last_step() {
    for shell in shells() {
        let account = Account::new(shell);
        assert_eq!(end_of(step(&account, &request("#"), "pbsweb_step=ready")), (vec![], 1), "{shell:?}");
        let (printed, _) = end_of(step(&account, &request("#"), "pbsweb_is_ready=1"));
        let reply = OpenPbs.read_submission(&marker(), &printed);
        assert!(
            matches!(reply, SubmissionReply::NotStarted { reason: NotStarted::NoQsub, .. }),
            "{shell:?} {reply:?}"
        );
    }
}

#[test]
fn programs_that_are_undone_at_any_moment_keep_no_other_from_submitting_once() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", ACCEPTS);
        let request = SubmitRequest { wait_seconds: 20, ..request("#!/bin/sh\n") };
        let steps =
            ["pbsweb_step=ready", "pbsweb_step=undo", "", "pbsweb_step=undo", "", "pbsweb_step=ready"];
        let running: Vec<_> = steps.map(|words| step(&account, &request, words)).into_iter().collect();
        running.into_iter().for_each(|child| drop(child.wait_with_output().unwrap()));
        // All may have been undone; then nothing was submitted, and the folder says so.
        let n_calls = calls(&account);
        match settle(&look_up(&account)) {
            Settlement::Accepted(_) => assert_eq!(n_calls, 1, "{shell:?}"),
            other => assert_eq!(n_calls, 0, "{shell:?} {other:?}"),
        }
        fake_empty_scheduler(&account);
        if n_calls == 0 {
            assert_eq!(settle(&look_up(&account)), Settlement::TryAgain { attempt: 1 }, "{shell:?}");
        }
    }
}
