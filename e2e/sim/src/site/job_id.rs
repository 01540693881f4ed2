//! Job ids as the commands take them: `12`, `12.vm`, `12[]`, `12[3]`, `12[1-5:2]`.

use super::job::parse_range;

/// The one other server that jobs can be moved to. It has the same queues and nodes, and knows the moved jobs alone.
pub(crate) const OTHER_SERVER: &str = "other";

/// Whether the question is for the other server: `12.vm@other`.
pub(crate) fn is_at_other(text: &str) -> bool {
    text.split_once('@').is_some_and(|(_, server)| server == OTHER_SERVER)
}

/// An id that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobId {
    /// Sequence number.
    pub sequence: u64,
    /// What stands in the brackets.
    pub part: Part,
}

/// The bracket of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// None: a job.
    Job,
    /// Empty: an array.
    Array,
    /// Subjobs of an array.
    Subjobs(Vec<u32>),
}

impl JobId {
    /// Reads an id; the server's name, when it is there, must be `server`.
    #[must_use]
    pub fn parse(text: &str, server: &str) -> Option<Self> {
        let text = text.split_once('@').map_or(text, |(id, _)| id);
        let (id, host) = match text.split_once('.') {
            Some((id, host)) => (id, Some(host)),
            None => (text, None),
        };
        if host.is_some_and(|host| host != server) {
            return None;
        }
        let (digits, part) = match id.split_once('[') {
            None => (id, Part::Job),
            Some((digits, bracket)) => {
                let inside = bracket.strip_suffix(']')?;
                let part = if inside.is_empty() {
                    Part::Array
                } else if let Ok(index) = inside.parse() {
                    Part::Subjobs(vec![index])
                } else {
                    Part::Subjobs(parse_range(inside)?)
                };
                (digits, part)
            }
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { sequence: digits.parse().ok()?, part })
    }

    /// The id with the server's name, as messages show it.
    #[must_use]
    pub fn shown(text: &str, server: &str) -> String {
        if text.contains('.') { text.to_owned() } else { format!("{text}.{server}") }
    }
}
