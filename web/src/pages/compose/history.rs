//! What can be undone: the drafts before, and after an undo those that came later.

use pbsweb_shared::script::JobScriptDraft;

/// Nobody goes back further.
const MOST: usize = 100;

/// More than this is not held, so that a huge text is not held a hundred times.
const MOST_BYTES: usize = 32 << 20;

/// So many changes at one place are one step.
const MOST_AT_ONCE: u8 = 25;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct History {
    past: Vec<JobScriptDraft>,
    future: Vec<JobScriptDraft>,
    /// Where the last change was, and how many there were in a row.
    last: (String, u8),
}

/// What a draft takes, nearly.
fn weight(draft: &JobScriptDraft) -> usize {
    draft.text.len() + draft.commands.len() + 1024
}

impl History {
    /// A change at a place is about to be made; changes in a row at one place are taken together, those without a place are not.
    pub(super) fn note(&mut self, before: &JobScriptDraft, place: &str) {
        let (last, n_in_row) = &mut self.last;
        self.future.clear();
        if !place.is_empty() && last == place && *n_in_row < MOST_AT_ONCE && !self.past.is_empty() {
            *n_in_row += 1;
            return;
        }
        self.last = (place.to_owned(), 1);
        self.past.push(before.clone());
        // The step just made can always be undone.
        let mut room = MOST_BYTES;
        let fits = |draft: &&JobScriptDraft| {
            room = room.saturating_sub(weight(draft));
            room > 0
        };
        let n_kept = self.past.iter().rev().take(MOST).take_while(fits).count().max(1);
        self.past.drain(..self.past.len().saturating_sub(n_kept));
    }

    pub(super) const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub(super) const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The draft before the last step.
    pub(super) fn undo(&mut self, now: &JobScriptDraft) -> Option<JobScriptDraft> {
        let before = self.past.pop()?;
        self.future.push(now.clone());
        self.last = Default::default();
        Some(before)
    }

    /// The draft after the step that was undone last.
    pub(super) fn redo(&mut self, now: &JobScriptDraft) -> Option<JobScriptDraft> {
        let after = self.future.pop()?;
        self.past.push(now.clone());
        self.last = Default::default();
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> JobScriptDraft {
        JobScriptDraft { name: name.to_owned(), ..JobScriptDraft::default() }
    }

    #[test]
    fn steps_go_back_and_forth() {
        let mut history = History::default();
        history.note(&draft(""), "/name");
        history.note(&draft("h"), "/name");
        history.note(&draft("he"), "/queue");
        assert_eq!(history.undo(&draft("now")), Some(draft("he")));
        assert_eq!(history.undo(&draft("he")), Some(draft("")), "typing in one field is one step");
        assert_eq!(history.undo(&draft("")), None);
        assert_eq!(history.redo(&draft("")), Some(draft("he")));
        assert_eq!(history.redo(&draft("he")), Some(draft("now")));
        assert!(!history.can_redo() && history.can_undo());
        history.undo(&draft("now"));
        history.note(&draft("he"), "/name");
        assert!(!history.can_redo(), "a new change ends the other future");
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut history = History::default();
        for number in 0..MOST * 2 {
            history.note(&draft(&number.to_string()), "");
        }
        assert_eq!(history.past.len(), MOST);
        let mut history = History::default();
        for number in 0..u32::from(MOST_AT_ONCE) * 2 {
            history.note(&draft(&number.to_string()), "text");
        }
        assert_eq!(history.past.len(), 2, "a long text is not one step");
        let huge = JobScriptDraft { text: "x".repeat(MOST_BYTES), ..JobScriptDraft::default() };
        history.note(&huge, "");
        assert_eq!(history.past.len(), 1, "what is huge leaves no room for the rest");
        history.note(&draft("small"), "");
        assert_eq!(history.past, [draft("small")]);
    }
}
