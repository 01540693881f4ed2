//! Takes the answer of a program out of what the host sends.
//!
//! Each of the two outputs carries: whatever the account's start-up files say, the marker and a line's end, the
//! program's own bytes, the marker again with the exit status and a line's end, and perhaps noise after it.

use bytes::{Bytes, BytesMut};

use super::program::Marker;

/// Enough of a banner to tell why a login shell did not start our program.
const SAID_BYTES: usize = 500;
/// A status line longer than this is not one.
const STATUS_BYTES: usize = 16;

/// One of the two outputs of a program, as it arrives.
#[derive(Debug)]
pub(super) struct Frame {
    marker: Vec<u8>,
    pending: BytesMut,
    said: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Inside,
    Status,
    Ended(Option<u32>),
}

impl Frame {
    pub(super) fn new(marker: &Marker) -> Self {
        Self {
            marker: marker.as_bytes().to_vec(),
            pending: BytesMut::new(),
            said: Vec::new(),
            state: State::Before,
        }
    }

    /// Takes what arrived; gives what of the program's output is now certain to be output.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.pending.extend_from_slice(bytes);
        let mut content = BytesMut::new();
        loop {
            match self.state {
                State::Before => {
                    let opening = [&self.marker[..], b"\n"].concat();
                    let (before, found) = self.split_at_marker(&opening);
                    let room = SAID_BYTES.saturating_sub(self.said.len());
                    self.said.extend(before.iter().take(room));
                    if !found {
                        return content.freeze();
                    }
                    self.state = State::Inside;
                }
                State::Inside => {
                    let closing = self.marker.clone();
                    let (inside, found) = self.split_at_marker(&closing);
                    content.unsplit(inside);
                    if !found {
                        return content.freeze();
                    }
                    self.state = State::Status;
                }
                State::Status => {
                    if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                        let line = self.pending.split_to(end);
                        let status = std::str::from_utf8(&line).ok().and_then(|line| line.parse().ok());
                        self.state = State::Ended(status);
                    } else if self.pending.len() > STATUS_BYTES {
                        self.state = State::Ended(None);
                    } else {
                        return content.freeze();
                    }
                }
                State::Ended(_) => {
                    // A background process of the program may speak on; the program has ended.
                    self.pending.clear();
                    return content.freeze();
                }
            }
        }
    }

    /// Gives the bytes before the marker, and drops the marker. Keeps back what may be the marker's beginning.
    fn split_at_marker(&mut self, marker: &[u8]) -> (BytesMut, bool) {
        if let Some(at) = find(&self.pending, marker) {
            let before = self.pending.split_to(at);
            let _ = self.pending.split_to(marker.len());
            return (before, true);
        }
        let longest = self.pending.len().min(marker.len().saturating_sub(1));
        let kept = (1..=longest)
            .rev()
            .find(|length| marker.get(..*length).is_some_and(|head| self.pending.ends_with(head)))
            .unwrap_or(0);
        let certain = self.pending.len() - kept;
        (self.pending.split_to(certain), false)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.state != State::Before
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    /// The program's exit status; `None` before the end, or when the frame's end was spoilt.
    pub(super) fn exit_status(&self) -> Option<u32> {
        if let State::Ended(status) = self.state { status } else { None }
    }

    /// What came before the program began, as text for a message.
    pub(super) fn said(&self) -> String {
        let mut said = self.said.clone();
        if self.state == State::Before {
            said.extend(self.pending.iter().take(SAID_BYTES.saturating_sub(said.len())));
        }
        let text = String::from_utf8_lossy(&said);
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "")
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(marker: &Marker, before: &[u8], content: &[u8], status: &str) -> Vec<u8> {
        let marker = marker.as_bytes();
        [before, marker, b"\n", content, marker, status.as_bytes(), b"\n", b"noise after"].concat()
    }

    proptest! {
        #[test]
        fn the_answer_is_the_same_however_it_is_cut(
            before in "[a-z\n]{0,40}",
            content in prop::collection::vec(any::<u8>(), 0..200),
            piece in 1usize..60,
        ) {
            let marker = Marker::random();
            let mut frame = Frame::new(&marker);
            let mut got = Vec::new();
            for piece in framed(&marker, before.as_bytes(), &content, "42").chunks(piece) {
                got.extend_from_slice(&frame.push(piece));
            }
            prop_assert_eq!(got, content);
            prop_assert_eq!(frame.exit_status(), Some(42));
        }
    }

    #[test]
    fn a_partial_marker_in_the_answer_is_answer() {
        let marker = Marker::random();
        let half = &marker.as_bytes()[..10];
        let content = [half, b" then ", half].concat();
        let mut frame = Frame::new(&marker);
        assert_eq!(frame.push(&framed(&marker, half, &content, "0")), content);
        assert!(frame.has_ended());
    }

    #[test]
    fn without_a_beginning_it_keeps_what_was_said() {
        let mut frame = Frame::new(&Marker::random());
        assert!(frame.push(b"This account is\ncurrently not available.\n").is_empty());
        assert!(!frame.has_begun() && !frame.has_ended());
        assert_eq!(frame.said(), "This account is currently not available.");
    }

    #[test]
    fn a_spoilt_status_is_no_status() {
        let marker = Marker::random();
        let mut frame = Frame::new(&marker);
        frame.push(&framed(&marker, b"", b"", "no number"));
        assert_eq!((frame.has_ended(), frame.exit_status()), (true, None));
    }
}
