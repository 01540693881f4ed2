//! What can be undone: the states of the form before, and after an undo those that came later.

use std::sync::Arc;

use pbsweb_shared::script::JobScriptDraft;

use super::origin::Origin;

/// Nobody goes back further.
const MOST: usize = 100;

/// More than this is not held, so that a huge text is not held a hundred times.
const MOST_BYTES: usize = 32 << 20;

/// So many changes at one place are one step.
const MOST_AT_ONCE: u8 = 25;

/// The form at some time: picking another script is undone, too.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Step {
    pub(super) draft: JobScriptDraft,
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) script_name: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct History {
    past: Vec<Step>,
    future: Vec<Step>,
    /// Where the last change was, and how many there were in a row.
    last: (String, u8),
}

/// What a step takes, nearly.
fn weight(step: &Step) -> usize {
    step.draft.text.len() + step.draft.commands.len() + 1024
}

impl History {
    /// A change at a place is about to be made; changes in a row at one place are taken together, those without a place are not.
    pub(super) fn note(&mut self, place: &str, before: impl FnOnce() -> Step) {
        let (last, n_in_row) = &mut self.last;
        self.future.clear();
        if !place.is_empty() && last == place && *n_in_row < MOST_AT_ONCE && !self.past.is_empty() {
            *n_in_row += 1;
            return;
        }
        self.last = (place.to_owned(), 1);
        self.past.push(before());
        // The step just made can always be undone.
        let mut room = MOST_BYTES;
        let fits = |step: &&Step| {
            room = room.saturating_sub(weight(step));
            room > 0
        };
        let n_kept = self.past.iter().rev().take(MOST).take_while(fits).count().max(1);
        self.past.drain(..self.past.len().saturating_sub(n_kept));
    }

    /// A script was made: what was called so before is of it.
    pub(super) fn adopt(&mut self, origin: &Arc<Origin>) {
        for step in self.past.iter_mut().chain(&mut self.future) {
            if origin.is_meant(&step.script_name, &step.draft) {
                step.origin = Some(Arc::clone(origin));
            }
        }
    }

    pub(super) const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub(super) const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The form before the last step.
    pub(super) fn undo(&mut self, now: Step) -> Option<Step> {
        let before = self.past.pop()?;
        self.future.push(now);
        self.last = Default::default();
        Some(before)
    }

    /// The form after the step that was undone last.
    pub(super) fn redo(&mut self, now: Step) -> Option<Step> {
        let after = self.future.pop()?;
        self.past.push(now);
        self.last = Default::default();
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &str) -> Step {
        let draft = JobScriptDraft { name: name.to_owned(), ..JobScriptDraft::default() };
        Step { draft, ..Step::default() }
    }

    #[test]
    fn steps_go_back_and_forth() {
        let mut history = History::default();
        history.note("/name", || step(""));
        history.note("/name", || step("h"));
        history.note("/queue", || step("he"));
        assert_eq!(history.undo(step("now")), Some(step("he")));
        assert_eq!(history.undo(step("he")), Some(step("")), "typing in one field is one step");
        assert_eq!(history.undo(step("")), None);
        assert_eq!(history.redo(step("")), Some(step("he")));
        assert_eq!(history.redo(step("he")), Some(step("now")));
        assert!(!history.can_redo() && history.can_undo());
        history.undo(step("now"));
        history.note("/name", || step("he"));
        assert!(!history.can_redo(), "a new change ends the other future");
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut history = History::default();
        for number in 0..MOST * 2 {
            history.note("", || step(&number.to_string()));
        }
        assert_eq!(history.past.len(), MOST);
        let mut history = History::default();
        for number in 0..u32::from(MOST_AT_ONCE) * 2 {
            history.note("text", || step(&number.to_string()));
        }
        assert_eq!(history.past.len(), 2, "a long text is not one step");
        let huge = JobScriptDraft { text: "x".repeat(MOST_BYTES), ..JobScriptDraft::default() };
        history.note("", || Step { draft: huge, ..Step::default() });
        assert_eq!(history.past.len(), 1, "what is huge leaves no room for the rest");
        history.note("", || step("small"));
        assert_eq!(history.past, [step("small")]);
    }
}
