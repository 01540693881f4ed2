//! What of a text is on the page: blocks of finished lines, and the last line, which may still change.

use std::collections::VecDeque;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::marks::html_of;
use super::terminal::{Run, Terminal};

/// A block that is larger gets no more lines: what leaves the page, or is searched anew, goes block by block.
const BLOCK_BYTES: usize = 32 << 10;

/// So much stays on the page; what is above goes.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// So many matches are marked: who searches for one letter must not wait for a million.
pub(super) const MOST_FOUND: usize = 2000;

struct Block {
    runs: Vec<Run>,
    n_bytes: usize,
    n_found: usize,
    element: Element,
}

impl Block {
    fn new() -> Option<Self> {
        let element = document().create_element("span").ok()?;
        Some(Self { runs: Vec::new(), n_bytes: 0, n_found: 0, element })
    }

    /// Takes more lines.
    fn add(&mut self, runs: Vec<Run>, words: &str, most: usize) {
        let (html, n_found) = html_of(&runs, words, most);
        // It fails only for an element that is in no document.
        let _ = self.element.insert_adjacent_html("beforeend", &html);
        self.n_found = self.n_found.saturating_add(n_found);
        self.n_bytes = runs.iter().map(|run| run.text.len()).fold(self.n_bytes, usize::saturating_add);
        self.runs.extend(runs);
    }

    /// Marks other words.
    fn mark(&mut self, words: &str, most: usize) {
        let (html, n_found) = html_of(&self.runs, words, most);
        if n_found > 0 || self.n_found > 0 {
            self.element.set_inner_html(&html);
        }
        self.n_found = n_found;
    }
}

/// The text in its element.
pub(super) struct Screen {
    into: Element,
    terminal: Terminal,
    blocks: VecDeque<Block>,
    last: Block,
    n_bytes: usize,
    words: String,
    /// Which match the reader is at.
    at: Option<usize>,
}

impl Screen {
    /// An empty one, in which words will be marked.
    pub(super) fn new(into: Element, words: String) -> Option<Self> {
        into.set_text_content(None);
        let last = Block::new()?;
        let _ = into.append_child(&last.element);
        Some(Self {
            into,
            terminal: Terminal::default(),
            blocks: VecDeque::new(),
            last,
            n_bytes: 0,
            words,
            at: None,
        })
    }

    /// Takes a piece. Tells whether something left the page above to make room.
    pub(super) fn take(&mut self, piece: &str) -> bool {
        let finished = self.terminal.take(piece);
        self.last.runs = self.terminal.last_line();
        self.last.n_found = 0;
        self.add(finished);
        let (html, n_found) = html_of(&self.last.runs, &self.words, self.n_free());
        self.last.element.set_inner_html(&html);
        self.last.n_found = n_found;
        let n_blocks = self.blocks.len();
        while self.n_bytes > MOST_BYTES && self.blocks.len() > 1 {
            let Some(block) = self.blocks.pop_front() else { break };
            self.n_bytes = self.n_bytes.saturating_sub(block.n_bytes);
            self.at = self.at.and_then(|at| at.checked_sub(block.n_found));
            block.element.remove();
        }
        self.blocks.len() < n_blocks
    }

    fn add(&mut self, finished: Vec<Run>) {
        if finished.is_empty() {
            return;
        }
        if self.blocks.back().is_none_or(|block| block.n_bytes > BLOCK_BYTES) {
            let Some(block) = Block::new() else { return };
            let _ = self.into.insert_before(&block.element, Some(&self.last.element));
            self.blocks.push_back(block);
        }
        let n_free = self.n_free();
        if let Some(block) = self.blocks.back_mut() {
            let before = block.n_bytes;
            block.add(finished, &self.words, n_free);
            self.n_bytes = self.n_bytes.saturating_add(block.n_bytes.saturating_sub(before));
        }
    }

    /// Takes what stands before all that is shown.
    pub(super) fn take_before(&mut self, piece: &str) {
        let mut terminal = Terminal::default();
        let mut runs = terminal.take(piece);
        runs.extend(terminal.last_line());
        let Some(mut block) = Block::new() else { return };
        let _ = self.into.insert_before(&block.element, self.into.first_child().as_ref());
        block.add(runs, &self.words, self.n_free());
        self.n_bytes = self.n_bytes.saturating_add(block.n_bytes);
        self.at = self.at.map(|at| at.saturating_add(block.n_found));
        self.blocks.push_front(block);
    }

    /// There is room for so many bytes above.
    pub(super) const fn has_room_for(&self, n_bytes: usize) -> bool {
        self.n_bytes.saturating_add(n_bytes) <= MOST_BYTES
    }

    /// Marks other words.
    pub(super) fn mark(&mut self, words: &str) {
        words.clone_into(&mut self.words);
        self.at = None;
        let mut n_free = MOST_FOUND;
        for block in self.blocks.iter_mut().chain(std::iter::once(&mut self.last)) {
            block.mark(words, n_free);
            n_free = n_free.saturating_sub(block.n_found);
        }
    }

    /// Which match the reader is at, and of how many.
    pub(super) fn place(&self) -> (Option<usize>, usize) {
        (self.at, self.n_found())
    }

    /// Goes to the next match or the one before, and gives it.
    pub(super) fn go(&mut self, forward: bool) -> Option<Element> {
        if let Ok(Some(before)) = self.into.query_selector("mark[data-current]") {
            let _ = before.remove_attribute("data-current");
        }
        self.at = step(self.at, self.n_found(), forward);
        let marks = self.into.query_selector_all("mark[data-first]").ok()?;
        let mark: Element = marks.item(u32::try_from(self.at?).ok()?)?.dyn_into().ok()?;
        let _ = mark.set_attribute("data-current", "");
        Some(mark)
    }

    /// How many more are marked.
    fn n_free(&self) -> usize {
        MOST_FOUND.saturating_sub(self.n_found())
    }

    /// How often the words are in what is shown.
    fn n_found(&self) -> usize {
        self.blocks.iter().map(|block| block.n_found).fold(self.last.n_found, usize::saturating_add)
    }
}

/// The match after this one of so many, round and round.
fn step(at: Option<usize>, n: usize, forward: bool) -> Option<usize> {
    let last = n.checked_sub(1)?;
    Some(match (at, forward) {
        (None, true) => 0,
        (None, false) | (Some(0), false) => last,
        (Some(at), true) if at >= last => 0,
        (Some(at), true) => at.saturating_add(1),
        (Some(at), false) => at.saturating_sub(1).min(last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_round() {
        let walk = |mut at: Option<usize>, n, forward: bool| {
            let mut walked = Vec::new();
            for _ in 0..4 {
                at = step(at, n, forward);
                walked.push(at);
            }
            walked
        };
        assert_eq!(walk(None, 3, true), [Some(0), Some(1), Some(2), Some(0)]);
        assert_eq!(walk(None, 3, false), [Some(2), Some(1), Some(0), Some(2)]);
        assert_eq!(walk(None, 0, true), [None; 4]);
        // Some are gone meanwhile.
        assert_eq!((step(Some(9), 3, true), step(Some(9), 3, false)), (Some(0), Some(2)));
    }
}
