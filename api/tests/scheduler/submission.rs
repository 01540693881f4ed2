//! The submission protocol, really run: whatever happens, qsub runs at most once.

use std::time::{Duration, Instant};

use pbsweb::scheduler::openpbs::OpenPbs;
use pbsweb::scheduler::{
    Command, FolderFacts, ListingEvidence, LookUp, Meaning, NotStarted, Scheduler, Settlement,
    SubmissionReply, SubmitRequest, settle,
};
use pbsweb_shared::ids::JobId;
use uuid::Uuid;

use crate::programs::{Account, end_of, finish, lines_of, shells};
use crate::recording::marker;

/// A qsub that notes each call, its arguments and the script it was given.
pub(crate) const ACCEPTS: &str = r#"
echo call >>"$HOME/calls"
for a in "$@"; do printf '<%s>\n' "$a" >>"$HOME/arguments"; last=$a; done
cat "$last" >"$HOME/submitted"
pwd -P >"$HOME/cwd"
echo 'Welcome to the cluster'; echo 12.vm; echo 'thank you'
echo 'a warning' >&2
"#;

fn job() -> JobId {
    JobId::from_uuid(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001))
}

pub(crate) fn request(script: &str) -> SubmitRequest<'_> {
    SubmitRequest { job: job(), attempt: 1, script, arguments: &[], working_folder: "", wait_seconds: 0 }
}

pub(crate) fn submit(account: &Account, request: &SubmitRequest<'_>) -> SubmissionReply {
    reply_to(account, &OpenPbs.submit(&account.site(), &marker(), request).unwrap())
}

/// A shell in which qsub could not be started is not used again: it ends with status 1.
fn reply_to(account: &Account, command: &Command) -> SubmissionReply {
    let (printed, status) = end_of(account.start(command));
    let reply = OpenPbs.read_submission(&marker(), &printed);
    assert_eq!(status, i32::from(matches!(reply, SubmissionReply::NotStarted { .. })), "{reply:?}");
    reply
}

pub(crate) fn look_up(account: &Account) -> LookUp {
    let login = "alice".parse().unwrap();
    let command = OpenPbs.look_up(&account.site(), &marker(), &[job()], &login).unwrap();
    OpenPbs.read_look_up(&marker(), &[job()], &login, &account.run(&command)).pop().unwrap()
}

pub(crate) fn calls(account: &Account) -> usize {
    lines_of(&account.home().join("calls"))
}

pub(crate) fn accepted(id: &str) -> SubmissionReply {
    SubmissionReply::Accepted { pbs_id: id.parse().unwrap(), words: "a warning".to_owned() }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_accepted_job_is_submitted_once_with_its_script_unharmed() {
    let nasty = "#!/bin/sh\n#PBS -N x\necho 'it'\\''s' \"$HOME\" `id` \\\\ %s %d \u{e9}\n\n# '$(touch /tmp/owned)'\nprintf '%s' \"a\nb\"\n\n";
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", ACCEPTS);
        let arguments = ["-q".to_owned(), "a b'c".to_owned()];
        let request = SubmitRequest { arguments: &arguments, ..request(nasty) };
        assert_eq!(submit(&account, &request), accepted("12.vm"), "{shell:?}");
        assert_eq!(submit(&account, &request), accepted("12.vm"), "{shell:?}: the same answer again");
        assert_eq!(calls(&account), 1, "{shell:?}");
        assert_eq!(std::fs::read_to_string(account.home().join("submitted")).unwrap(), nasty, "{shell:?}");
        let folder = account.job_folder(job());
        let words = std::fs::read_to_string(account.home().join("arguments")).unwrap();
        let expected =
            format!("<-q>\n<a b'c>\n<-v>\n<PBSWEB_JOB={}>\n<{}/try-1/../script>\n", job(), folder.display());
        assert_eq!(words, expected, "{shell:?}");
        let cwd = std::fs::read_to_string(account.home().join("cwd")).unwrap();
        assert_eq!(cwd.trim_end(), folder.canonicalize().unwrap().to_str().unwrap(), "{shell:?}");
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        wait_until("the answer is in its place", || folder.join("try-1/answer").exists());
        let left: Vec<_> =
            std::fs::read_dir(folder.join("try-1")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 4, "nothing temporary is left: {left:?}");
    }
}

#[test]
fn an_answer_of_one_line_is_said_and_kept() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "echo 12.vm");
        let plain = SubmissionReply::Accepted { pbs_id: "12.vm".parse().unwrap(), words: String::new() };
        assert_eq!(submit(&account, &request("#")), plain, "{shell:?}");
        let answer = account.job_folder(job()).join("try-1/answer");
        wait_until("the answer is in its place", || answer.exists());
        assert_eq!(submit(&account, &request("#")), plain, "{shell:?}");
        // Should it never get there, what qsub printed says the same.
        std::fs::remove_file(answer).unwrap();
        assert_eq!(settle(&look_up(&account)), Settlement::Accepted("12.vm".parse().unwrap()), "{shell:?}");
    }
}

#[test]
fn qsub_runs_in_the_working_folder_or_not_at_all() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", ACCEPTS);
        let missing = SubmitRequest { working_folder: "pbsweb/heat", ..request("#") };
        let reply = submit(&account, &missing);
        assert!(
            matches!(reply, SubmissionReply::NotStarted { reason: NotStarted::WorkingFolder, .. }),
            "{shell:?} {reply:?}"
        );
        assert_eq!(settle(&look_up(&account)), Settlement::TryAgain { attempt: 1 });
        std::fs::create_dir(account.home().join("pbsweb/heat")).unwrap();
        assert_eq!(submit(&account, &missing), accepted("12.vm"), "{shell:?}");
        let cwd = std::fs::read_to_string(account.home().join("cwd")).unwrap();
        assert!(cwd.trim_end().ends_with("pbsweb/heat"), "{cwd}");
    }
}

#[test]
fn a_refusal_is_kept_with_its_words() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "echo call >>\"$HOME/calls\"; echo 'qsub: Unknown queue' >&2; exit 170");
        for _ in 0..2 {
            let reply = submit(&account, &request("#"));
            let SubmissionReply::Refused { explanation } = &reply else { panic!("{shell:?} {reply:?}") };
            assert_eq!((explanation.status, explanation.words.as_str()), (Some(170), "qsub: Unknown queue"));
            assert_eq!(explanation.meaning, Meaning::BadRequest);
        }
        assert_eq!(calls(&account), 1, "{shell:?}");
        assert!(matches!(settle(&look_up(&account)), Settlement::Refused(_)), "{shell:?}");
    }
}

#[test]
fn a_success_without_an_id_is_no_acceptance() {
    let account = Account::new(shells()[0]);
    account.fake("qsub", "echo 'have a nice day'");
    assert_eq!(
        submit(&account, &request("#")),
        SubmissionReply::NoId { words: "have a nice day".to_owned() }
    );
    assert!(matches!(settle(&look_up(&account)), Settlement::KeepLooking(_)));
}

#[test]
fn without_qsub_or_a_writable_home_nothing_is_started() {
    for shell in shells() {
        let account = Account::new(shell);
        let reply = submit(&account, &request("#"));
        assert!(
            matches!(reply, SubmissionReply::NotStarted { reason: NotStarted::NoQsub, .. }),
            "{shell:?} {reply:?}"
        );
        account.fake("qsub", ACCEPTS);
        std::fs::remove_dir_all(account.home().join("pbsweb")).unwrap();
        // Root may write anywhere: a file in the way refuses everybody.
        std::fs::write(account.home().join("pbsweb"), "in the way").unwrap();
        let reply = submit(&account, &request("#"));
        assert!(
            matches!(reply, SubmissionReply::NotStarted { reason: NotStarted::Folder, .. }),
            "{shell:?} {reply:?}"
        );
        assert_eq!(calls(&account), 0);
    }
}

#[test]
fn a_script_that_cannot_be_written_whole_is_not_submitted() {
    // A long one, a short one, and one behind which there is no room for the answer.
    for (n_bytes, blocks) in [(200_000, 50), (20_000, 8), (100, 8)] {
        let script = "#".repeat(n_bytes);
        for shell in shells() {
            let account = Account::new(shell);
            account.fake("qsub", ACCEPTS);
            let mut command = OpenPbs.submit(&account.site(), &marker(), &request(&script)).unwrap();
            // 512-byte blocks (1024 in bash): the write fails as it does on a full disk. SIGXFSZ would end the shell.
            command.script = format!("trap '' XFSZ 2>/dev/null\nulimit -f {blocks}\n{}", command.script);
            let reply = reply_to(&account, &command);
            assert!(
                matches!(reply, SubmissionReply::NotStarted { reason: NotStarted::Disk, .. }),
                "{shell:?} {n_bytes} {reply:?}"
            );
            assert_eq!(calls(&account), 0, "{shell:?}");
            let again = submit(&account, &request(&script));
            assert_eq!(again, accepted("12.vm"), "{shell:?}: space is there again");
            let submitted = std::fs::read_to_string(account.home().join("submitted")).unwrap();
            assert!(submitted == script, "{shell:?}: {} of {n_bytes} bytes", submitted.len());
        }
    }
}

#[test]
fn concurrent_attempts_run_qsub_once_and_get_one_answer() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", &format!("sleep 1\n{ACCEPTS}"));
        let request = SubmitRequest { wait_seconds: 20, ..request("#!/bin/sh\n") };
        let command = OpenPbs.submit(&account.site(), &marker(), &request).unwrap();
        let running: Vec<_> = (0..6).map(|_| account.start(&command)).collect();
        for child in running {
            assert_eq!(OpenPbs.read_submission(&marker(), &finish(child)), accepted("12.vm"), "{shell:?}");
        }
        assert_eq!(calls(&account), 1, "{shell:?}");
    }
}

#[test]
fn a_second_attempt_reports_the_first_one_that_is_still_at_it() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake(
            "qsub",
            &format!("touch \"$HOME/started\"; while [ -d \"$HOME\" ] && [ ! -f \"$HOME/go\" ]; do sleep 0.1; done\n{ACCEPTS}"),
        );
        let command = OpenPbs.submit(&account.site(), &marker(), &request("#")).unwrap();
        let first = account.start(&command);
        wait_until("qsub starts", || account.home().join("started").exists());
        let reply = submit(&account, &request("#"));
        let SubmissionReply::InProgress(progress) = &reply else { panic!("{shell:?} {reply:?}") };
        assert_eq!(progress.is_alive, Some(true), "{shell:?}");
        assert!(progress.host.is_some() && progress.host == progress.asked_host && progress.since.is_some());
        assert!(
            matches!(settle(&look_up(&account)), Settlement::KeepLooking(words) if words.contains("still running"))
        );
        std::fs::write(account.home().join("go"), "").unwrap();
        assert_eq!(OpenPbs.read_submission(&marker(), &finish(first)), accepted("12.vm"), "{shell:?}");
        assert_eq!(settle(&look_up(&account)), Settlement::Accepted("12.vm".parse().unwrap()));
    }
}

/// What a scheduler without this job, and with a history, answers.
pub(crate) fn fake_empty_scheduler(account: &Account) {
    account.fake("qselect", "exit 0");
    account.fake_recorded("qstat", &[("-Bf", "qstat-Bf")]);
}

#[test]
fn a_killed_qsub_proves_nothing_until_the_scheduler_does() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "echo call >>\"$HOME/calls\"; kill -9 $$");
        let reply = submit(&account, &request("#"));
        let SubmissionReply::Refused { explanation } = &reply else { panic!("{shell:?} {reply:?}") };
        assert_eq!((explanation.status, explanation.meaning), (Some(137), Meaning::Uncertain), "{shell:?}");
        fake_empty_scheduler(&account);
        let mut evidence = look_up(&account);
        assert!(
            matches!(settle(&evidence), Settlement::KeepLooking(words) if words.contains("does not list the job yet"))
        );
        evidence.now = evidence.now.map(|now| now + 600);
        assert_eq!(settle(&evidence), Settlement::TryAgain { attempt: 2 });
        evidence.now = evidence.now.map(|now| now + 86_400);
        assert!(
            matches!(settle(&evidence), Settlement::KeepLooking(words) if words.contains("may have forgotten"))
        );
        account.fake("qsub", ACCEPTS);
        assert_eq!(
            submit(&account, &SubmitRequest { attempt: 2, ..request("#") }),
            accepted("12.vm"),
            "{shell:?}"
        );
        assert_eq!(settle(&look_up(&account)), Settlement::Accepted("12.vm".parse().unwrap()), "{shell:?}");
    }
}

#[test]
fn a_number_that_another_process_has_by_now_is_not_the_submission() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "kill -9 $$");
        submit(&account, &request("#"));
        std::fs::remove_file(account.job_folder(job()).join("try-1/answer")).unwrap();
        fake_empty_scheduler(&account);
        let run = account.job_folder(job()).join("try-1/run");
        let begun = std::fs::read_to_string(run.join("begun")).unwrap();
        let line = |name: &str| begun.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let (host, start) = (line("host="), line("start="));
        assert!(start.parse::<u64>().is_ok_and(|start| start > 1), "{shell:?} {begun}");
        // This process is there, and did not start then.
        let me = std::process::id();
        std::fs::write(run.join("begun"), format!("host={host}\npid={me}\nstart=1\n")).unwrap();
        std::fs::write(run.join("qsub"), format!("{me} 1\n")).unwrap();
        let words = |settlement| match settlement {
            Settlement::KeepLooking(words) => words,
            other => panic!("{shell:?} {other:?}"),
        };
        let said = words(settle(&look_up(&account)));
        assert!(said.contains("does not list the job yet"), "{shell:?} {said}");
        // Without a start, as an earlier release left it, it may be the one.
        std::fs::write(run.join("qsub"), format!("{me}\n")).unwrap();
        let said = words(settle(&look_up(&account)));
        assert!(said.contains("still running"), "{shell:?} {said}");
    }
}

#[test]
fn a_program_that_is_killed_leaves_the_id_behind() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake(
            "qsub",
            "echo 12.vm; touch \"$HOME/printed\"; while [ -d \"$HOME\" ] && [ ! -f \"$HOME/go\" ]; do sleep 0.1; done",
        );
        let command = OpenPbs.submit(&account.site(), &marker(), &request("#")).unwrap();
        let mut first = account.start(&command);
        wait_until("qsub prints", || account.home().join("printed").exists());
        first.kill().unwrap();
        first.wait().unwrap();
        let reply = submit(&account, &request("#"));
        assert!(matches!(reply, SubmissionReply::InProgress(_)), "{shell:?} {reply:?}");
        assert_eq!(settle(&look_up(&account)), Settlement::Accepted("12.vm".parse().unwrap()), "{shell:?}");
        std::fs::write(account.home().join("go"), "").unwrap();
    }
}

#[test]
fn a_cut_connection_does_not_keep_the_answer_from_being_written() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake(
            "qsub",
            &format!("touch \"$HOME/started\"; while [ -d \"$HOME\" ] && [ ! -f \"$HOME/go\" ]; do sleep 0.1; done\n{ACCEPTS}"),
        );
        let command = OpenPbs.submit(&account.site(), &marker(), &request("#")).unwrap();
        let mut first = account.start(&command);
        wait_until("qsub starts", || account.home().join("started").exists());
        // The reader goes away, and the server of the connection says so.
        drop(first.stdout.take());
        drop(first.stderr.take());
        let hung_up =
            std::process::Command::new("kill").args(["-HUP", &first.id().to_string()]).status().unwrap();
        assert!(hung_up.success());
        std::fs::write(account.home().join("go"), "").unwrap();
        first.wait().unwrap();
        assert_eq!(submit(&account, &request("#")), accepted("12.vm"), "{shell:?}");
        assert_eq!(calls(&account), 1, "{shell:?}");
    }
}

#[test]
fn the_look_up_finds_the_job_by_its_tag_and_owner_only() {
    let listed = |owner: &str, id: &str, list: &str| {
        format!("Job Id: {id}\n    Job_Owner = {owner}@vm\n    job_state = Q\n    Variable_List = {list}\n\n")
    };
    let tag = format!("PBS_O_HOME=/home/alice,\n\tPBSWEB_JOB={},PBS_O_HOST=vm", job());
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "kill -9 $$");
        submit(&account, &request("#"));
        account.fake("qselect", "echo \"select $*\" >>\"$HOME/calls\"; echo '5[].vm'; echo 6.vm");
        let text = listed("bob", "5[].vm", &tag) + &listed("alice", "6.vm", &tag);
        std::fs::write(account.home().join("jobs"), text).unwrap();
        let server = crate::recording::folder().join("qstat-Bf.out");
        account.fake("qstat", &format!(
            "echo \"stat $*\" >>\"$HOME/calls\"; case $1 in -Bf) cat '{}' ;; *) cat \"$HOME/jobs\" ;; esac",
            server.display()
        ));
        let evidence = look_up(&account);
        let ListingEvidence::Complete { tagged, history_seconds: Some(86_400), n_unreadable: 0 } =
            &evidence.listing
        else {
            panic!("{shell:?} {evidence:?}")
        };
        assert_eq!(tagged.len(), 1);
        assert_eq!(settle(&evidence), Settlement::Accepted("6.vm".parse().unwrap()), "{shell:?}");
        let calls = std::fs::read_to_string(account.home().join("calls")).unwrap();
        assert!(
            // A day before the job's id was made.
            calls.contains("select -x -u alice -tc.ge.202404200932\n")
                && calls.contains("stat -x -f 5[].vm 6.vm\n")
                && calls.matches("select").count() == 1,
            "{shell:?} {calls}"
        );
    }
}

/// However many jobs the account has, they are asked for by their ids; one that is not shown may be the one.
#[test]
fn many_selected_jobs_are_asked_for_in_parts_and_none_may_be_missing() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qselect", "n=1; while [ $n -le 450 ]; do echo $n.vm; n=$((n + 1)); done");
        let server = crate::recording::folder().join("qstat-Bf.out");
        let fake_qstat = |hidden: &str| {
            account.fake("qstat", &format!(
                "case $1 in -Bf) cat '{}'; exit ;; esac; echo call >>\"$HOME/calls\"; shift 2; \
                 for id in \"$@\"; do case $id in {hidden}) ;; *) printf 'Job Id: %s\\n    Job_Owner = alice@vm\\n    job_state = Q\\n\\n' \"$id\" ;; esac; done",
                server.display()
            ));
        };
        fake_qstat("none");
        let evidence = look_up(&account);
        assert!(
            matches!(evidence.listing, ListingEvidence::Complete { n_unreadable: 0, .. }),
            "{shell:?} {evidence:?}"
        );
        assert_eq!(calls(&account), 3, "{shell:?}");
        assert_eq!(settle(&evidence), Settlement::TryAgain { attempt: 1 }, "{shell:?}: there is no folder");
        fake_qstat("7.vm");
        let evidence = look_up(&account);
        assert!(
            matches!(evidence.listing, ListingEvidence::Complete { n_unreadable: 1, .. }),
            "{shell:?} {evidence:?}"
        );
        assert!(matches!(settle(&evidence), Settlement::KeepLooking(_)), "{shell:?}");
    }
}

/// Several submissions are looked for at once, and little is said of the account's other jobs, however many and however large they
/// are.
#[test]
fn one_listing_serves_all_that_are_looked_for_and_says_little_of_the_others() {
    let [found, never_sent, hidden] =
        [1, 2, 3].map(|n| JobId::from_uuid(Uuid::from_u128(job().as_uuid().as_u128() + n)));
    for shell in shells() {
        let account = Account::new(shell);
        account.fake("qsub", "kill -9 $$");
        for job in [found, hidden] {
            reply_to(
                &account,
                &OpenPbs.submit(&account.site(), &marker(), &SubmitRequest { job, ..request("#") }).unwrap(),
            );
        }
        account.fake(
            "qselect",
            "echo call >>\"$HOME/calls\"; n=1; while [ $n -le 500 ]; do echo $n.vm; n=$((n + 1)); done",
        );
        let server = crate::recording::folder().join("qstat-Bf.out");
        let found_in_two_lines = found.to_string();
        let (head, tail) = found_in_two_lines.split_at(9);
        account.fake("qstat", &format!(
            "case $1 in -Bf) cat '{}'; exit ;; esac; echo call >>\"$HOME/calls\"; shift 2; \
             for id in \"$@\"; do case $id in 9.vm) list='PBS_O_HOME=/x,PBSWEB_JOB={head}
	{tail},A=b' ;; *) list=PBSWEB_JOB={}{} ;; esac
             printf 'Job Id: %s\\n    Job_Owner = alice@vm\\n    job_state = Q\\n    Variable_List = %s\\n\\n' \"$id\" \"$list\"; done",
            server.display(), job(), ",B=".to_owned() + &"x".repeat(3000)
        ));
        let jobs = [found, never_sent, hidden];
        let login = "alice".parse().unwrap();
        let command = OpenPbs.look_up(&account.site(), &marker(), &jobs, &login).unwrap();
        let printed = account.run(&command);
        let evidence = OpenPbs.read_look_up(&marker(), &jobs, &login, &printed);
        let settled: Vec<_> = evidence.iter().map(settle).collect();
        assert_eq!(settled[0], Settlement::Accepted("9.vm".parse().unwrap()), "{shell:?} {evidence:#?}");
        assert_eq!(settled[1], Settlement::TryAgain { attempt: 1 }, "{shell:?} {evidence:#?}");
        assert!(matches!(settled[2], Settlement::KeepLooking(_)), "{shell:?} {evidence:#?}");
        // One qselect, and qstat for 200 jobs at a time; a megabyte and a half of other jobs stays where it is.
        assert_eq!(calls(&account), 1 + 3, "{shell:?}");
        assert!(printed.len() < 10_000, "{shell:?}: {} bytes", printed.len());
    }
}

#[test]
fn a_folder_that_is_not_there_needs_the_listing_too() {
    let account = Account::new(shells()[0]);
    account.fake_recorded("qstat", &[("*", "down-qstat")]);
    account.fake_recorded("qselect", &[("*", "down-qsub")]);
    let evidence = look_up(&account);
    assert_eq!(evidence.folder, FolderFacts::Absent);
    assert!(matches!(settle(&evidence), Settlement::KeepLooking(words) if words.contains("refused")));
    fake_empty_scheduler(&account);
    assert_eq!(settle(&look_up(&account)), Settlement::TryAgain { attempt: 1 });
}

#[test]
fn a_cut_reply_is_unreadable_and_a_cut_look_up_proves_nothing() {
    let account = Account::new(shells()[0]);
    account.fake("qsub", ACCEPTS);
    let command = OpenPbs.submit(&account.site(), &marker(), &request("#")).unwrap();
    let whole = account.run(&command);
    for length in 0..whole.len() - 1 {
        assert_eq!(
            OpenPbs.read_submission(&marker(), &whole[..length]),
            SubmissionReply::Unreadable,
            "{length}"
        );
    }
    fake_empty_scheduler(&account);
    let login = "alice".parse().unwrap();
    let command = OpenPbs.look_up(&account.site(), &marker(), &[job()], &login).unwrap();
    let whole = account.run(&command);
    for length in 0..whole.len() - 1 {
        let evidence = OpenPbs.read_look_up(&marker(), &[job()], &login, &whole[..length]).pop().unwrap();
        assert!(matches!(settle(&evidence), Settlement::KeepLooking(_)), "{length} {evidence:?}");
    }
}

#[test]
fn a_nul_is_refused_before_anything_leaves() {
    assert!(OpenPbs.submit(&Account::new(shells()[0]).site(), &marker(), &request("a\0b")).is_err());
}
