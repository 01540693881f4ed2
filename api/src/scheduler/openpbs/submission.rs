//! The submission program and its answers. The protocol is told in `programs/submit.sh`.

use pbsweb_shared::names::PbsJobId;

use super::bindings;
use super::status::explain_status;
use crate::scheduler::Site;
use crate::scheduler::command::{Command, CommandError, Marker, SubmitRequest};
use crate::scheduler::frames::{Frame, Frames};
use crate::scheduler::status::CommandKind;
use crate::scheduler::submission::{NotStarted, Progress, SubmissionReply};

const ALIVE: &str = include_str!("programs/alive.sh");
const PROGRAM: &str = include_str!("programs/submit.sh");

/// Whether an attempt still runs, as a shell function.
pub(super) const fn alive_function() -> &'static str {
    ALIVE
}

pub(super) fn command(
    site: &Site,
    marker: &Marker,
    request: &SubmitRequest<'_>,
) -> Result<Command, CommandError> {
    let mut bindings = bindings(site, marker);
    bindings.bind("job", request.job.to_string());
    bindings.bind("attempt", request.attempt.to_string());
    bindings.bind("wait", request.wait_seconds.to_string());
    bindings.bind("workdir", request.working_folder);
    bindings.bind("script_bytes", request.script.len().to_string());
    bindings.bind("script", request.script);
    // Only our tag is given by -v, and never anything by -V: every user can read a job's variables.
    let tag = ["-v".to_owned(), format!("PBSWEB_JOB={}", request.job)];
    let is_tagged = request.arguments.windows(2).any(|pair| pair == tag);
    let added = if is_tagged { Vec::new() } else { tag.to_vec() };
    let arguments = bindings.bind_all("arg", request.arguments.iter().cloned().chain(added));
    let program = without_comments(PROGRAM).replace("@ARGUMENTS@", &arguments);
    bindings.into_command(format!("{}{program}", without_comments(ALIVE)))
}

/// A program as it is sent: some shells read it byte by byte.
fn without_comments(program: &str) -> String {
    let is_code = |line: &&str| !matches!(line.trim_start().as_bytes().first(), None | Some(b'#'));
    program.lines().filter(is_code).fold(String::new(), |text, line| text + line.trim_start() + "\n")
}

pub(super) fn read(marker: &Marker, stdout: &[u8]) -> SubmissionReply {
    let frames = Frames::read(marker, stdout);
    if !frames.is_whole {
        return SubmissionReply::Unreadable;
    }
    let Some(frame) = frames.frames.first() else { return SubmissionReply::Unreadable };
    match frame.word(0) {
        "answer" => read_answer(frame.body),
        "in_progress" => SubmissionReply::InProgress(read_progress(frame)),
        "not_started" => match not_started(frame.word(1)) {
            Some(reason) => SubmissionReply::NotStarted { reason, words: frame.text() },
            None => SubmissionReply::Unreadable,
        },
        _ => SubmissionReply::Unreadable,
    }
}

fn not_started(word: &str) -> Option<NotStarted> {
    match word {
        "folder" => Some(NotStarted::Folder),
        "disk" => Some(NotStarted::Disk),
        "no_qsub" => Some(NotStarted::NoQsub),
        "workdir" => Some(NotStarted::WorkingFolder),
        _ => None,
    }
}

/// Reads an `answer` file: a header of `key=value` lines, an empty line, standard output, standard error.
pub(super) fn read_answer(answer: &[u8]) -> SubmissionReply {
    let Some((status, stdout, stderr)) = split_answer(answer) else { return SubmissionReply::Unreadable };
    let stderr = String::from_utf8_lossy(stderr).trim().to_owned();
    let printed = String::from_utf8_lossy(stdout).trim().to_owned();
    if status == 0 {
        return match printed_id(stdout) {
            Some(pbs_id) => SubmissionReply::Accepted { pbs_id, words: stderr },
            None => SubmissionReply::NoId { words: format!("{printed}\n{stderr}").trim().to_owned() },
        };
    }
    let words = if printed.is_empty() { stderr } else { format!("{stderr}\n{printed}") };
    SubmissionReply::Refused { explanation: explain_status(CommandKind::Submit, status, &words) }
}

fn split_answer(answer: &[u8]) -> Option<(i32, &[u8], &[u8])> {
    let header_end = answer.windows(2).position(|pair| pair == b"\n\n")?;
    let header = std::str::from_utf8(answer.get(..header_end)?).ok()?;
    let value = |key: &str| header.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let n_out: usize = value("stdout_bytes")?.parse().ok()?;
    let n_err: usize = value("stderr_bytes")?.parse().ok()?;
    let out_start = header_end + 2;
    let err_start = out_start.checked_add(n_out)?;
    let stdout = answer.get(out_start..err_start)?;
    let stderr = answer.get(err_start..err_start.checked_add(n_err)?)?;
    Some((value("status")?.parse().ok()?, stdout, stderr))
}

/// The last line that can be a whole job id: sites print banners around it.
pub(super) fn printed_id(stdout: &[u8]) -> Option<PbsJobId> {
    stdout.rsplit(|byte| *byte == b'\n').find_map(|line| {
        let id: PbsJobId = std::str::from_utf8(line.trim_ascii()).ok()?.parse().ok()?;
        // `2026` or `23-06-06` in a banner is no id: those have a server's name behind a dot.
        let (number, server) = id.as_str().split_once('.').filter(|_| !id.as_str().contains('@'))?;
        let digits = number.strip_suffix("[]").unwrap_or(number);
        let is_id = digits.bytes().all(|byte| byte.is_ascii_digit())
            && server.starts_with(|first: char| first.is_ascii_alphabetic() || first.is_ascii_digit())
            && server.contains(|letter: char| letter.is_ascii_alphabetic());
        is_id.then(|| id.clone())
    })
}

fn read_progress(frame: &Frame<'_>) -> Progress {
    let text = frame.text();
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .filter(|word| !word.is_empty())
    };
    Progress {
        host: value("host").map(str::to_owned),
        asked_host: value("here").map(str::to_owned),
        since: value("since").and_then(|seconds| seconds.parse().ok()),
        now: value("now").and_then(|seconds| seconds.parse().ok()),
        is_alive: value("alive").and_then(is_alive),
    }
}

/// The word of the program for it.
pub(super) fn is_alive(word: &str) -> Option<bool> {
    match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_among_banners() {
        for (text, id) in [
            ("12.vm\n", Some("12.vm")),
            ("Welcome to hpc\n12[].pbs-1.site\n\n", Some("12[].pbs-1.site")),
            ("12.vm\nCharged to project 2026\n", Some("12.vm")),
            ("12.vm\n1.5\nbye\n", Some("12.vm")),
            ("", None),
            ("qsub: hello\n", None),
            ("12.vm; rm -rf\n", None),
            ("12.vm\n2.help@site\n", Some("12.vm")),
        ] {
            assert_eq!(printed_id(text.as_bytes()).map(|id| id.to_string()).as_deref(), id, "{text:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_unreadable() {
        let whole = b"status=0\nstdout_bytes=6\nstderr_bytes=0\nended=1\n\n12.vm\n";
        assert!(matches!(read_answer(whole), SubmissionReply::Accepted { .. }));
        for length in 0..whole.len() {
            assert_eq!(read_answer(&whole[..length]), SubmissionReply::Unreadable, "{length}");
        }
    }
}
