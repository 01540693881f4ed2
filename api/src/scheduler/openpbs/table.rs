//! The table that plain `qstat` prints: a tenth of the full listing's cost, and enough to tell which jobs changed.
//!
//! Ids, names and users that are longer than their column are cut; so is a queue. Names and users are not read. The number
//! of a job is never cut.

use super::jobs::state_of;
use super::text::lines;
use crate::scheduler::records::LightRow;

/// The column of the ids, where no longer ids are expected: one that fills it may be cut.
const ID_WIDTH: usize = 16;

/// Reads the table. No text at all means no jobs.
///
/// # Errors
/// There is text, and it is no such table: its first line, or the line that is no row.
pub fn read_table(text: &[u8]) -> Result<Vec<LightRow>, String> {
    let mut lines = lines(text).filter(|line| !line.trim_ascii().is_empty());
    let Some(head) = lines.next() else { return Ok(Vec::new()) };
    if !head.starts_with(b"Job id ") || !lines.next().is_some_and(|rule| rule.starts_with(b"---")) {
        return Err(format!("no table of jobs: {}", String::from_utf8_lossy(head)));
    }
    lines.map(|line| row(line).ok_or_else(|| format!("no job: {}", String::from_utf8_lossy(line)))).collect()
}

/// `3.vm  STDIN  alice  0 Q workq`: the id is the first word, state and queue are the last.
fn row(line: &[u8]) -> Option<LightRow> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let printed_id = words.next()?;
    let queue = words.next_back()?;
    let state_letter = words.next_back().filter(|letter| letter.len() == 1)?;
    // Name, user and time stand between.
    words.nth(2)?;
    if !printed_id.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let id = printed_id.trim_end_matches('*');
    Some(LightRow {
        printed_id: id.to_owned(),
        is_cut: id.len() < printed_id.len() || id.len() >= ID_WIDTH,
        state_letter: state_letter.to_owned(),
        state: state_of(state_letter),
        queue: queue.trim_end_matches('*').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Job id            Name             User              Time Use S Queue\n\
                        ----------------  ---------------- ----------------  -------- - -----\n";

    #[test]
    fn rows_are_told_from_other_text() {
        let rows = read_table(
            format!("{HEAD}2[].pbs-server.c* sweep    alice      0 B workq           \n").as_bytes(),
        );
        let expected = LightRow {
            printed_id: "2[].pbs-server.c".to_owned(),
            is_cut: true,
            state_letter: "B".to_owned(),
            state: Some(pbsweb_shared::job::JobState::Running),
            queue: "workq".to_owned(),
        };
        assert_eq!(rows, Ok(vec![expected]));
        assert_eq!(read_table(b""), Ok(vec![]));
        assert_eq!(read_table(HEAD.as_bytes()), Ok(vec![]));
        for text in [
            "qstat: busy\n".to_owned(),
            format!("{HEAD}1.vm x\n"),
            format!("{HEAD}Welcome to the cluster a b c\n"),
        ] {
            assert!(read_table(text.as_bytes()).is_err(), "{text}");
        }
    }
}
