//! Further directives, written as they are.

use super::not_here;
use super::options::{Item, OptionLine, WITH_VALUE, field_of, is_given, read_line};
use super::resources::find_resource;
use super::{Directive, Switch};
use crate::script::diagnostic::{Diagnostic, Findings};
use crate::script::draft::{ChunkDraft, JobScriptDraft};

pub(super) const EXTRA: Directive = Directive {
    name: "extra_directives",
    flag: "#PBS",
    label: "Extra directives",
    help: "Options of qsub that have no field here, one a line and without #PBS, such as -W cred=krb.",
    example: "-W cred=krb",
    switch: Switch::None,
    value: |draft| {
        let items = draft.extra_directives.split('\n').flat_map(|text| {
            let line = read_line(text);
            let comment = line.comment_of(text).map(|comment| Item::Unreadable(comment.to_owned()));
            line.options.into_iter().map(|placed| placed.item).chain(comment).map(|item| item.text())
        });
        let lines: Vec<String> = items.filter(|line| !line.is_empty()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    },
    read: |value, draft| value.clone_into(&mut draft.extra_directives),
    check: |draft, findings| {
        for (index, line) in
            draft.extra_directives.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty())
        {
            let mut found = Findings::default();
            check_line(line, draft, &mut found);
            for mut finding in found.into_list() {
                finding.line = u32::try_from(index + 1).ok();
                if !findings.push_whole(finding) {
                    return;
                }
            }
        }
    },
    ..Directive::BASE
};

const POINTER: &str = "/extra_directives";

fn check_line(line: &str, draft: &JobScriptDraft, findings: &mut Findings) {
    let OptionLine { options, comment } = read_line(line);
    if comment.is_some() {
        findings.error(
            POINTER,
            "extra.comment",
            format!("qsub takes the comment in \"{}\" for arguments", line.trim()),
            "write comments among the commands",
        );
    }
    // `-l a=1,b=2` makes several options of one kind; only different ones are several directives.
    let letters: Option<Vec<char>> = options
        .iter()
        .map(|placed| match &placed.item {
            Item::Option { letter, .. } => Some(*letter),
            Item::Unreadable(_) => None,
        })
        .collect();
    if letters.is_some_and(|letters| letters.iter().any(|letter| letters.first() != Some(letter))) {
        findings.error(
            POINTER,
            "extra.several",
            format!("\"{}\" holds several directives", line.trim()),
            "write one a line",
        );
        return;
    }
    for placed in &options {
        check_item(&placed.item, draft, findings);
    }
}

fn check_item(item: &Item, draft: &JobScriptDraft, findings: &mut Findings) {
    let text = || item.text();
    let (letter, value) = match item {
        Item::Option { letter, value } => (*letter, value.as_deref().unwrap_or_default()),
        Item::Unreadable(text) => {
            check_unreadable(text, findings);
            return;
        }
    };
    if value.contains(char::is_control) {
        findings.error(
            POINTER,
            "extra.control",
            format!("\"{}\" holds control characters", text()),
            "remove them",
        );
    }
    if let Some((directive, value)) = field_of(item) {
        check_field(directive, value, &text(), draft, findings);
        return;
    }
    not_here::check(letter, value, POINTER, findings);
    match letter {
        'l' => check_resource(value, draft, findings),
        'W' if !value.contains('=') => findings.error(
            POINTER,
            "extra.value",
            format!("\"{}\" needs a value: qsub takes it for an illegal -W value", text()),
            "write name=value",
        ),
        'W' if ATTRIBUTES.iter().all(|name| value.split('=').next() != Some(*name)) => findings.warning(
            POINTER,
            "extra.attribute",
            format!(
                "\"{}\": PBS has no such attribute that may be set here (status 154, error 15002)",
                text()
            ),
            "look it up in the manual of qsub",
        ),
        _ => {}
    }
}

/// Attributes that `-W` may carry and that have no field, or not in this form.
const ATTRIBUTES: &[&str] = &[
    "block",
    "interactive",
    "pwd",
    "cred",
    "reserve_start",
    "reserve_end",
    "project",
    "job_array_id",
    "topjob_ineligible",
];

fn check_unreadable(text: &str, findings: &mut Findings) {
    let text = crate::script::words::one_line(text);
    let (code, message, advice) = match text.strip_prefix('-') {
        None => (
            "extra.dash",
            format!("\"{text}\" is no option: a directive begins with -"),
            "write it like -W cred=krb",
        ),
        Some(rest) if crate::script::words::split(&text).is_err() => {
            debug_assert!(!rest.is_empty(), "a lone dash has no quote");
            ("extra.quote", format!("a quote in \"{text}\" is not closed"), "close it")
        }
        Some(rest) if rest.chars().count() == 1 && rest.chars().all(|c| WITH_VALUE.contains(c)) => (
            "extra.value",
            format!("\"{text}\" needs a value"),
            "write it behind the option, as in -W cred=krb",
        ),
        Some(_) => (
            "extra.unknown",
            format!("qsub has no option \"{text}\" and refuses the script (status 1)"),
            "look it up in the manual of qsub",
        ),
    };
    findings.error(POINTER, code, message, advice);
}

/// An option that has a field: beside a filled field it is a duplicate; else it is checked as if it stood there.
fn check_field(
    directive: &Directive,
    value: &str,
    text: &str,
    draft: &JobScriptDraft,
    findings: &mut Findings,
) {
    if is_given(directive, draft) {
        let winner = match directive.switch {
            Switch::Option('N' | 'o' | 'e') => "the field wins: PBSWeb gives it to qsub as an argument",
            Switch::Option(_) | Switch::Flag(_) => "this one wins: it stands later in the script",
            Switch::Resource(_) | Switch::Attribute(_) | Switch::None => {
                "which of the two counts depends on the release of PBS"
            }
        };
        let label = directive.label;
        findings.warning(
            POINTER,
            "extra.duplicate",
            format!("\"{text}\" says again what the field {label} says; {winner}"),
            "keep one of them",
        );
        return;
    }
    if value.is_empty() && !matches!(directive.switch, Switch::Flag(_)) {
        findings.error(
            POINTER,
            "extra.value",
            format!("\"{text}\" needs a value"),
            format!("use the field {}", directive.label),
        );
        return;
    }
    // The array matters to the checks of output paths, the interpreter to none of them.
    let mut alone = JobScriptDraft { array: draft.array.clone(), ..JobScriptDraft::default() };
    directive.read(value, &mut alone);
    let mut found = Findings::default();
    directive.check(&alone, &mut found);
    for finding in found.into_list() {
        if directive.pointer() == finding.pointer
            || finding.pointer.starts_with(&format!("{}/", directive.pointer()))
        {
            findings.push_whole(Diagnostic { pointer: POINTER.to_owned(), ..finding });
        }
    }
}

fn check_resource(value: &str, draft: &JobScriptDraft, findings: &mut Findings) {
    let (name, amount) = value.split_once('=').unwrap_or((value, ""));
    let has_chunks = draft.chunks.iter().any(|chunk| *chunk != ChunkDraft::default());
    let known = find_resource(name);
    if amount.is_empty() {
        findings.warning(
            POINTER,
            "resource.no_value",
            format!("-l {name} has no value: PBS takes it, and it asks for nothing"),
            format!("write -l {name}=value, or remove it"),
        );
    } else if has_chunks && known.is_some_and(|known| !known.is_of_job) {
        findings.error(
            POINTER,
            "extra.select_and_resource",
            format!(
                "-l {name} cannot stand beside chunks (-l select); qsub refuses it (status {})",
                if name == "nodes" { 6 } else { 5 }
            ),
            "give it in the chunks",
        );
    } else if name == "nodes" {
        findings.warning(
            POINTER,
            "extra.nodes",
            "-l nodes is the old form, which PBS still turns into chunks",
            "ask for chunks instead",
        );
    } else if let Some(known) = known {
        known.check(amount, POINTER, findings);
    }
}

#[cfg(test)]
mod tests {
    use crate::script::directive::tests::{check_findings, check_line, check_read, with};
    use crate::script::{ChunkDraft, JobScript, JobScriptDraft, normalise};

    fn extra(text: &str) -> JobScriptDraft {
        with(|d| d.extra_directives = text.into())
    }

    #[test]
    fn written_and_read() {
        check_line(&extra("\n -Wcred=krb \n"), "-W cred=krb");
        check_read("-W cred=krb -l software=x", |d| d.extra_directives = "-W cred=krb\n-l software=x".into());
        check_read("-l software=x,nodes=n1+n2", |d| {
            d.extra_directives = "-l software=x\n-l nodes=n1+n2".into()
        });
        check_read("-q a -q b", |d| d.queue = "b".into());
    }

    #[test]
    fn each_is_checked() {
        let check = |text: &str, code: &str| {
            let expected: Vec<String> =
                if code.is_empty() { vec![] } else { vec![format!("/extra_directives {code}")] };
            check_findings(&extra(text), &expected.iter().map(String::as_str).collect::<Vec<_>>());
        };
        for good in
            ["-W cred=krb", "-l software=x,arch=y", "-l cput=1:00:00", "-l licences=2", "-W block=false"]
        {
            check(good, "");
        }
        check("-V", "extra.environment");
        check("-I", "extra.interactive");
        check("-X", "extra.interactive");
        check("-z", "extra.silent");
        check("-v A=it's", "extra.quote");
        check("-v HOME", "extra.variables");
        check("-W block=true", "extra.block");
        check("-C '#X'", "extra.prefix");
        check("-t 1-3", "extra.torque");
        check("-k oe", "keep_files.overruled");
        check("-f", "extra.foreground");
        check("-W interactive=true", "extra.interactive");
        check("-W pwd=x", "extra.password");
        check("-W nosuch=1", "extra.attribute");
        check("-W block", "extra.value");
        check("-l cput=soon", "resource.value");
        check("-l pmem=1zb", "resource.value");
        check("-l cput", "resource.no_value");
        check("-l nodes=n1", "extra.nodes");
        check("-Z", "extra.unknown");
        check("--nonsense", "extra.unknown");
        check("cred=krb", "extra.dash");
        check("-W", "extra.value");
        check("-A 'open", "extra.quote");
        check("-W cred=krb -l software=x", "extra.several");
        check("-W cred=krb # why", "extra.comment");
        check("-W cred=0\x0722", "extra.control");
        check("-l walltime=1h", "walltime.syntax");
        check("-p 9999", "priority.range");
        check("-o ~/x", "output_path.not_expanded");
        check("-l walltime=", "extra.value");
    }

    #[test]
    fn what_a_field_says_too_is_told() {
        check_findings(
            &with(|d| (d.queue, d.extra_directives) = ("a".into(), "-q b".into())),
            &["/extra_directives extra.duplicate"],
        );
        let chunk = ChunkDraft { ncpus: "1".into(), ..ChunkDraft::default() };
        for old in ["-l ncpus=2", "-l nodes=2:ppn=1", "-l vmem=1gb"] {
            check_findings(
                &with(|d| (d.chunks, d.extra_directives) = (vec![chunk.clone()], old.into())),
                &["/extra_directives extra.select_and_resource"],
            );
        }
    }

    #[test]
    fn an_option_with_an_empty_field_fills_it() {
        let draft = with(|d| {
            (d.extra_directives, d.commands) = ("-q long\n-l ncpus=4\n-W cred=krb".into(), "true".into())
        });
        let normal = normalise(&draft);
        assert_eq!((normal.queue.as_str(), normal.extra_directives.as_str()), ("long", "-W cred=krb"));
        let script = JobScript::from_draft(&draft).unwrap();
        assert_eq!(script.select().unwrap().to_string(), "1:ncpus=4");
    }

    #[test]
    fn a_flag_that_its_field_has_already_is_said_once() {
        let draft = with(|d| {
            (d.hold, d.extra_directives, d.commands) = (true, "-h\n-W cred=krb".into(), "true".into());
        });
        let normal = normalise(&draft);
        assert_eq!((normal.hold, normal.extra_directives.as_str()), (true, "-W cred=krb"));
    }

    #[test]
    fn lines_are_numbered() {
        let draft = with(|d| (d.extra_directives, d.commands) = ("-W cred=krb\n\n-V".into(), "true".into()));
        assert_eq!(crate::script::check(&draft, None)[0].line, Some(3));
    }
}
