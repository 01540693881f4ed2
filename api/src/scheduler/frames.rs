//! Reading framed output: `<marker> words…` at the beginning of a line opens a frame, whose body reaches to the line
//! break before the next marker. Banners and other noise before the first marker do not matter.

use super::command::Marker;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The words behind the marker.
    pub words: Vec<String>,
    /// The bytes up to the next frame, without the line break that belongs to the framing.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// The n-th word, or nothing.
    #[must_use]
    pub fn word(&self, n: usize) -> &str {
        self.words.get(n).map_or("", String::as_str)
    }

    /// The body as text; what is not UTF-8 is marked.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).trim_end_matches('\n').to_owned()
    }
}

/// All frames of an output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frames<'a> {
    /// In the order of the output.
    pub frames: Vec<Frame<'a>>,
    /// The program ran to its end: the output is whole.
    pub is_whole: bool,
}

impl<'a> Frames<'a> {
    /// Splits an output.
    #[must_use]
    pub fn read(marker: &Marker, stdout: &'a [u8]) -> Self {
        let mut found = Frames::default();
        let mut opened: Option<(Vec<String>, usize)> = None;
        for (line_start, line_end) in marker_lines(marker.as_str().as_bytes(), stdout) {
            if let Some((words, body_start)) = opened.take() {
                let body_end = line_start.saturating_sub(1).max(body_start);
                found
                    .frames
                    .push(Frame { words, body: stdout.get(body_start..body_end).unwrap_or_default() });
            }
            let after_marker = line_start + marker.as_str().len();
            let header =
                String::from_utf8_lossy(stdout.get(after_marker..line_end).unwrap_or_default()).into_owned();
            let words: Vec<String> = header.split_ascii_whitespace().map(str::to_owned).collect();
            if words.first().is_some_and(|word| word == "done") {
                found.is_whole = true;
                break;
            }
            opened = Some((words, (line_end + 1).min(stdout.len())));
        }
        if let Some((words, body_start)) = opened {
            found.frames.push(Frame { words, body: stdout.get(body_start..).unwrap_or_default() });
        }
        found
    }

    /// The first frame whose first words are these.
    #[must_use]
    pub fn find(&self, words: &[&str]) -> Option<&Frame<'a>> {
        self.frames.iter().find(|frame| words.iter().enumerate().all(|(i, word)| frame.word(i) == *word))
    }

    /// What a command of the program printed, how it ended, and what it complained of; nothing if it did not come to
    /// its end.
    #[must_use]
    pub fn command(&self, name: &str) -> Option<Ran<'a>> {
        let out = self.find(&["out", name])?;
        let err = self.find(&["err", name])?;
        let status = err.word(2).parse().ok()?;
        let is_packed = out.word(2) == "gzip";
        Some(Ran { stdout: out.body, is_packed, status, stderr: err.text() })
    }
}

/// A command that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran<'a> {
    /// Its standard output.
    pub stdout: &'a [u8],
    /// The host compressed it by gzip.
    pub is_packed: bool,
    /// Its exit status.
    pub status: i32,
    /// Its standard error.
    pub stderr: String,
}

/// Beginnings and ends of the lines that begin with the marker and a blank.
fn marker_lines<'a>(marker: &'a [u8], text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
    memchr::memmem::find_iter(text, marker).filter_map(move |start| {
        let is_first = start.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'\n'));
        let after = text.get(start + marker.len()..)?;
        if !is_first || after.first() != Some(&b' ') {
            return None;
        }
        let end = memchr::memchr(b'\n', after).map_or(text.len(), |n| start + marker.len() + n);
        Some((start, end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_bodies_exactly_and_ignore_noise() {
        let marker = Marker::new(7);
        let m = marker.as_str();
        let text = format!("Welcome!\n{m} out jobs\na\n\n{m} err jobs 3\nno luck\n{m} done\ntrailing");
        let frames = Frames::read(&marker, text.as_bytes());
        assert!(frames.is_whole);
        let ran = frames.command("jobs").unwrap();
        assert_eq!((ran.stdout, ran.status, ran.stderr.as_str()), (&b"a\n"[..], 3, "no luck"));
    }

    #[test]
    fn a_cut_output_is_not_whole_and_its_last_command_has_not_ended() {
        let marker = Marker::new(7);
        let m = marker.as_str();
        let frames_of = |text: String| {
            let frames = Frames::read(&marker, text.as_bytes());
            (frames.is_whole, frames.command("jobs").is_some())
        };
        assert_eq!(frames_of(format!("{m} out jobs\nJob Id")), (false, false));
        assert_eq!(frames_of(String::new()), (false, false));
        assert_eq!(frames_of(format!("{m} out jobs\n\n{m} err jobs 0\n")), (false, true));
    }
}
