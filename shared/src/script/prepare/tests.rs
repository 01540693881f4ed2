use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::script::{JobScriptDraft, VariableDraft};

/// A folder of its own for one run, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // A folder with all that needs quoting.
        let path = std::env::temp_dir().join(format!("pbsweb it's \"é\" $x {}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.join(name)).ok()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The shells of this machine.
fn shells() -> Vec<&'static str> {
    let all = ["/bin/sh", "/bin/bash", "/bin/dash", "/bin/ksh", "/bin/mksh", "/bin/zsh"];
    all.into_iter().filter(|shell| Path::new(shell).exists()).collect()
}

fn text(shell: &str, folder: &Folder, draft: &JobScriptDraft) -> String {
    let script = JobScript::from_draft(&JobScriptDraft { shell: shell.into(), ..draft.clone() }).unwrap();
    let job_folder = folder.0.to_str().unwrap();
    prepare(&script, &Placement { job_folder, ..placement() }).text
}

fn commands(commands: &str) -> JobScriptDraft {
    JobScriptDraft { commands: commands.into(), ..JobScriptDraft::default() }
}

fn command(text: &str, folder: &Folder) -> Command {
    let script = folder.0.join("script");
    fs::write(&script, text).unwrap();
    // Not by its first line: another thread that forks meanwhile would hold the file open for writing (ETXTBSY).
    let shell = text
        .lines()
        .next()
        .unwrap()
        .trim_start_matches("#!")
        .split(' ')
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let mut command = Command::new(&shell[0]);
    command
        .args(&shell[1..])
        .arg(&script)
        .env("PBS_O_WORKDIR", &folder.0)
        .env_remove("PBS_ARRAY_INDEX")
        .env("PBS_QUEUE", "workq")
        .stdin(Stdio::null());
    command
}

fn run(shell: &str, folder: &Folder, draft: &JobScriptDraft) -> Output {
    command(&text(shell, folder, draft), folder).output().unwrap()
}

/// The exit status that the epilogue notes; its times must be sound too.
fn noted(folder: &Folder, suffix: &str) -> Option<i32> {
    let begun = folder.file(&format!("begun{suffix}")).expect("begun is written at the start");
    let epilogue = folder.file(&format!("epilogue{suffix}"))?;
    let value = |name: &str| {
        let line = epilogue
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("{name} in {epilogue}"));
        line.trim().parse::<i64>().unwrap()
    };
    assert_eq!(epilogue.lines().count(), 3, "{epilogue}");
    assert_eq!(begun, format!("started {}\nqueue workq\n", value("started")));
    assert!(value("started") > 1_700_000_000 && value("ended") >= value("started"), "{epilogue}");
    Some(i32::try_from(value("exit_status")).unwrap())
}

fn placement() -> Placement<'static> {
    Placement {
        job: "00000000-0000-0000-0000-000000000007".parse().unwrap(),
        job_folder: "/home/ada/pbsweb/.jobs/7",
        working_folder: "/home/ada/pbsweb/heat",
        keep_output_in_place: false,
        record: None,
    }
}

#[test]
fn the_exit_status_is_noted_and_kept() {
    let cases = [
        ("true", 0),
        ("exit 3", 3),
        ("false", 1),
        ("(exit 7)", 7),
        ("set -eu\nfalse\necho unreachable", 1),
        ("set -euC\nset +e\nexit 4", 4),
        ("set -e\nexit 255", 255),
        ("no_such_command_at_all", 127),
        ("PATH=/nowhere\nexit 5", 5),
        ("mv() { echo wrong; }\ndate() { echo wrong; }\nrm() { echo wrong; }\nexit 6", 6),
        ("unset pbsweb_index 2>/dev/null\npbsweb_name=\ncd /\nexit 8", 8),
        ("( exit 9 ) || exit $?", 9),
    ];
    for shell in shells() {
        for (text, status) in cases {
            let folder = Folder::new();
            let output = run(shell, &folder, &commands(text));
            assert_eq!(output.status.code(), Some(status), "{shell}: {text}: {output:?}");
            assert_eq!(noted(&folder, ""), Some(status), "{shell}: {text}");
            assert!(output.stdout.is_empty(), "{shell}: {text}: {output:?}");
            assert_eq!(
                folder.names(),
                ["begun", "epilogue", "script"],
                "{shell}: {text}: nothing half-written is left"
            );
        }
        let folder = Folder::new();
        let output = run(shell, &folder, &commands("set -u\n: \"$NOT_SET_ANYWHERE\"\necho unreachable"));
        let status = output.status.code().unwrap();
        assert!(status != 0 && output.stdout.is_empty(), "{shell}: {output:?}");
        // ksh93 does not tell its trap.
        if !shell.ends_with("/ksh") && !shell.ends_with("/ksh93") {
            assert_eq!(noted(&folder, ""), Some(status), "{shell}");
        }
    }
}

#[test]
fn options_in_the_first_line_do_no_harm() {
    for options in ["-e", "-eu", "-u", "-C"] {
        let folder = Folder::new();
        let output = run(&format!("/bin/sh {options}"), &folder, &commands("echo out; exit 3"));
        assert_eq!((output.status.code(), noted(&folder, "")), (Some(3), Some(3)), "{options}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    }
}

#[test]
fn a_second_run_replaces_the_notes_of_the_first() {
    let folder = Folder::new();
    run("/bin/sh", &folder, &commands("exit 3"));
    assert_eq!(noted(&folder, ""), Some(3));
    let output = run("/bin/sh", &folder, &commands("test ! -e \"$PBS_O_WORKDIR/epilogue\""));
    assert_eq!(
        (output.status.code(), noted(&folder, "")),
        (Some(0), Some(0)),
        "while it runs there is no old note"
    );
}

#[test]
fn a_missing_folder_changes_nothing_for_the_job() {
    let folder = Folder::new();
    let script =
        JobScript::from_draft(&JobScriptDraft { shell: "/bin/sh".into(), ..commands("echo out; exit 3") })
            .unwrap();
    let text = prepare(&script, &Placement { job_folder: "/nowhere/at/all", ..placement() }).text;
    let output = command(&text, &folder).output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice(), output.stderr.as_slice()),
        (Some(3), &b"out\n"[..], &b""[..])
    );
}

#[test]
fn a_missing_working_directory_fails_the_job() {
    let folder = Folder::new();
    let draft = JobScriptDraft { working_directory: "no/such".into(), ..commands("echo unreachable") };
    let output = run("/bin/sh", &folder, &draft);
    assert!(output.stdout.is_empty());
    let status = output.status.code().unwrap();
    assert_ne!(status, 0);
    assert_eq!(noted(&folder, ""), Some(status));
}

#[test]
fn a_terminated_job_notes_143() {
    for shell in shells() {
        let folder = Folder::new();
        // As qdel does, the signal goes to every process of the job: the group that setsid makes.
        let text = text(
            shell,
            &folder,
            &commands("set -eu\n: >\"$PBS_O_WORKDIR/ready\"\nwhile :; do sleep 0.1; done"),
        );
        let mut job = command(&text, &folder);
        std::os::unix::process::CommandExt::process_group(&mut job, 0);
        let mut job = job.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(30);
        while folder.file("ready").is_none() {
            assert!(Instant::now() < limit, "{shell} did not start");
            std::thread::yield_now();
        }
        let killed =
            Command::new("/bin/sh").args(["-c", &format!("kill -TERM -{}", job.id())]).status().unwrap();
        assert!(killed.success());
        let status = job.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(143), None), "{shell}");
        assert_eq!(noted(&folder, ""), Some(143), "{shell}");
    }
}

#[test]
fn subjobs_have_notes_of_their_own() {
    for shell in shells() {
        let folder = Folder::new();
        let draft = JobScriptDraft { array: "1-3".into(), ..commands("exit $PBS_ARRAY_INDEX") };
        let text = text(shell, &folder, &draft);
        for index in [1, 2] {
            command(&text, &folder).env("PBS_ARRAY_INDEX", index.to_string()).status().unwrap();
        }
        assert_eq!((noted(&folder, ".1"), noted(&folder, ".2")), (Some(1), Some(2)), "{shell}");
        assert_eq!(folder.names(), ["begun.1", "begun.2", "epilogue.1", "epilogue.2", "script"]);
    }
}

const VALUES: [&str; 14] = [
    "",
    " lead and trail ",
    "it's",
    "'",
    "\"quoted\"",
    "back\\slash\\",
    "two\nlines\n\n",
    "$HOME `id` $(id)",
    "é→🚀",
    "!x !!",
    "~",
    "a\tb",
    "%s\\n",
    "*?[a]{1,2}",
];

fn with_variables() -> JobScriptDraft {
    let variables = VALUES
        .iter()
        .enumerate()
        .map(|(index, value)| VariableDraft { name: format!("V{index}"), value: (*value).to_owned() });
    let print = (0..VALUES.len()).map(|index| format!("\"$V{index}\"")).collect::<Vec<_>>().join(" ");
    JobScriptDraft { variables: variables.collect(), ..commands(&format!("printf '%s\\001' {print}")) }
}

#[test]
fn variables_arrive_to_the_byte() {
    let expected: String = VALUES.iter().map(|value| format!("{value}\u{1}")).collect();
    for shell in shells() {
        let folder = Folder::new();
        let output = run(shell, &folder, &with_variables());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{shell}");
    }
}

#[test]
fn csh_gets_its_variables_and_no_trap() {
    let folder = Folder::new();
    let shell = "/bin/tcsh";
    // What env prints, so that no shell is in between.
    let draft = JobScriptDraft { commands: "/usr/bin/env -0".into(), ..with_variables() };
    let text = text(&format!("{shell} -f"), &folder, &draft);
    assert!(!text.contains("trap") && text.contains("setenv V2 'it'\\''s'\n"), "{text}");
    if !Path::new(shell).exists() {
        return;
    }
    let output = command(&text, &folder).output().unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    for (index, value) in VALUES.iter().enumerate() {
        let line = format!("V{index}={value}");
        assert!(
            seen.split('\0').any(|entry| entry == line),
            "{line:?} not in {seen:?} {:?}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn directives_come_before_any_command() {
    let draft = JobScriptDraft { hold: true, extra_directives: "-W umask=022".into(), ..with_variables() };
    for shell in ["/bin/sh", "/bin/tcsh"] {
        let text = text(shell, &Folder::new(), &draft);
        let first_command = text.lines().position(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
        let last_directive =
            text.lines().collect::<Vec<_>>().iter().rposition(|line| line.starts_with("#PBS")).unwrap();
        assert!(last_directive < first_command, "{text}");
    }
}

#[test]
fn without_epilogue_the_text_is_what_the_user_sees() {
    for (shell, without_epilogue) in
        [("/bin/bash", true), ("/bin/tcsh", false), ("/usr/bin/env python3", false)]
    {
        let draft = JobScriptDraft { shell: shell.into(), without_epilogue, ..commands("true") };
        let script = JobScript::from_draft(&draft).unwrap();
        assert!(!script.has_epilogue());
        assert_eq!(prepare(&script, &placement()).text, script.render(), "{shell}");
    }
}

#[test]
fn arguments_hold_name_and_absolute_paths() {
    let check = |fill: fn(&mut JobScriptDraft), keep: bool, expected: &[&str]| {
        let mut draft = commands("true");
        fill(&mut draft);
        let script = JobScript::from_draft(&draft).unwrap();
        let arguments = prepare(&script, &Placement { keep_output_in_place: keep, ..placement() }).arguments;
        assert_eq!(arguments[1], if draft.name.is_empty() { "job" } else { draft.name.as_str() });
        assert_eq!(arguments[0], "-N");
        assert_eq!(arguments[2..], *expected);
    };
    let jobs = "/home/ada/pbsweb/.jobs/7";
    check(|_| (), false, &["-o", &format!("{jobs}/stdout"), "-e", &format!("{jobs}/stderr")]);
    check(
        |d| d.name = "-5".into(),
        true,
        &["-o", &format!("{jobs}/stdout"), "-e", &format!("{jobs}/stderr"), "-k", "oed"],
    );
    check(
        |d| d.array = "1-3".into(),
        false,
        &["-o", &format!("{jobs}/stdout.^array_index^"), "-e", &format!("{jobs}/stderr.^array_index^")],
    );
    check(|d| d.join = "oe".into(), false, &["-o", &format!("{jobs}/stdout")]);
    check(|d| d.join = "eo".into(), false, &["-e", &format!("{jobs}/stderr")]);
    check(
        |d| (d.output_path, d.error_path) = ("my out.txt".into(), "/dev/null".into()),
        false,
        &["-o", "/home/ada/pbsweb/heat/my out.txt", "-e", "/dev/null"],
    );
    check(
        |d| (d.output_path, d.join) = ("vm:/x/y".into(), "oe".into()),
        true,
        &["-o", "vm:/x/y", "-k", "oed"],
    );
    // What stood among the extra directives counts as if it stood in the field.
    check(|d| d.extra_directives = "-o x\n-j oe".into(), false, &["-o", "/home/ada/pbsweb/heat/x"]);
}
