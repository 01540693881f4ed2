use crate::script::{
    ChunkDraft, DependencyDraft, JobScript, JobScriptDraft, Placement, VariableDraft, parse, prepare, render,
};

/// A script as people write them.
const SCRIPT: &str = "#!/bin/bash -l
# Heat in two dimensions
#PBS -N heat  -q  long   # not
##PBS -q old
#PBS   -l select=2:ncpus=4:mem=8gb,walltime=10:00:00
\t#PBS -j oe
#
#   mail to the group
#PBS -M ada@example.org -m \\
#PBS   ae
#PBS -W depend=afterok:12.pbs,umask=022

# where
export CASE='it is' # said
export DEEP=1

cd $PBS_O_WORKDIR
module load mpi

mpirun ./heat    # run
";

/// The script with the comment behind a directive taken out.
fn script() -> String {
    SCRIPT.replace("   # not", "")
}

/// What changes in a text when a field is changed: the lines that go and the lines that come.
fn change(text: &str, change: impl FnOnce(&mut JobScriptDraft)) -> (Vec<String>, Vec<String>) {
    let mut draft = parse(text).draft;
    change(&mut draft);
    let edited = render(&draft);
    assert_eq!(parse(&edited).draft.text, edited, "{edited}");
    let (old, new): (Vec<&str>, Vec<&str>) = (text.lines().collect(), edited.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let most = old.len().min(new.len()) - same;
    let after = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(old, new)| old == new).count();
    let part =
        |lines: &[&str]| lines[same..lines.len() - after].iter().map(|line| (*line).to_owned()).collect();
    (part(&old), part(&new))
}

fn check(fill: impl FnOnce(&mut JobScriptDraft), old: &[&str], new: &[&str]) {
    let (gone, come) = change(&script(), fill);
    assert_eq!(
        (
            gone.iter().map(String::as_str).collect::<Vec<_>>(),
            come.iter().map(String::as_str).collect::<Vec<_>>()
        ),
        (old.to_vec(), new.to_vec())
    );
}

#[test]
fn nothing_changed_is_nothing_changed() {
    for text in [
        SCRIPT,
        &script(),
        &SCRIPT.replace('\n', "\r\n"),
        "\n\n",
        "#!/bin/sh",
        "true",
        "#PBS",
        "#PBS -q a",
        "\u{feff}#!/bin/sh\n#PBS -q x\ntrue\n",
        "a\rb\r\r\n",
        "#!/usr/bin/perl\n#PBS -l nodes=2\n\nprint 1",
    ] {
        let draft = parse(text).draft;
        assert_eq!(render(&draft), text, "{text:?}");
        assert_eq!(render(&crate::script::normalise(&draft)), text, "{text:?}");
    }
}

#[test]
fn one_field_changes_its_own_line() {
    check(|d| d.name = "cold".into(), &["#PBS -N heat  -q  long"], &["#PBS -N cold  -q  long"]);
    check(|d| d.queue = "short".into(), &["#PBS -N heat  -q  long"], &["#PBS -N heat  -q  short"]);
    check(|d| d.queue = String::new(), &["#PBS -N heat  -q  long"], &["#PBS -N heat"]);
    let line = "#PBS   -l select=2:ncpus=4:mem=8gb,walltime=10:00:00";
    check(
        |d| d.walltime = "12:00:00".into(),
        &[line],
        &["#PBS   -l select=2:ncpus=4:mem=8gb,walltime=12:00:00"],
    );
    check(|d| d.walltime = "10:0:0".into(), &[], &[]);
    check(|d| d.walltime = String::new(), &[line], &["#PBS -l select=2:ncpus=4:mem=8gb"]);
    check(
        |d| d.chunks[0].ncpus = "8".into(),
        &[line],
        &["#PBS   -l select=2:ncpus=8:mem=8gb,walltime=10:00:00"],
    );
    check(|d| d.join = String::new(), &["\t#PBS -j oe"], &[]);
    check(|d| d.mail_events = "b".into(), &["#PBS   ae"], &["#PBS   b"]);
    check(
        |d| d.umask = "027".into(),
        &["#PBS -W depend=afterok:12.pbs,umask=022"],
        &["#PBS -W depend=afterok:12.pbs,umask=027"],
    );
    check(
        |d| d.dependencies = Vec::new(),
        &["#PBS -W depend=afterok:12.pbs,umask=022"],
        &["#PBS -W umask=022"],
    );
    check(
        |d| d.dependencies.push(DependencyDraft { kind: "after".into(), jobs: "7.pbs".into() }),
        &["#PBS -W depend=afterok:12.pbs,umask=022"],
        &["#PBS -W depend=afterok:12.pbs,after:7.pbs,umask=022"],
    );
    check(|d| d.account = "two words".into(), &[], &["#PBS -A \"two words\""]);
    check(|d| d.hold = true, &[], &["#PBS -h"]);
    check(|d| d.extra_directives = "-l software=x".into(), &[], &["#PBS -l software=x"]);
    check(|d| d.shell = "/bin/sh".into(), &["#!/bin/bash -l"], &["#!/bin/sh"]);
    check(|d| d.without_epilogue = true, &[], &["# PBSWeb: without epilogue"]);
    check(
        |d| d.variables[0].value = "it's".into(),
        &["export CASE='it is' # said"],
        &["export CASE='it'\\''s'"],
    );
    check(|d| d.variables[1].value = "2".into(), &["export DEEP=1"], &["export DEEP='2'"]);
    check(
        |d| {
            d.variables.remove(1);
        },
        &["export DEEP=1"],
        &[],
    );
    check(
        |d| d.variables.push(VariableDraft { name: "X".into(), value: "y".into() }),
        &[],
        &["export X='y'"],
    );
    check(
        |d| d.working_directory = "/scratch".into(),
        &["cd $PBS_O_WORKDIR"],
        &["cd \"/scratch\" || exit 1"],
    );
    check(
        |d| d.commands = d.commands.replace("./heat", "./cold"),
        &["mpirun ./heat    # run"],
        &["mpirun ./cold    # run"],
    );
}

#[test]
fn windows_line_ends_and_byte_order_marks_stay_until_it_is_sent() {
    let text = format!("\u{feff}{}", script().replace('\n', "\r\n"));
    let mut draft = parse(&text).draft;
    draft.queue = "short".into();
    assert_eq!(render(&draft), text.replace("-q  long", "-q  short"));
    assert_eq!(sent(&draft), script().replace("-q  long", "-q  short"));
}

/// The text that goes to a host, without the notes.
fn sent(draft: &JobScriptDraft) -> String {
    let script = JobScript::from_draft(&JobScriptDraft { without_epilogue: true, ..draft.clone() }).unwrap();
    let place = Placement {
        job: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
        job_folder: "/j",
        working_folder: "/w",
        keep_output_in_place: false,
        record: None,
    };
    prepare(&script, &place).text.replace("# PBSWeb: without epilogue\n", "")
}

#[test]
fn what_is_sent_is_what_was_written_with_what_pbs_would_refuse_put_right() {
    let check = |text: &str, expected: &str| assert_eq!(sent(&parse(text).draft), expected, "{text}");
    check(&script(), &script());
    check("true\n", "#!/bin/bash\ntrue\n");
    check("#!/bin/sh\n#PBS -q x # why\ntrue\n", "#!/bin/sh\n# why\n#PBS -q x\ntrue\n");
    check(
        "#!/bin/sh\n#PBS -t 1-3 -q a\n#PBS -d /x\n# go\ntrue\n",
        "#!/bin/sh\n#PBS -J 1-3 -q a\ncd \"/x\" || exit 1\n# go\ntrue\n",
    );
    check(
        "#!/bin/sh\n#PBS -v A=1\n#c\n\n#PBS -q a\n\ntrue",
        "#!/bin/sh\n#c\n\n#PBS -q a\n\nexport A='1'\ntrue",
    );
    check("#!/bin/sh\n#PBS -l nodes=2:ppn=4\ntrue\n", "#!/bin/sh\n#PBS -l nodes=2:ppn=4\ntrue\n");
    check(
        "#!/bin/sh\n#PBS -l nodes=2:ppn=4:gpus=1 -q a\ntrue\n",
        "#!/bin/sh\n#PBS -l select=2:ncpus=4:mpiprocs=4:ngpus=1 -q a\n#PBS -l place=scatter\ntrue\n",
    );
}

#[test]
fn the_notes_stand_before_everything_that_runs_and_behind_every_directive() {
    for text in [script(), "#!/bin/sh\n#PBS -q a".to_owned() + "\n\n# c\ntrue\n"] {
        let draft = parse(&text).draft;
        let script = JobScript::from_draft(&draft).unwrap();
        let place = Placement {
            job: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            job_folder: "/j",
            working_folder: "/w",
            keep_output_in_place: false,
            record: Some("{\"job\":1}"),
        };
        let sent = prepare(&script, &place).text;
        assert!(sent.contains("\n# PBSWeb's own record: {\"job\":1}\n"), "{sent}");
        let first = sent
            .lines()
            .position(|line| !line.starts_with('#') && !line.trim().is_empty() && !line.contains("#PBS"))
            .unwrap();
        assert!(sent.lines().nth(first).unwrap().starts_with("pbsweb_folder="), "{sent}");
        assert!(sent.lines().skip(first).all(|line| !line.trim_start().starts_with("#PBS")), "{sent}");
        assert_eq!(parse(&sent).draft, draft, "what was sent reads as what was written");
        assert_eq!(render(&parse(&sent).draft), text);
    }
}

#[test]
fn old_forms_become_chunks_when_they_are_changed() {
    let text = "#!/bin/sh\n#PBS -l nodes=2:ppn=8,mem=32gb,walltime=1:00:00\n#c\ntrue\n";
    let (old, new) = change(text, |d| {
        d.chunks.push(ChunkDraft { count: "1".into(), ncpus: "1".into(), ..ChunkDraft::default() })
    });
    assert_eq!(old, ["#PBS -l nodes=2:ppn=8,mem=32gb,walltime=1:00:00"]);
    assert_eq!(
        new,
        ["#PBS -l select=2:ncpus=8:mpiprocs=8:mem=16gb+1:ncpus=1,walltime=1:00:00", "#PBS -l place=scatter"]
    );
    let (_, new) = change(text, |d| d.walltime = "2:00:00".into());
    assert_eq!(new, ["#PBS -l nodes=2:ppn=8,mem=32gb,walltime=02:00:00"]);
}

#[test]
fn the_last_of_two_equal_options_counts_and_is_the_one_that_is_changed() {
    let text = "#!/bin/sh\n#PBS -q a\n#PBS -q b\ntrue\n";
    assert_eq!(parse(text).draft.queue, "b");
    assert_eq!(change(text, |d| d.queue = "c".into()).1, ["#PBS -q c"]);
    assert_eq!(change(text, |d| d.queue = String::new()).0, ["#PBS -q a", "#PBS -q b"]);
}

#[test]
fn commands_that_would_read_as_something_else_get_their_folder() {
    let text = "#!/bin/sh\n# mine\n#PBS -q a\n./run\n";
    let (_, new) = change(text, |d| d.commands = "cd /x\n./run".into());
    assert_eq!(new, ["cd \"$HOME\" || exit 1", "cd /x"]);
}
