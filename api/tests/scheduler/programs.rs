//! Runs programs as a host would: in a home folder of their own, by each POSIX shell of this machine, fed on standard
//! input, with fakes of the scheduler's commands.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

use pbsweb::scheduler::openpbs::OpenPbs;
use pbsweb::scheduler::{Command, ListingReply, ProbeProblem, Scheduler, Site, Steered};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::names::PbsJobId;
use pbsweb_shared::steering::Steering;
use serde_json::json;

use crate::recording::{folder, marker};

/// An account on a make-believe host.
pub(crate) struct Account {
    folder: tempfile::TempDir,
    pub(crate) shell: &'static [&'static str],
}

/// The shells at hand; `sh` is always there.
pub(crate) fn shells() -> Vec<&'static [&'static str]> {
    let all: [&[&str]; 5] = [&["sh"], &["dash"], &["bash"], &["busybox", "sh"], &["ksh"]];
    all.into_iter()
        .filter(|shell| {
            let quiet =
                |process: &mut Process| process.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
            quiet(Process::new(shell[0]).args(&shell[1..]).args(["-c", ":"]))
        })
        .collect()
}

impl Account {
    pub(crate) fn new(shell: &'static [&'static str]) -> Self {
        let account = Self { folder: tempfile::tempdir().unwrap(), shell };
        std::fs::create_dir(account.bin()).unwrap();
        std::fs::create_dir(account.home()).unwrap();
        account
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home of\na user")
    }

    pub(crate) fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    pub(crate) fn site(&self) -> Site {
        Site { bin: self.bin().to_str().unwrap().to_owned(), root: String::new() }
    }

    /// Puts a command of the scheduler there; `$HOME` is the account's.
    pub(crate) fn fake(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.bin().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A command that answers as recorded.
    pub(crate) fn fake_recorded(&self, name: &str, case_of_arguments: &[(&str, &str)]) {
        let mut text = "case \"$*\" in\n".to_owned();
        for (arguments, recording) in case_of_arguments {
            let path = folder().join(recording);
            let path = path.to_str().unwrap();
            let pattern = if *arguments == "*" { "*".to_owned() } else { format!("'{arguments}'") };
            text.push_str(&format!(
                "{pattern}) cat '{path}.out'; cat '{path}.err' >&2; exit $(cat '{path}.rc') ;;\n"
            ));
        }
        text.push_str("*) echo \"unexpected: $*\" >&2; exit 2 ;;\nesac");
        self.fake(name, &text);
    }

    pub(crate) fn job_folder(&self, job: JobId) -> PathBuf {
        self.home().join("pbsweb/.jobs").join(job.to_string())
    }

    pub(crate) fn start(&self, command: &Command) -> Child {
        let mut text = String::new();
        for (name, value) in &command.bindings {
            text.push_str(&format!("{name}='{}'\n", value.replace('\'', "'\\''")));
        }
        text.push_str(&command.script);
        let mut child = Process::new(self.shell[0])
            .args(&self.shell[1..])
            .arg("-s")
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home())
            .current_dir(self.home())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child
    }

    pub(crate) fn run(&self, command: &Command) -> Vec<u8> {
        finish(self.start(command))
    }
}

/// What a program printed, which must have ended well.
pub(crate) fn finish(child: Child) -> Vec<u8> {
    let (printed, status) = end_of(child);
    assert_eq!(status, 0);
    printed
}

/// What a program printed, and how it ended; it must not have complained.
pub(crate) fn end_of(child: Child) -> (Vec<u8>, i32) {
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.stdout, output.status.code().unwrap())
}

pub(crate) fn lines_of(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn the_listing_program_keeps_outputs_statuses_and_errors_apart() {
    for shell in shells() {
        let account = Account::new(shell);
        account.fake_recorded("qstat", &[("-f", "qstat-f"), ("-Qf", "qstat-Qf"), ("-Bf", "qstat-Bf")]);
        let command = OpenPbs.listing(&account.site(), &marker()).unwrap();
        let reply = OpenPbs.read_listing(&marker(), &account.run(&command));
        let ListingReply::Listed(listing) = reply else { panic!("{shell:?}: {reply:?}") };
        assert_eq!((listing.jobs.len(), listing.queues.len()), (17, 6), "{shell:?}");
        assert_eq!((listing.server.is_some(), listing.problems), (true, vec![]), "{shell:?}");

        account.fake_recorded("qstat", &[("*", "down-qstat")]);
        let reply = OpenPbs.read_listing(&marker(), &account.run(&command));
        let ListingReply::Unavailable(unavailable) = reply else { panic!("{shell:?}: {reply:?}") };
        assert_eq!(unavailable.status, Some(255));
        assert!(unavailable.words.starts_with("Connection refused\n"), "{unavailable:?}");
    }
}

#[test]
fn a_long_listing_is_packed_where_the_host_can_and_plain_where_it_cannot() {
    for shell in shells() {
        let account = Account::new(shell);
        let ids = ["1.vm".parse().unwrap(), "99999.vm".parse().unwrap()];
        let (table, details) = (
            OpenPbs.light(&account.site(), &marker()).unwrap(),
            OpenPbs.details(&account.site(), &marker(), &ids).unwrap(),
        );
        assert!(OpenPbs.details(&account.site(), &marker(), &[]).is_err());
        account.fake(
            "qstat",
            "echo \"$*\" >>\"$HOME/calls\"; cat >/dev/null; echo '   odd words\n' >&2; exit 255",
        );
        let refused = OpenPbs.read_light(&marker(), &account.run(&table)).unwrap_err();
        assert_eq!((refused.status, refused.words.trim()), (Some(255), "odd words"), "{shell:?}");
        account.fake("qstat", "cat >/dev/null");
        assert_eq!(OpenPbs.read_light(&marker(), &account.run(&table)), Ok(vec![]), "{shell:?}: no jobs");

        account.fake_recorded("qstat", &[("", "qstat"), ("-E -f 1.vm 99999.vm", "qstat-f-suspended")]);
        let packed = account.run(&table);
        assert_eq!(OpenPbs.read_light(&marker(), &packed).unwrap().len(), 17, "{shell:?}");
        assert!(packed.windows(2).any(|bytes| bytes == [0x1f, 0x8b]), "{shell:?}: nothing was packed");
        let found = OpenPbs.read_details(&marker(), &account.run(&details)).unwrap();
        assert_eq!(found.jobs.len(), 1, "{shell:?}");
        // All that were asked for have gone since the table was made: nothing is wrong with the host.
        account.fake_recorded("qstat", &[("*", "qstat-err-unknown")]);
        let found = OpenPbs.read_details(&marker(), &account.run(&details)).unwrap();
        assert!(found.jobs.is_empty(), "{shell:?}: {found:?}");
        account.fake_recorded("qstat", &[("*", "down-qstat")]);
        let refused = OpenPbs.read_details(&marker(), &account.run(&details)).unwrap_err();
        assert_eq!(refused.status, Some(255), "{shell:?}");

        // Cut or damaged on the way, it is no listing.
        for end in [packed.len() / 2, packed.len() - 20] {
            assert!(OpenPbs.read_light(&marker(), &packed[..end]).is_err(), "{shell:?}");
        }
        let mut damaged = packed.clone();
        let middle = packed.len() / 2;
        damaged[middle] ^= 0x55;
        assert!(OpenPbs.read_light(&marker(), &damaged).is_err(), "{shell:?}");

        let plain = Account::new(shell);
        plain.fake_recorded("qstat", &[("*", "qstat")]);
        let mut command = OpenPbs.light(&plain.site(), &marker()).unwrap();
        command.script = command.script.replace("command -v gzip", "command -v no-such-gzip");
        let text = plain.run(&command);
        assert!(text.windows(10).any(|bytes| bytes == b"run_simple"), "{shell:?}");
        assert_eq!(OpenPbs.read_light(&marker(), &text).unwrap().len(), 17, "{shell:?}");
    }
}

#[test]
fn steering_passes_arguments_as_they_are() {
    let ids: Vec<Vec<PbsJobId>> = vec![vec!["12[].vm".parse().unwrap()], vec!["13.vm".parse().unwrap()]];
    let pair = vec![ids.concat()];
    let nasty = "-it's $HOME `id` \"x\" \\ *\n2";
    let alter = json!({ "type": "alter", "attributes": { "account": nasty, "start_after": "2026-11-24T15:30" },
        "resources": { "walltime": "1:00:00" } });
    for shell in shells() {
        let account = Account::new(shell);
        for name in ["qdel", "qalter", "qmsg", "qhold", "qorder", "qmove", "qsig"] {
            account.fake(name, "echo \"${0##*/}\" >>\"$HOME/calls\"; for a in \"$@\"; do echo \"<$a>\" >>\"$HOME/calls\"; done");
        }
        let run = |steering: serde_json::Value, targets: &[Vec<PbsJobId>]| {
            let steering: Steering = serde_json::from_value(steering).unwrap();
            let command = OpenPbs.steer(&account.site(), &marker(), &steering, targets, false).unwrap();
            let stdout = account.run(&command);
            for found in OpenPbs.read_steering(&marker(), &steering, targets, false, &stdout) {
                assert!(
                    matches!(&found, Steered::Answered(said) if said.status == Some(0)),
                    "{shell:?} {steering:?} {found:?}"
                );
            }
            let calls = std::fs::read_to_string(account.home().join("calls")).unwrap();
            std::fs::remove_file(account.home().join("calls")).unwrap();
            calls
        };
        let both = "<12[].vm>\n<13.vm>\n";
        assert_eq!(
            run(json!({ "type": "delete", "force": true }), &ids),
            format!("qdel\n<-W>\n<force>\n{both}")
        );
        assert_eq!(run(json!({ "type": "hold" }), &ids), format!("qhold\n<-h>\n<u>\n{both}"));
        assert_eq!(
            run(json!({ "type": "move", "destination": "q@s" }), &ids),
            format!("qmove\n<q@s>\n{both}")
        );
        assert_eq!(
            run(alter.clone(), &ids),
            format!("qalter\n<-a>\n<202611241530>\n<-A>\n<{nasty}>\n<-l>\n<walltime=1:00:00>\n{both}")
        );
        let message = |id: &str| format!("qmsg\n<-O>\n<-->\n<{nasty}>\n<{id}>\n");
        assert_eq!(
            run(json!({ "type": "message", "text": nasty }), &ids),
            message("12[].vm") + &message("13.vm")
        );
        let order = json!({ "type": "order", "with": "00000000-0000-0000-0000-000000000000" });
        assert_eq!(run(order.clone(), &pair), format!("qorder\n{both}"));
        let refused = |steering: serde_json::Value, targets: &[Vec<PbsJobId>]| {
            let steering: Steering = serde_json::from_value(steering).unwrap();
            OpenPbs.steer(&account.site(), &marker(), &steering, targets, false).is_err()
        };
        assert!(refused(order, &ids) && refused(json!({ "type": "rerun" }), &[]));
        assert!(refused(json!({ "type": "alter" }), &ids) && refused(json!({ "type": "hold" }), &[vec![]]));
    }
}

#[test]
fn the_check_says_what_is_there_and_what_is_wrong() {
    for shell in shells() {
        let account = Account::new(shell);
        let probe = |site: &Site| {
            let command = OpenPbs.probe(site, &marker()).unwrap();
            OpenPbs.read_probe(&marker(), &account.run(&command))
        };
        let nothing = probe(&account.site());
        assert_eq!(nothing.problems, [ProbeProblem::NoCommands], "{shell:?}");
        assert!(
            nothing.is_writable
                && nothing.login.is_some()
                && nothing.clock.is_some()
                && nothing.free_kb.is_some()
        );

        account.fake("qsub", "");
        account.fake_recorded("qstat", &[("--version", "qstat-version"), ("-Bf", "qstat-Bf")]);
        let good = probe(&account.site());
        assert_eq!(good.problems, [], "{shell:?}");
        assert_eq!(good.bin, Some(account.site().bin));
        assert_eq!(good.version.as_deref(), Some("pbs_version = 23.06.06"));
        assert_eq!((good.server.as_deref(), good.has_history), (Some("vm"), true));

        account.fake_recorded("qstat", &[("--version", "qstat-version"), ("-Bf", "down-qstat")]);
        assert!(
            matches!(probe(&account.site()).problems.as_slice(), [ProbeProblem::ServerDown { words }] if words.contains("refused"))
        );
        account.fake("qstat", "echo 'Version: 6.1.2'");
        assert!(matches!(probe(&account.site()).problems.as_slice(), [ProbeProblem::OtherScheduler { .. }]));
        account.fake("qstat", "# qstat - queries slurm jobs in familiar pbs format.");
        assert!(matches!(probe(&account.site()).problems.as_slice(), [ProbeProblem::Slurm { .. }]));

        std::fs::remove_dir_all(account.home().join("pbsweb")).unwrap();
        std::fs::write(account.home().join("pbsweb"), "a file in the way").unwrap();
        assert!(!probe(&account.site()).is_writable, "{shell:?}");
    }
}
