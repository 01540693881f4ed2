//! Programs for the host's `/bin/sh`, and the one place where data is quoted for a shell.
//!
//! SSH hands one string to the account's login shell, whichever that is. That string is always [`EXEC`]; the
//! program travels on standard input instead, so that no login shell ever parses our data, and no data is visible
//! in the host's process list. The text is one function whose call is the last line: cut short on the way, it is
//! an unfinished definition and nothing runs. Its commands read `/dev/null`, so that none eats the program.
//!
//! Standard input stays open while the program runs, and a watcher beside it reads there. When that input ends,
//! because nobody waits any more or the connection is lost, the watcher ends the program and all it started: sshd
//! itself leaves them alone, and not every sshd passes on a signal. Hosts ban accounts who leave hanging commands.
//!
//! A program [in two steps](Program::in_two_steps) runs its first one when it arrives, and the other when a word is given:
//! the call is that word. When the input ends before, it undoes the first.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use rand::RngCore;

/// What the login shell is asked to do. `sh`, `bash`, `csh`, `tcsh`, `zsh` and `fish` all read it the same way.
pub(super) const EXEC: &str = "exec /bin/sh";

/// A POSIX shell program: literal text written by us, plus data bound to variables.
///
/// ```
/// # use pbsweb::transport::Program;
/// let list = Program::new(r#"ls -l -- "$folder""#).arg("folder", "it's /tmp");
/// let qstat = Program::new(r#""$@""#).words(["qstat", "-f", "12[].pbs"]);
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    body: String,
    variables: Vec<(Cow<'static, str>, Vec<u8>)>,
    words: Vec<Vec<u8>>,
    is_lasting: bool,
    is_tidy: bool,
    has_two_steps: bool,
}

/// Why a program cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// No shell variable can hold it.
    #[error("the value of '{name}' contains a NUL character")]
    Nul {
        /// The variable, or `words`.
        name: Cow<'static, str>,
    },
    /// A mistake in our own text.
    #[error("'{name}' is not the name of a shell variable")]
    Name {
        /// The name given.
        name: Cow<'static, str>,
    },
}

impl Program {
    /// Begins a program. The text is our own and trusted, hence `'static`; what comes from anywhere else is bound
    /// by [`arg`](Self::arg) or [`words`](Self::words) and used as `"$name"` or `"$@"`, with the quotes.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self {
            body: text.to_owned(),
            variables: Vec::new(),
            words: Vec::new(),
            is_lasting: false,
            is_tidy: false,
            has_two_steps: false,
        }
    }

    /// Takes a program that a scheduler's dialect composed: trusted text, and the data bound to its variables.
    #[must_use]
    pub fn from_command(script: String, bindings: Vec<(String, String)>) -> Self {
        let variables = bindings.into_iter().map(|(name, value)| (name.into(), value.into_bytes())).collect();
        Self { variables, body: script, ..Self::new("") }
    }

    /// Lets the program run to its end even when the connection is lost: for one that must not stop in the middle,
    /// because what it does cannot be taken back and its answer can be read again.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.is_lasting = true;
        self
    }

    /// Says of a lasting program that it leaves nothing behind that would speak later: when it ends with success, its shell
    /// is kept for the next tidy program of the account. In a shell that failed nobody knows what is wrong.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.is_tidy = true;
        self.lasting()
    }

    /// Says of a program that it is written for two steps; it is told by `pbsweb_step` which one to do. With `ready` it does what
    /// may be done before it is certain that the rest is wanted, and ends with status 0 if all of that is done. Then the word
    /// comes and the step is empty: it does the rest, and `pbsweb_is_ready` is 0 if the first step did its part. If the word does not
    /// come, the step is `undo`. Only what the last step prints is read.
    #[must_use]
    pub fn in_two_steps(mut self) -> Self {
        self.has_two_steps = true;
        self.tidy()
    }

    /// Whether it runs to its end without its caller.
    pub(super) const fn is_lasting(&self) -> bool {
        self.is_lasting
    }

    /// Whether its shell may be kept.
    pub(super) const fn is_tidy(&self) -> bool {
        self.is_tidy
    }

    /// Adds lines of our own.
    #[must_use]
    pub fn then(mut self, text: &'static str) -> Self {
        self.body.push('\n');
        self.body.push_str(text);
        self
    }

    /// Binds a shell variable to data of any origin and any bytes but NUL: a name, a path, a whole job script.
    /// `printf '%s' "$name" >"$file"` writes it unchanged.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.variables.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Adds data to the positional parameters, `"$@"`: for lists, and for whole command lines.
    #[must_use]
    pub fn words<W: AsRef<[u8]>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(|word| word.as_ref().to_vec()));
        self
    }

    /// Writes the program down, with the frame its answer will carry.
    pub(super) fn render(&self, marker: &Marker) -> Result<Rendered, ProgramError> {
        let mut text = self.write_body()?;
        let (first, second) = marker.halves();
        if self.has_two_steps {
            text.extend_from_slice(FIRST_STEP);
        }
        // The shell leads a process group of its own under sshd; were it not so, no stranger's group is ended.
        // The marker is put together by printf: a shell that echoes its input (`set -v`) does not forge a frame.
        let begin = if self.has_two_steps { "trap - 0" } else { "pbsweb_is_ready=" };
        let watcher = if self.is_lasting {
            "pbsweb_watcher="
        } else {
            "( read pbsweb_end <&3; kill -TERM -$$ || kill -TERM $$ ) >/dev/null 2>&1 &\npbsweb_watcher=$!"
        };
        // A tidy program's shell reads on: what comes next is another program, or the end.
        let end = if self.is_tidy { "[ \"$pbsweb_status\" = 0 ] || exit" } else { "exit" };
        text.extend_from_slice(
            format!(
                "pbsweb_run() {{\n\
                 {begin}\n\
                 unset CDPATH\n\
                 printf '%s%s\\n' '{first}' '{second}'; printf '%s%s\\n' '{first}' '{second}' >&2\n\
                 exec 3<&0\n\
                 {watcher}\n\
                 ( pbsweb_step=; pbsweb_body ) </dev/null 3<&-\n\
                 pbsweb_status=$?\n\
                 printf '%s%s%s\\n' '{first}' '{second}' \"$pbsweb_status\"\n\
                 printf '%s%s%s\\n' '{first}' '{second}' \"$pbsweb_status\" >&2\n\
                 kill $pbsweb_watcher 2>/dev/null; {end} \"$pbsweb_status\"\n}}\n"
            )
            .as_bytes(),
        );
        if self.has_two_steps {
            text.extend_from_slice(b"pbsweb_first\n");
        }
        Ok(Rendered { definition: text.into(), call: Bytes::from_static(b"pbsweb_run\n") })
    }

    /// The program's data and text, as a function. Nothing of it is seen outside of the subshell in which it is called.
    fn write_body(&self) -> Result<Vec<u8>, ProgramError> {
        // The host's words are read in one language; what is run for the user gets the account's own back.
        let mut text = b"pbsweb_body() {\npbsweb_language=${LC_ALL-}; LC_ALL=C; export LC_ALL\n".to_vec();
        for (name, value) in &self.variables {
            if !is_variable(name) {
                return Err(ProgramError::Name { name: name.clone() });
            }
            text.extend_from_slice(name.as_bytes());
            text.push(b'=');
            quote(name, value, &mut text)?;
            text.push(b'\n');
        }
        if !self.words.is_empty() {
            text.extend_from_slice(b"set --");
            for word in &self.words {
                text.push(b' ');
                quote("words", word, &mut text)?;
            }
            text.push(b'\n');
        }
        text.extend_from_slice(self.body.as_bytes());
        text.extend_from_slice(b"\n}\n");
        Ok(text)
    }
}

/// Runs the first step of a program in two, and sees to it that the input's end before the word undoes it.
const FIRST_STEP: &[u8] = b"pbsweb_first() {\n\
    unset CDPATH\n\
    trap '( pbsweb_step=undo; pbsweb_body ) </dev/null >/dev/null 2>&1' 0\n\
    ( pbsweb_step=ready; pbsweb_body ) </dev/null >/dev/null 2>&1\n\
    pbsweb_is_ready=$?\n}\n";

/// A program as it is sent: nothing runs before the last line, or before the last of the definition if it has two steps.
pub(super) struct Rendered {
    pub(super) definition: Bytes,
    pub(super) call: Bytes,
}

/// The random text around an answer, new for each exchange, so that nothing else can be taken for it.
pub(super) struct Marker(String);

impl Marker {
    pub(super) fn random() -> Self {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let mut text = String::from("pbsweb-");
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text.push(':');
        Self(text)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn halves(&self) -> (&str, &str) {
        self.0.split_at(self.0.len() / 2)
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Between single quotes nothing is special to a POSIX shell but the single quote itself.
fn quote(name: &str, value: &[u8], into: &mut Vec<u8>) -> Result<(), ProgramError> {
    if value.contains(&0) {
        return Err(ProgramError::Nul { name: Cow::Owned(name.to_owned()) });
    }
    into.push(b'\'');
    for byte in value {
        if *byte == b'\'' {
            into.extend_from_slice(br"'\''");
        } else {
            into.push(*byte);
        }
    }
    into.push(b'\'');
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Output, Stdio};

    use proptest::prelude::*;

    use super::super::frame::Frame;
    use super::*;

    fn sh(shell: &str, text: &[u8]) -> Output {
        sh_with(&mut Command::new(shell), text)
    }

    fn sh_with(shell: &mut Command, text: &[u8]) -> Output {
        let mut child = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // The watcher ends its group.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(text).unwrap();
        // A whole program wants its input open while it runs; half of one is at its end.
        let _open = text.ends_with(b"run\n").then_some(stdin);
        child.wait_with_output().unwrap()
    }

    /// Runs a program as the host would, and takes its answer out of the frame.
    fn run(shell: &str, program: &Program) -> (Vec<u8>, Vec<u8>, Option<u32>) {
        let marker = Marker::random();
        let rendered = program.render(&marker).unwrap();
        let output = sh(shell, &[&rendered.definition[..], &rendered.call[..]].concat());
        let unframe = |bytes: &[u8]| {
            let mut frame = Frame::new(&marker);
            let content = frame.push(bytes);
            (content.to_vec(), frame.exit_status())
        };
        let (stdout, status) = unframe(&output.stdout);
        (stdout, unframe(&output.stderr).0, status)
    }

    fn check(value: &[u8]) {
        for shell in ["sh", "bash"] {
            let program = Program::new(r#"printf '%s' "$value"; printf '%s' "$@" >&2"#)
                .arg("value", value)
                .words([value, b"", value]);
            let (stdout, stderr, status) = run(shell, &program);
            assert_eq!(stdout, value, "{shell}: {:?}", String::from_utf8_lossy(value));
            assert_eq!(stderr, [value, value].concat(), "{shell}: {:?}", String::from_utf8_lossy(value));
            assert_eq!(status, Some(0));
        }
    }

    #[test]
    fn nasty_values_arrive_unchanged() {
        for value in [
            "",
            "'",
            "''",
            r"\",
            r"\'",
            "it's",
            "a\nb\n",
            "-n",
            "--",
            "$(id)",
            "`id`",
            "$HOME",
            "!!",
            "*",
            "~",
            "a;b",
            "a\r\nb",
            "\t ",
            "ü€😀",
            "EOF\n",
            "'; exit 7; '",
            "\u{81}\u{88}",
        ] {
            check(value.as_bytes());
        }
        check(&(1..=255).collect::<Vec<u8>>());
        check(&[0x80, 0xff, 0x81, 0x88, b'\'', 0x83]);
        check("#!/bin/bash\n#PBS -N it's\necho \"$PBS_JOBID\"\n".repeat(5000).as_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
        #[test]
        fn any_bytes_but_nul_arrive_unchanged(value in prop::collection::vec(1u8..=255, 0..200)) {
            check(&value);
        }

        #[test]
        fn any_text_arrives_unchanged(value in "[^\0]{0,100}") {
            check(value.as_bytes());
        }
    }

    #[test]
    fn a_program_cut_short_runs_nothing() {
        let marker = Marker::random();
        let program =
            Program::new(r#"printf ran; printf "%s" "$x""#).arg("x", "it's\nlong").words(["a", "b"]);
        let rendered = program.render(&marker).unwrap();
        let whole = [&rendered.definition[..], &rendered.call[..]].concat();
        // The last byte is the line's end, without which the call is complete.
        for length in 0..whole.len() - 1 {
            let output = sh("sh", &whole[..length]);
            assert_eq!(String::from_utf8_lossy(&output.stdout), "", "after {length} bytes");
        }
    }

    #[test]
    fn the_account_keeps_its_zone_and_its_language_can_be_had_again() {
        let program = Program::new(r#"printf '%s,%s,%s' "$LC_ALL" "$pbsweb_language" "$TZ""#);
        for shell in ["sh", "bash"] {
            let marker = Marker::random();
            let rendered = program.render(&marker).unwrap();
            let text = [&rendered.definition[..], &rendered.call[..]].concat();
            let output =
                sh_with(Command::new(shell).env("LC_ALL", "ja_JP.UTF-8").env("TZ", "Asia/Tokyo"), &text);
            let mut frame = Frame::new(&marker);
            assert_eq!(frame.push(&output.stdout), &b"C,ja_JP.UTF-8,Asia/Tokyo"[..], "{shell}");
        }
    }

    #[test]
    fn the_exit_status_is_that_of_the_program() {
        assert_eq!(run("sh", &Program::new("exit 3")).2, Some(3));
        assert_eq!(run("sh", &Program::new("false")).2, Some(1));
        assert_eq!(run("sh", &Program::new("kill -9 $(exec sh -c 'echo $PPID')")).2, Some(137));
    }

    #[test]
    fn commands_do_not_eat_the_program() {
        let (stdout, _, status) = run("sh", &Program::new("cat; printf 'LC=%s' \"$LC_ALL\""));
        assert_eq!((String::from_utf8(stdout).unwrap().as_str(), status), ("LC=C", Some(0)));
    }

    #[test]
    fn what_no_shell_can_hold_is_refused() {
        let marker = Marker::random();
        let error = Program::new("").arg("x", "a\0b").render(&marker).err();
        assert_eq!(error, Some(ProgramError::Nul { name: "x".into() }));
        let error = Program::new("").words(["a\0b"]).render(&marker).err();
        assert_eq!(error, Some(ProgramError::Nul { name: "words".into() }));
        let error = Program::new("").arg("a b", "").render(&marker).err();
        assert_eq!(error, Some(ProgramError::Name { name: "a b".into() }));
    }
}
