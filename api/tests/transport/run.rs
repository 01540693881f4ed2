//! Programs: their answers, their limits, their connection.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use pbsweb::transport::{
    Program, ProgramEvent, RunLimits, Step, Transport, TransportError, TransportSettings,
};

use crate::sshd::{Host, PATIENCE, is_running, limits, settings, until};

#[tokio::test]
async fn output_error_output_and_status_are_kept_apart() {
    let host = Host::start();
    let program = Program::new(r#"printf 'a\000\377b'; printf 'no newline' >&2; exit 42"#);
    let output = host.run(program).await.unwrap();
    assert_eq!((output.exit_status, &output.stdout[..]), (42, &b"a\0\xffb"[..]));
    assert_eq!(output.stderr_text(), "no newline");
    assert!(host.run(Program::new(":")).await.unwrap().is_success());
}

#[tokio::test]
async fn data_arrives_as_it_was_sent() {
    let host = Host::start();
    let all: Vec<u8> = (1..=255).collect();
    for value in [&b"it's -n $(id) `id` \\ \n'\"*~ \xc3\xbc"[..], b"", b"-rf", &all] {
        let program = Program::new(r#"printf '%s' "$value"; printf '<%s>' "$@" >&2"#).arg("value", value);
        let output = host.run(program.words([value, b"x"])).await.unwrap();
        assert_eq!(output.stdout, value);
        assert_eq!(output.stderr, [b"<", value, b"><x>"].concat());
    }
    // Larger than the window of a channel.
    let script = "#PBS -N it's long\n".repeat(200_000);
    let output = host.run(Program::new(r#"printf '%s' "$script""#).arg("script", &script)).await.unwrap();
    assert!(output.stdout == script.as_bytes(), "{} of {} bytes", output.stdout.len(), script.len());
}

#[tokio::test]
async fn what_start_up_files_print_is_dropped() {
    let command =
        r#"ForceCommand echo "Welcome to the cluster"; printf noise; echo warning >&2; exec /bin/sh"#;
    let host = Host::with(command, settings());
    let output = host.run(Program::new("echo answer; echo complaint >&2")).await.unwrap();
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("answer\n", "complaint\n"));
}

#[tokio::test]
async fn a_login_shell_that_refuses_is_quoted() {
    let host = Host::with("ForceCommand echo 'This account is currently not available.'; exit 1", settings());
    let error = host.run(Program::new("echo ran")).await.unwrap_err();
    let TransportError::ShellRefused { said } = &error else { panic!("{error:?}") };
    // The account's own start-up files may have said something as well.
    assert!(said.starts_with("This account is currently not available."), "{said}");
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn an_answer_without_its_end_is_no_answer() {
    // The frame's end is written by the shell, which the program ends here.
    let host = Host::start();
    let error = host.run(Program::new("echo half; kill -9 $$")).await.unwrap_err();
    assert!(matches!(error, TransportError::Truncated), "{error:?}");
    assert!(error.outcome_unknown());
}

#[tokio::test]
async fn many_programs_share_one_connection() {
    let host = Host::start();
    let runs = (0..20).map(|_| host.run(Program::new(r#"echo "$SSH_CONNECTION""#)));
    let mut connections: Vec<_> =
        join_all(runs).await.into_iter().map(|output| output.unwrap().stdout).collect();
    connections.dedup();
    assert_eq!(connections.len(), 1, "{connections:?}");
    assert_eq!(host.transport.health(host.id).logins, 1);
}

#[tokio::test]
async fn a_queue_that_is_full_says_so() {
    let host = Host::with("", TransportSettings { max_channels: 1, max_waiting: 1, ..settings() });
    let (endpoint, begun) = (host.endpoint(), host.path("begun"));
    let program = Program::new(r#"echo >"$begun"; until [ -e "$begun.end" ]; do sleep 0.02; done"#)
        .arg("begun", begun.to_str().unwrap());
    let long = host.transport.run(&endpoint, &host.identity, program, limits());
    let others = async {
        until("the program begins", || begun.exists()).await;
        let others = join_all((0..6).map(|_| host.run(Program::new(":"))));
        let ends = async {
            std::fs::write(host.path("begun.end"), "").unwrap();
        };
        tokio::join!(others, ends).0
    };
    let (long, others) = tokio::join!(long, others);
    assert!(long.unwrap().is_success());
    let busy = others.iter().filter(|answer| matches!(answer, Err(TransportError::Busy { .. }))).count();
    let done = others.iter().filter(|answer| answer.is_ok()).count();
    assert!(busy >= 4 && busy + done == 6, "{others:?}");
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_ended() {
    let host = Host::start();
    let pid_file = host.path("pid");
    let program = Program::new(r#"sh -c 'echo $$ >"$1"; exec sleep 1000' sh "$file""#)
        .arg("file", pid_file.to_str().unwrap());
    let limits = RunLimits { deadline: Duration::from_secs(2), ..limits() };
    let error = host.transport.run(&host.endpoint(), &host.identity, program, limits).await.unwrap_err();
    assert!(matches!(error, TransportError::TimedOut { step: Step::Running, .. }), "{error:?}");
    assert!(error.outcome_unknown() && error.is_retryable());
    let pid = std::fs::read_to_string(pid_file).unwrap();
    until("the program ends", || !is_running(&pid)).await;
    assert_eq!(host.stdout("echo still here").await, "still here");
    assert_eq!(host.transport.health(host.id).logins, 1);
}

#[tokio::test]
async fn a_program_that_is_to_last_is_not_ended_with_its_caller() {
    let host = Host::start();
    for kind in [Program::lasting, Program::tidy] {
        let folder = host.path("lasting");
        std::fs::create_dir(&folder).unwrap();
        let text = r#"cd "$folder" || exit; : >begun; while [ ! -e go-on ]; do sleep 0.05; done; : >ended"#;
        let program = kind(Program::new(text).arg("folder", folder.to_str().unwrap()));
        let limits = RunLimits { deadline: Duration::from_secs(1), ..limits() };
        let error = host.transport.run(&host.endpoint(), &host.identity, program, limits).await.unwrap_err();
        assert!(matches!(error, TransportError::TimedOut { step: Step::Running, .. }), "{error:?}");
        // The host may be slow to begin what it was sent.
        until("the program begins", || folder.join("begun").exists()).await;
        // Whatever the host was told of the first program, it was told before it was asked for this one.
        assert_eq!(host.stdout("echo still here").await, "still here");
        std::fs::write(folder.join("go-on"), "").unwrap();
        until("the program ends by itself", || folder.join("ended").exists()).await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// Two steps that leave their traces in a folder: the first and the last say whether they ran in one shell.
fn in_steps(host: &Host) -> (std::path::PathBuf, Program) {
    let folder = host.path("steps");
    std::fs::create_dir(&folder).unwrap();
    let text = r#"cd "$folder" || exit
        case $pbsweb_step in
            ready) echo "$$" >ready; echo noise; echo noise >&2; seen=yes ;;
            undo) rm ready; : >undone ;;
            *) printf '%s %s %s' "$pbsweb_is_ready" "$([ "$$" = "$(cat ready)" ] && echo same)" "${seen-}" ;;
        esac"#;
    let program = Program::new(text).arg("folder", folder.to_str().unwrap());
    (folder, program)
}

#[tokio::test]
async fn the_last_of_two_steps_waits_for_the_word() {
    let host = Host::start();
    let (folder, program) = in_steps(&host);
    // In a new shell, and in one that is kept.
    for _ in 0..2 {
        let (word, told) = tokio::sync::oneshot::channel();
        let endpoint = host.endpoint();
        let run = host.transport.run_on_word(&endpoint, &host.identity, program.clone(), limits(), told);
        let tell = async {
            until("the first step is done", || folder.join("ready").exists()).await;
            word.send(()).unwrap();
        };
        let (output, ()) = tokio::join!(run, tell);
        let output = output.unwrap();
        assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("0 same ", ""));
        // What one program left is nothing to the next.
        let next = host.run(Program::new(r#"printf '<%s>' "$pbsweb_is_ready""#).tidy()).await.unwrap();
        assert_eq!(next.stdout_text(), "<>");
        std::fs::remove_file(folder.join("ready")).unwrap();
    }
    assert!(!folder.join("undone").exists());
}

#[tokio::test]
async fn without_the_word_the_first_step_is_undone() {
    let host = Host::start();
    let (folder, program) = in_steps(&host);
    let (word, told) = tokio::sync::oneshot::channel();
    let endpoint = host.endpoint();
    let run = host.transport.run_on_word(&endpoint, &host.identity, program.clone(), limits(), told);
    let withdraw = async {
        until("the first step is done", || folder.join("ready").exists()).await;
        drop(word);
    };
    let (answer, ()) = tokio::join!(run, withdraw);
    assert!(matches!(answer, Err(TransportError::Closed)), "{answer:?}");
    until("it is undone", || folder.join("undone").exists()).await;
    assert!(!folder.join("ready").exists());
    std::fs::remove_file(folder.join("undone")).unwrap();

    // The same when the connection ends before: nothing of the last step can have happened.
    let (_word, told) = tokio::sync::oneshot::channel();
    let run = host.transport.run_on_word(&endpoint, &host.identity, program, limits(), told);
    let cut = async {
        until("the first step is done", || folder.join("ready").exists()).await;
        host.transport.forget(host.id).await;
    };
    let (answer, ()) = tokio::join!(run, cut);
    assert!(!answer.unwrap_err().outcome_unknown());
    until("it is undone", || folder.join("undone").exists()).await;
}

#[tokio::test]
async fn a_program_that_says_too_much_is_ended() {
    let host = Host::start();
    let limits = RunLimits { max_output_bytes: 1 << 20, ..limits() };
    let program = Program::new("yes");
    let error = host.transport.run(&host.endpoint(), &host.identity, program, limits).await.unwrap_err();
    assert!(matches!(error, TransportError::TooMuchOutput { limit: 1_048_576 }), "{error:?}");
    let output = host.run(Program::new("head -c 3000000 /dev/zero")).await.unwrap();
    assert_eq!(output.stdout.len(), 3_000_000);
}

#[tokio::test]
async fn a_lost_connection_leaves_the_outcome_open() {
    let host = Host::start();
    let error = host.run(Program::new("kill -9 $PPID; exec sleep 60")).await.unwrap_err();
    assert!(matches!(error, TransportError::Cut { step: Step::Running }), "{error:?}");
    assert!(error.outcome_unknown());
    assert_eq!(host.stdout("echo back").await, "back");
    assert_eq!(host.transport.health(host.id).logins, 2);
}

#[tokio::test]
async fn a_kept_connection_that_is_gone_is_replaced_unnoticed() {
    let host = Host::start();
    let daemon = host.stdout("echo $PPID").await;
    let killed = std::process::Command::new("kill").args(["-9", &daemon]).status().unwrap();
    assert!(killed.success());
    assert_eq!(host.stdout("echo back").await, "back");
}

#[tokio::test]
async fn what_a_program_leaves_running_does_not_hold_the_answer() {
    let host = Host::start();
    let pid = host.stdout("sleep 1000 & echo $!").await;
    assert!(is_running(&pid));
    host.run(Program::new(r#"kill "$pid""#).arg("pid", &pid)).await.unwrap();
    until("the process ends", || !is_running(&pid)).await;
}

#[tokio::test]
async fn live_output_comes_while_the_program_runs() {
    let host = Host::start();
    let go = host.path("go");
    let program = Program::new(
        r#"echo one; echo two >&2; until [ -e "$go" ]; do sleep 0.02; done; echo three; exit 5"#,
    )
    .arg("go", go.to_str().unwrap());
    let mut running =
        host.transport.stream(&host.endpoint(), &host.identity, program, limits()).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = running.next().await {
        events.push(event.unwrap());
        if events.len() == 2 {
            std::fs::write(&go, "").unwrap();
        }
    }
    let text = |bytes: &str| bytes::Bytes::from(bytes.to_owned());
    events[..2].sort_by_key(|event| matches!(event, ProgramEvent::Stderr(_)));
    assert_eq!(
        events,
        [
            ProgramEvent::Stdout(text("one\n")),
            ProgramEvent::Stderr(text("two\n")),
            ProgramEvent::Stdout(text("three\n")),
            ProgramEvent::Exit(5)
        ]
    );
}

#[tokio::test]
async fn a_program_nobody_follows_any_more_is_ended() {
    let host = Host::start();
    let program = Program::new("sh -c 'echo $$; exec sleep 1000'");
    let mut running =
        host.transport.stream(&host.endpoint(), &host.identity, program, limits()).await.unwrap();
    let Some(Ok(ProgramEvent::Stdout(pid))) = running.next().await else { panic!("no output") };
    let pid = String::from_utf8(pid.to_vec()).unwrap();
    assert!(is_running(&pid));
    drop(running);
    until("the program ends", || !is_running(&pid)).await;
}

#[tokio::test]
async fn a_reader_who_does_not_read_holds_up_nobody_else() {
    let host = Host::start();
    let endless = RunLimits { max_output_bytes: u64::MAX, ..limits() };
    let _unread =
        host.transport.stream(&host.endpoint(), &host.identity, Program::new("yes"), endless).await.unwrap();
    for _ in 0..20 {
        assert_eq!(host.stdout("echo well").await, "well");
    }
}

#[tokio::test]
async fn a_connection_without_work_is_closed() {
    let host = Host::with("", TransportSettings { idle_timeout: Duration::from_millis(50), ..settings() });
    let daemon = host.stdout("echo $PPID").await;
    until("the connection closes", || !is_running(&daemon)).await;
    assert_eq!(host.stdout("echo back").await, "back");
    assert_eq!(host.transport.health(host.id).logins, 2);
}

#[tokio::test]
async fn forgetting_a_host_and_shutting_down_close_connections() {
    let host = Host::start();
    let daemon = host.stdout("echo $PPID").await;
    host.transport.forget(host.id).await;
    until("the connection closes", || !is_running(&daemon)).await;
    let daemon = host.stdout("echo $PPID").await;
    tokio::time::timeout(PATIENCE, host.transport.shutdown()).await.unwrap();
    until("the connection closes", || !is_running(&daemon)).await;
    let error = host.run(Program::new(":")).await.unwrap_err();
    assert!(matches!(error, TransportError::Closed), "{error:?}");
    drop(Transport::new(settings()));
}

#[tokio::test]
async fn a_tidy_program_hands_its_shell_on() {
    let host = Host::start();
    let shell_of = async |text: &'static str| {
        let output = host.run(Program::new(text).arg("data", "it's\nhere").tidy()).await.unwrap();
        output.stdout_text().trim().to_owned()
    };
    let first = shell_of("echo $$; cd /; umask 0; changed=yes; set -f").await;
    // Nothing of the one before is seen, and what is left of it goes to nobody.
    let second = shell_of(r#"[ "$(pwd)" != / ] && [ -z "$changed" ] && [ "$data" ] && echo $$"#).await;
    assert_eq!(first, second);
    assert_ne!(host.stdout("echo $$").await, first, "one that may leave something has a shell of its own");
    let failed = host.run(Program::new("echo $$; exit 3").tidy()).await.unwrap();
    assert_eq!((failed.exit_status, failed.stdout_text().trim()), (3, first.as_str()));
    let third = shell_of("echo $$").await;
    assert_ne!(third, first, "a shell in which something failed is not used again");
    let error = host.run(Program::new("kill -9 $$").tidy()).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error:?}");
    let fourth = shell_of("echo $$").await;
    let killed = std::process::Command::new("kill").args(["-9", &fourth]).status().unwrap();
    assert!(killed.success());
    until("the shell ends", || !is_running(&fourth)).await;
    // The host says so in its own time; asked before, the outcome is open and the next is well.
    for _ in 0..2 {
        if host.run(Program::new("echo $$").tidy()).await.is_ok() {
            return;
        }
    }
    panic!("no shell to be had");
}

#[tokio::test]
async fn shells_that_wait_keep_nobody_waiting() {
    let host = Host::with("", TransportSettings { max_channels: 2, ..settings() });
    let tidy = |_| host.run(Program::new("echo $$").tidy());
    let mut shells: Vec<_> =
        join_all((0..12).map(tidy)).await.into_iter().map(|output| output.unwrap().stdout_text()).collect();
    shells.sort_unstable();
    shells.dedup();
    assert!((1..=2).contains(&shells.len()), "{shells:?}");
    // Both channels may be waiting shells now; a program that takes none of them and a file get in.
    for _ in 0..4 {
        join_all((0..2).map(tidy)).await.into_iter().for_each(|output| assert!(output.is_ok(), "{output:?}"));
        assert_eq!(host.stdout("echo well").await, "well");
    }
    assert_eq!(host.transport.health(host.id).logins, 1);
}

/// What has ended is heard of: the host is never waited for in vain, so that all the patience in the world costs nothing.
#[tokio::test]
async fn a_program_with_a_shell_of_its_own_ends_one_that_waits_and_no_other() {
    let patient =
        TransportSettings { close_timeout: Duration::from_secs(3600), max_channels: 4, ..settings() };
    let host = Host::with("", patient);
    let tidy = async |_| {
        let mut shells = Vec::new();
        for _ in 0..20 {
            shells.push(host.run(Program::new("echo $$").tidy()).await.unwrap().stdout_text());
        }
        shells
    };
    let own = async || {
        for _ in 0..6 {
            assert_eq!(host.stdout("echo well").await, "well");
        }
    };
    let (shells, ()) = tokio::join!(join_all((0..8).map(tidy)), own());
    let shells: HashSet<String> = shells.into_iter().flatten().collect();
    assert!(shells.len() <= 4 + 6, "{shells:?}");

    // Nor is one that nobody waits for any more.
    let brief = RunLimits { deadline: Duration::from_millis(300), ..limits() };
    for _ in 0..4 {
        let forever = Program::new("sleep 3600");
        let error = host.transport.run(&host.endpoint(), &host.identity, forever, brief).await.unwrap_err();
        assert!(matches!(error, TransportError::TimedOut { .. }), "{error:?}");
    }
    assert_eq!(host.stdout("echo well").await, "well");
}

#[tokio::test]
async fn a_connection_with_waiting_shells_is_closed_when_idle() {
    let host = Host::with("", TransportSettings { idle_timeout: Duration::from_millis(50), ..settings() });
    let output = host.run(Program::new("echo $PPID").tidy()).await.unwrap();
    let daemon = output.stdout_text().trim().to_owned();
    until("the connection closes", || !is_running(&daemon)).await;
    assert!(host.run(Program::new(":").tidy()).await.unwrap().is_success());
}
