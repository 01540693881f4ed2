use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::script::{ChunkDraft, DependencyDraft, JobScript, VariableDraft, normalise, render};

fn codes(parsed: &Parsed) -> Vec<String> {
    parsed.diagnostics.iter().map(|d| format!("{} {}", d.line.unwrap_or(0), d.code)).collect()
}

/// What a script reads as, and what is noticed (line and code).
fn check(text: &str, expected: &JobScriptDraft, noticed: &[&str]) {
    let parsed = parse(text);
    assert_eq!(render(&parsed.draft), text);
    let fields = JobScriptDraft { text: String::new(), ..parsed.draft.clone() };
    assert_eq!(fields, *expected, "{text}");
    assert_eq!(codes(&parsed), noticed, "{text}");
}

fn draft(fill: impl FnOnce(&mut JobScriptDraft)) -> JobScriptDraft {
    let mut draft = JobScriptDraft::default();
    fill(&mut draft);
    draft
}

#[test]
fn a_script_of_every_day() {
    check(
        "#!/bin/bash -l\n#PBS -N heat  -q workq\n# the usual\n\n#PBS -l select=2:ncpus=4:mem=8gb,walltime=1:30:00\n#PBS -j oe\n\n# solver\nmodule load mpi\ncd $PBS_O_WORKDIR\nmpirun ./heat\n",
        &draft(|d| {
            d.shell = "/bin/bash -l".into();
            (d.name, d.queue) = ("heat".into(), "workq".into());
            d.chunks = vec![ChunkDraft {
                count: "2".into(),
                ncpus: "4".into(),
                mem: "8gb".into(),
                ..ChunkDraft::default()
            }];
            (d.walltime, d.join) = ("1:30:00".into(), "oe".into());
            d.working_directory = "~".into();
            d.commands = "# solver\nmodule load mpi\ncd $PBS_O_WORKDIR\nmpirun ./heat".into();
        }),
        &[],
    );
}

#[test]
fn directives_wherever_qsub_finds_them() {
    let queue = |text: &str| parse(text).draft.queue;
    assert_eq!(queue("#!/bin/sh\n   #PBS -q a\ntrue\n"), "a", "indented");
    assert_eq!(queue("#!/bin/sh\n#PBS-q a\ntrue\n"), "a", "without a blank");
    assert_eq!(queue("#!/bin/sh\n#PBS\t-qa\ntrue\n"), "a", "tab, attached");
    assert_eq!(queue("#!/bin/sh\n\n# c\n:\n#PBS -q a\ntrue\n"), "a", "after comments");
    assert_eq!(queue("#!/bin/sh\n#PBS -N x \\\n#PBS -q a\ntrue\n"), "a", "continued");
    assert_eq!(queue("#!/bin/sh\n#PBS -N x \\\n -q a\ntrue\n"), "a", "continued without prefix");
    assert_eq!(queue("#!/bin/sh\n##PBS -q a\n# PBS -q b\ntrue\n"), "", "commented out");
    assert_eq!(queue("#PBS -q a\n#!/bin/sh\ntrue\n"), "a", "no first line");
    let late = parse("#!/bin/sh\ntrue\n#PBS -q a\n");
    assert_eq!((late.draft.queue.as_str(), late.draft.commands.as_str()), ("", "true\n#PBS -q a"));
    assert!(codes(&late).contains(&"3 commands.directive".to_owned()), "{:?}", codes(&late));
}

#[test]
fn what_has_no_field_is_kept_and_pointed_at() {
    check(
        "#!/bin/sh\n#PBS -W cred=krb\n#PBS --nonsense\n#PBS -q a stray\n#PBS -q b\n#PBS -A 'open\n#PBS -V\n#PBS -q x # why\ncd $PBS_O_WORKDIR\ntrue",
        &draft(|d| {
            d.shell = "/bin/sh".into();
            d.queue = "x".into();
            d.extra_directives = "-W cred=krb\n--nonsense\nstray\n-A 'open\n-V".into();
            d.commands = "true".into();
        }),
        &[
            "8 directive.comment",
            "4 directive.overruled",
            "5 directive.overruled",
            "3 extra.unknown",
            "4 extra.dash",
            "6 extra.quote",
            "7 extra.environment",
        ],
    );
    let columns: Vec<Option<u32>> =
        parse("#PBS -W cred=krb -V -q\ntrue").diagnostics.iter().map(|d| d.column).collect();
    assert_eq!(columns, [None, Some(1), Some(18), Some(21)]);
    let columns: Vec<_> = parse("#!/bin/sh\n#PBS -h \\\n #PBS  -p é -V\ncd /\ntrue")
        .diagnostics
        .iter()
        .map(|d| (d.line, d.column))
        .collect();
    assert_eq!(columns, [(Some(3), Some(8)), (Some(3), Some(13))], "on a continued line");
}

#[test]
fn torque_and_old_forms_are_understood() {
    let chunk = |fill: fn(&mut ChunkDraft)| {
        let mut chunk = ChunkDraft::default();
        fill(&mut chunk);
        chunk
    };
    check(
        "#!/bin/sh\n#PBS -l nodes=2:ppn=8:gpus=1+1:ppn=4,mem=24gb\n#PBS -t 0-9%3 -d /scratch/ada\ntrue",
        &draft(|d| {
            d.shell = "/bin/sh".into();
            d.chunks = vec![
                chunk(|c| {
                    (c.count, c.ncpus, c.mpiprocs, c.ngpus, c.mem) =
                        ("2".into(), "8".into(), "8".into(), "1".into(), "8gb".into());
                }),
                chunk(|c| {
                    (c.count, c.ncpus, c.mpiprocs, c.mem) = ("1".into(), "4".into(), "4".into(), "8gb".into())
                }),
            ];
            (d.place, d.array, d.working_directory) =
                ("scatter".into(), "0-9%3".into(), "/scratch/ada".into());
            d.commands = "true".into();
        }),
        &["3 torque.array", "3 torque.directory", "2 chunks.old_form", "3 array.most"],
    );
    check(
        "#!/bin/sh\n#PBS -l ncpus=4 -l mem=2gb\n#PBS -v A=1,B=x\n#PBS -v HOME\ncd $PBS_O_WORKDIR\ntrue",
        &draft(|d| {
            d.shell = "/bin/sh".into();
            d.chunks = vec![chunk(|c| (c.count, c.ncpus, c.mem) = ("1".into(), "4".into(), "2gb".into()))];
            d.variables = [("A", "1"), ("B", "x")]
                .map(|(name, value)| VariableDraft { name: name.into(), value: value.into() })
                .into();
            d.extra_directives = "-v HOME".into();
            d.commands = "true".into();
        }),
        &["3 variables.from_option", "2 chunks.old_form", "4 extra.variables"],
    );
    let kept = |line: &str| parse(format!("#!/bin/sh\n#PBS {line}\ntrue")).draft.extra_directives;
    assert_eq!(kept("-l nodes=n1:ppn=2"), "-l nodes=n1:ppn=2");
    assert_eq!(kept("-l nodes=2:bigmem"), "-l nodes=2:bigmem");
    assert_eq!(kept("-l select=1 -l ncpus=2"), "-l ncpus=2");
}

#[test]
fn other_interpreters_start_at_home_with_their_own_text() {
    check(
        "#!/usr/bin/env python3\n#PBS -N py\n\nimport os\nprint(1)\n",
        &draft(|d| {
            (d.shell, d.name, d.commands) =
                ("/usr/bin/env python3".into(), "py".into(), "import os\nprint(1)".into());
        }),
        &["1 shell.no_epilogue"],
    );
    check(
        "#!/bin/tcsh\n#PBS -N c\nsetenv A 'x y'\ncd $PBS_O_WORKDIR\n./run\n",
        &draft(|d| {
            (d.shell, d.name, d.commands) = ("/bin/tcsh".into(), "c".into(), "./run".into());
            d.variables = vec![VariableDraft { name: "A".into(), value: "x y".into() }];
        }),
        &["1 shell.no_epilogue"],
    );
}

#[test]
fn variables_are_read_only_if_they_are_literal() {
    let read = |lines: &str| {
        let parsed = parse(format!("#!/bin/sh\n{lines}\ncd $PBS_O_WORKDIR\ntrue\n")).draft;
        parsed.variables.into_iter().map(|v| (v.name, v.value)).collect::<Vec<_>>()
    };
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(read("export A=1"), pair("A", "1"));
    assert_eq!(read("export A=\"x y\""), pair("A", "x y"));
    assert_eq!(read("export A='it'\\''s'\\\n"), [], "a word that goes on");
    assert_eq!(read("export A='it'\\''s'  "), pair("A", "it's"));
    assert_eq!(read("export A="), pair("A", ""));
    for left in [
        "export A=$B",
        "export A=\"$B\"",
        "export A=`id`",
        "export A=1 B=2",
        "export A=1; rm x",
        "export A='open",
        "export 1A=x",
        "A=1",
    ] {
        assert_eq!(read(left), [], "{left}");
    }
}

#[test]
fn bytes_that_are_no_good_text() {
    let noticed = |bytes: &[u8]| codes(&parse(bytes));
    assert_eq!(noticed(b"\xef\xbb\xbf#!/bin/sh\ncd $PBS_O_WORKDIR\ntrue\n"), ["1 text.bom"]);
    assert_eq!(noticed(b"#!/bin/sh\r\ncd $PBS_O_WORKDIR\r\ntrue\r\n"), ["1 text.crlf"]);
    assert_eq!(noticed(b"#!/bin/sh\ncd $PBS_O_WORKDIR\nec\xe9 1\n"), ["3 text.utf8"]);
    assert_eq!(parse(b"#!/bin/sh\ncd $PBS_O_WORKDIR\nec\xe9 1\n").diagnostics[0].column, Some(3));
    assert_eq!(noticed(b"#!/bin/sh\ncd $PBS_O_WORKDIR\necho \0\n"), ["3 text.nul"]);
    assert_eq!(parse(b"a\r\nb").draft.commands, "a\nb");
    assert_eq!(noticed(b""), ["1 commands.missing"]);
    assert_eq!(parse(b"").draft, JobScriptDraft::default());
}

/// How long this thread has been at work, however busy the machine is with other things.
fn time_at_work() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// Does it, in a time that only something quadratic exceeds, also in a debug build.
fn quickly<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begin = time_at_work();
    let done = work();
    let took = time_at_work() - begin;
    assert!(took.as_secs() < 30, "{what} took {took:?}");
    done
}

#[test]
fn huge_texts_are_read_quickly_and_lose_nothing() {
    let quick = |text: String, what: &str| {
        let parsed = quickly(what, || parse(&text));
        assert!(parsed.diagnostics.len() < 2000, "{what}: {} findings", parsed.diagnostics.len());
        assert!(parsed.diagnostics.iter().any(|d| d.code == "text.too_large"), "{what}");
        parsed.draft
    };
    let line = "echo 0123456789\n";
    let commands =
        quick(format!("#!/bin/sh\n{}", line.repeat(10_000_000 / line.len())), "10 MB of commands").commands;
    assert_eq!(commands.len() + 1, 10_000_000 / line.len() * line.len());
    let draft = quick("#PBS -W umask=022\n".repeat(1_000_000), "a million directives");
    assert_eq!(render(&draft).matches("umask").count(), 1_000_000);
    quick("#PBS \\\n".repeat(1_000_000), "one directive of a million lines");
    quick(format!("#!/bin/sh\n{}\n", "#".repeat(10_000_000)), "one long comment");
    quick("export A=1\n".repeat(100_000), "a hundred thousand variables");
    quick("#c\n#PBS -h\n".repeat(100_000), "directives and comments in turn");
    quick(format!("#!/bin/sh\n#PBS -l select={}\n", "1+".repeat(600_000)), "600,000 chunks");
    quick(format!("#PBS {}\n{}", "-q a ".repeat(200_000), line.repeat(10_000)), "200,000 options on a line");
}

#[test]
fn huge_texts_are_changed_quickly() {
    let change = |text: String, what: &str, fill: fn(&mut JobScriptDraft)| {
        let mut draft = parse(text).draft;
        fill(&mut draft);
        quickly(what, || render(&draft))
    };
    let lines = "#PBS -W umask=022\n".repeat(1500);
    let text = change(lines.clone(), "a field beside many directives", |d| d.queue = "long".into());
    assert!(text == format!("{lines}#PBS -q long\n"));
    let lines = "#PBS -l software=x\n".repeat(1500);
    let text =
        change(lines, "the last of many extra directives", |d| d.extra_directives = "-l software=y".into());
    assert_eq!(text, "#PBS -l software=y\n");
    let commands = "true\n".repeat(500_000);
    let text =
        change(format!("#!/bin/sh\n{commands}"), "a field above many commands", |d| d.queue = "long".into());
    assert!(text == format!("#!/bin/sh\n#PBS -q long\n{commands}"));
    let lines = "#PBS -W umask=022\n".repeat(1_000_000);
    let text = change(lines, "a field beside a million directives", |d| d.queue = "long".into());
    assert!(text.contains("#PBS -q long\n"));
}

#[test]
fn what_was_sent_to_a_host_reads_as_what_the_user_wrote() {
    let draft = draft(|d| {
        (d.name, d.commands) = ("heat".into(), "./heat".into());
        d.variables = vec![VariableDraft { name: "A".into(), value: "b".into() }];
    });
    let script = JobScript::from_draft(&draft).unwrap();
    let place = crate::script::Placement {
        job: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
        job_folder: "/home/a/.jobs/1",
        working_folder: "/home/a/x",
        keep_output_in_place: true,
        record: Some("{\"key\":\"#PBS -q x\"}"),
    };
    assert_eq!(parse(crate::script::prepare(&script, &place).text).draft, draft);
}

/// A choice of texts, half of them good.
fn either(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![3 => proptest::sample::select(good).prop_map(str::to_owned), 1 => Just(String::new())]
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[^\\x00\\r]{0,12}",
        Just("it's \"x\"\\\n".to_owned()),
        Just("!a!\n\n'".to_owned())
    ]
}

prop_compose! {
    fn any_chunk()(
        count in either(&["1", "2", "007"]), ncpus in either(&["1", "04"]), mpiprocs in either(&["1", "2"]),
        ompthreads in either(&["8"]), mem in either(&["4gb", "1536MB", "5", " 2g "]), ngpus in either(&["1"]),
        other in either(&["scratch=20gb", "arch=linux:host=n1"]),
    ) -> ChunkDraft {
        ChunkDraft { count, ncpus, mpiprocs, ompthreads, mem, ngpus, other }
    }
}

prop_compose! {
    fn any_resources()(
        name in either(&["heat", "-5", "a+b.c_d", "job"]), queue in either(&["workq", "a@b.c:1"]), chunks in vec(any_chunk(), 0..3),
        place in either(&["free", "excl:scatter", "pack:shared:group=x"]), walltime in either(&["90", "1:2:3", "240:00:00", "7.5"]),
        account in either(&["acct-7", "two words", "it's", "a\"b", "both '\"\\", "#x"]), project in either(&["p-1"]),
    ) -> JobScriptDraft {
        JobScriptDraft { name, queue, chunks, place, walltime, account, project, ..JobScriptDraft::default() }
    }
}

prop_compose! {
    fn any_delivery()(
        mail_users in either(&["a@x.org", "a, b@y.org"]), mail_events in either(&["n", "eba", "ja"]), join in either(&["oe", "eo", "n"]),
        output_path in either(&["out.txt", "my out.txt", "/dev/null", "vm:/x"]), error_path in either(&["e", "/a/b,c"]),
        dependencies in vec(proptest::sample::select(&[("afterok", "1.vm:2[].vm"), ("on", "2"), ("", "")]), 0..3),
        array in either(&["1-3", "0-9:3%2"]), rerunnable in either(&["y", "n"]), priority in either(&["+5", "-1024"]),
    ) -> JobScriptDraft {
        let dependencies =
            dependencies.into_iter().map(|(kind, jobs)| DependencyDraft { kind: kind.into(), jobs: jobs.into() }).collect();
        JobScriptDraft { mail_users, mail_events, join, output_path, error_path, dependencies, array, rerunnable, priority, ..JobScriptDraft::default() }
    }
}

prop_compose! {
    fn any_text()(
        hold: bool, without_epilogue: bool, start_after in either(&["2026-11-24T15:30", "1530", "202611241530.07"]),
        shell in either(&["/bin/bash", "/bin/sh -e", "/bin/tcsh", "/usr/bin/env python3"]),
        working_directory in either(&["~", "~/a b", "/x/$USER", "sub/dir", "$PBS_O_WORKDIR/y", "~x", "$5", "a\"`\\b"]),
        extra_directives in either(&["-W umask=022", "-Wumask=022,group_list=a,b\n\n-S /bin/sh", "-l software=x,arch=y", "-q other", "-l ncpus=3", "-h", "-A 'x y'"]),
        commands in prop_oneof!["[ -~\n]{1,60}", "(export A='b'|cd \\$PBS_O_WORKDIR|#PBS -q x|# c|:|true|\n){1,5}", "\\PC{1,40}"],
        names in vec(proptest::sample::select(&["A", "_B", "OMP_NUM_THREADS", "c1"]), 0..3), value in any_value(),
    ) -> JobScriptDraft {
        let variables = names.into_iter().map(|name| VariableDraft { name: name.into(), value: value.clone() }).collect();
        JobScriptDraft { hold, without_epilogue, start_after, shell, working_directory, extra_directives, commands, variables, ..JobScriptDraft::default() }
    }
}

fn any_draft() -> impl Strategy<Value = JobScriptDraft> {
    (any_resources(), any_delivery(), any_text()).prop_map(|(resources, delivery, text)| JobScriptDraft {
        name: resources.name,
        queue: resources.queue,
        chunks: resources.chunks,
        place: resources.place,
        walltime: resources.walltime,
        account: resources.account,
        project: resources.project,
        hold: text.hold,
        without_epilogue: text.without_epilogue,
        start_after: text.start_after,
        shell: text.shell,
        working_directory: text.working_directory,
        extra_directives: text.extra_directives,
        commands: text.commands,
        variables: text.variables,
        ..delivery
    })
}

/// Any text at all in every field.
fn any_unsound() -> impl Strategy<Value = JobScriptDraft> {
    vec(
        prop_oneof![
            any_value(),
            "\\PC{0,8}",
            Just("x\n#PBS -h\nrm -rf /".to_owned()),
            Just("\r\n\0".to_owned()),
            Just("\\".to_owned())
        ],
        24,
    )
    .prop_map(|texts| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        JobScriptDraft {
            name: next(),
            queue: next(),
            chunks: vec![ChunkDraft { count: next(), mem: next(), other: next(), ..ChunkDraft::default() }],
            place: next(),
            walltime: next(),
            account: next(),
            project: next(),
            mail_users: next(),
            mail_events: next(),
            join: next(),
            output_path: next(),
            error_path: next(),
            dependencies: vec![DependencyDraft { kind: next(), jobs: next() }],
            array: next(),
            rerunnable: next(),
            priority: next(),
            start_after: next(),
            shell: next(),
            working_directory: next(),
            ..JobScriptDraft::default()
        }
    })
}

proptest! {
    #[test]
    fn a_rendered_sound_draft_reads_back(draft in any_draft()) {
        match JobScript::from_draft(&draft) {
            Ok(script) => {
                // What is said twice is warned of, and reads as PBS takes it.
                prop_assume!(crate::script::check(&draft, None).iter().all(|d| d.code != "extra.duplicate"));
                prop_assert_eq!(script.draft(), &normalise(&draft));
                let text = script.render();
                prop_assert_eq!(&parse(&text).draft, script.draft(), "{}", text);
                prop_assert_eq!(&normalise(script.draft()), script.draft());
                prop_assert_eq!(render(script.draft()), text);
            }
            Err(found) => prop_assert!(found.iter().any(|d| d.severity == Severity::Error)),
        }
    }

    #[test]
    fn no_field_adds_a_line(draft in any_unsound()) {
        // However unsound, the header has one line for each field that is given, and reading it finds no option of another kind.
        let text = render(&draft);
        let plain = render(&JobScriptDraft::default());
        prop_assert!(text.lines().count() <= plain.lines().count() + 16, "{}", text);
        let parsed = parse(&text).draft;
        prop_assert!(!parsed.hold, "{}", text);
        prop_assert_eq!(parsed.commands, "", "{}", text);
        prop_assert!(text.lines().skip(1).take_while(|line| !line.is_empty()).all(|line| line.starts_with("#PBS -")), "{}", text);
    }

    #[test]
    fn reading_never_panics_and_settles(bytes in vec(any::<u8>(), 0..200)) {
        let once = parse(&bytes).draft;
        let twice = parse(render(&once)).draft;
        prop_assert_eq!(render(&twice), render(&once));
    }

    #[test]
    fn reading_pieces_of_scripts_never_panics(
        pieces in vec(proptest::sample::select(&[
            "#!/bin/sh\n", "#PBS ", "-l ", "select=", "1:ncpus=2", "+", ":", "\\\n", "'", "\"", "-W depend=", "afterok:1", "\n", " ", "-v A=b",
            "export A='", "cd ", "$PBS_O_WORKDIR", "\r\n", "\0", "# PBSWeb: without epilogue\n", "nodes=2:ppn=8", ",", "=", "true\n", "#!/usr/bin/perl\n",
            "setenv A ", "é", "-", "#", "-h", "mem=4gb",
        ]), 0..40)
    ) {
        let text = pieces.concat();
        let parsed = parse(&text);
        let _ = render(&parsed.draft);
        let _ = JobScript::from_draft(&parsed.draft);
    }
}
