//! Two changes of one text, line by line: what one side changed is taken from it, what both changed is for people to decide.
//!
//! Each piece has all three texts of its place, so that nothing of either side can be lost on the way: one after the other, the
//! pieces of one side are that side's whole text.

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::difference::MOST_COMPARISONS;

/// One place of a text in three states. Lines have their ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePiece {
    /// What both began with.
    pub base: String,
    /// What one made of it.
    pub mine: String,
    /// What the other made of it.
    pub theirs: String,
}

/// What a place of a text comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged<'a> {
    /// Nobody changed it, or both alike.
    Same(&'a str),
    /// Only this side changed it.
    Mine(&'a str),
    /// Only the other side changed it.
    Theirs(&'a str),
    /// Both did, and not alike.
    Conflict,
}

/// What is taken where both sides changed a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeChoice {
    /// This side's.
    Mine,
    /// The other side's.
    Theirs,
    /// This side's, then the other side's.
    Both,
}

impl MergePiece {
    /// What it comes to.
    #[must_use]
    pub fn merged(&self) -> Merged<'_> {
        if self.mine == self.theirs {
            Merged::Same(&self.mine)
        } else if self.mine == self.base {
            Merged::Theirs(&self.theirs)
        } else if self.theirs == self.base {
            Merged::Mine(&self.mine)
        } else {
            Merged::Conflict
        }
    }
}

/// The pieces of two texts that were made from one, in their order.
#[must_use]
pub fn merge(base: &str, mine: &str, theirs: &str) -> Vec<MergePiece> {
    let [base, mine, theirs] =
        [base, mine, theirs].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let (to_mine, to_theirs) = (changes(&base, &mine), changes(&base, &theirs));
    let (mut own, mut other) = (to_mine.iter().peekable(), to_theirs.iter().peekable());
    let mut pieces = Vec::new();
    let mut place = Place::default();
    let mut cut = |from: Place, to: Place| {
        let piece = MergePiece {
            base: part(&base, from.base, to.base),
            mine: part(&mine, from.at(from.mine), to.at(to.mine)),
            theirs: part(&theirs, from.at(from.theirs), to.at(to.theirs)),
        };
        if !(piece.base.is_empty() && piece.mine.is_empty() && piece.theirs.is_empty()) {
            pieces.push(piece);
        }
    };
    while let Some(start) = [own.peek(), other.peek()].into_iter().flatten().map(|next| next.start).min() {
        let begin = Place { base: start, ..place };
        cut(place, begin);
        // Changes that touch belong together: neither side has left anything between them alone.
        let mut end = begin;
        loop {
            if let Some(change) = own.next_if(|change| change.start <= end.base) {
                end.base = end.base.max(change.end);
                end.mine = end.mine.saturating_add(change.growth());
            } else if let Some(change) = other.next_if(|change| change.start <= end.base) {
                end.base = end.base.max(change.end);
                end.theirs = end.theirs.saturating_add(change.growth());
            } else {
                break;
            }
        }
        cut(begin, end);
        place = end;
    }
    cut(place, Place { base: base.len(), ..place });
    pieces
}

fn part(lines: &[&str], from: usize, to: usize) -> String {
    lines.get(from..to).unwrap_or_default().concat()
}

/// A place in all three texts: the line of the base, and how many lines further it is in the others.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    base: usize,
    mine: isize,
    theirs: isize,
}

impl Place {
    fn at(self, further: isize) -> usize {
        self.base.saturating_add_signed(further)
    }
}

/// The text of the pieces, with what was chosen where both sides changed a place: one choice for each, in their order.
#[must_use]
pub fn merged_text(pieces: &[MergePiece], choices: &[MergeChoice]) -> String {
    let mut text = String::new();
    // A last line without an end gets one when something follows.
    let mut add = |part: &str| {
        if !text.is_empty() && !text.ends_with('\n') && !part.is_empty() {
            text.push('\n');
        }
        text.push_str(part);
    };
    let mut choices = choices.iter();
    for piece in pieces {
        match piece.merged() {
            Merged::Same(part) | Merged::Mine(part) | Merged::Theirs(part) => add(part),
            Merged::Conflict => match choices.next() {
                Some(MergeChoice::Mine) => add(&piece.mine),
                Some(MergeChoice::Theirs) => add(&piece.theirs),
                // Who has not chosen loses nothing.
                Some(MergeChoice::Both) | None => {
                    add(&piece.mine);
                    add(&piece.theirs);
                }
            },
        }
    }
    text
}

/// Lines of the base that became others.
#[derive(Debug, Clone, Copy)]
struct Change {
    start: usize,
    end: usize,
    n_new: usize,
}

impl Change {
    /// By how many lines the text became longer.
    fn growth(self) -> isize {
        // Both are lengths of slices, which fit.
        let signed = |n: usize| isize::try_from(n).unwrap_or(isize::MAX);
        signed(self.n_new).saturating_sub(signed(self.end.saturating_sub(self.start)))
    }
}

fn changes(base: &[&str], text: &[&str]) -> Vec<Change> {
    if base == text {
        return Vec::new();
    }
    if base.len().saturating_mul(text.len()) > MOST_COMPARISONS {
        return vec![Change { start: 0, end: base.len(), n_new: text.len() }];
    }
    capture_diff_slices(Algorithm::Myers, base, text)
        .into_iter()
        .filter(|op| op.tag() != DiffTag::Equal)
        .map(|op| Change {
            start: op.old_range().start,
            end: op.old_range().end,
            n_new: op.new_range().len(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The pieces in short: what was settled, and conflicts as mine against theirs.
    fn told(base: &str, mine: &str, theirs: &str) -> String {
        let lines = |text: &str| text.replace(' ', "\n");
        merge(&lines(base), &lines(mine), &lines(theirs))
            .iter()
            .map(|piece| match piece.merged() {
                Merged::Same(text) => format!("={}", text.replace('\n', " ")),
                Merged::Mine(text) => format!("<{}", text.replace('\n', " ")),
                Merged::Theirs(text) => format!(">{}", text.replace('\n', " ")),
                Merged::Conflict => {
                    format!("!{}/{}", piece.mine.replace('\n', " "), piece.theirs.replace('\n', " "))
                }
            })
            .collect()
    }

    #[test]
    fn what_one_side_changed_is_taken_and_what_both_changed_is_asked() {
        for (base, mine, theirs, expected) in [
            ("a b c ", "a b c ", "a b c ", "=a b c "),
            ("a b c ", "A b c ", "a b C ", "<A =b >C "),
            ("a b c ", "A b c ", "Z b c ", "!A /Z =b c "),
            ("a b c ", "A b c ", "A b c ", "=A =b c "),
            // Neighbours touch.
            ("a b c ", "A b c ", "a B c ", "!A b /a B =c "),
            ("a b c ", "a b c d ", "a b c e ", "=a b c !d /e "),
            ("a b c ", "a b c d ", "a b ", "=a b !c d /"),
            ("a b c ", "b c ", "a b ", "<=b >"),
            ("", "a ", "b ", "!a /b "),
            ("a ", "", "", "="),
            ("a b", "a b", "a b c", "=a >b c"),
        ] {
            assert_eq!(told(base, mine, theirs), expected, "{base:?} {mine:?} {theirs:?}");
        }
    }

    #[test]
    fn the_choice_decides_and_lines_stay_lines() {
        let pieces = merge("a\nb", "a\nx", "a\ny");
        for (choice, expected) in
            [(MergeChoice::Mine, "a\nx"), (MergeChoice::Theirs, "a\ny"), (MergeChoice::Both, "a\nx\ny")]
        {
            assert_eq!(merged_text(&pieces, &[choice]), expected);
        }
        assert_eq!(merged_text(&pieces, &[]), "a\nx\ny", "nothing is lost that nobody decided");
    }

    #[test]
    fn texts_that_differ_all_over_are_one_question() {
        let text = |word: &str| (0..3000).map(|n| format!("{word} {n}\n")).collect::<String>();
        let (base, mine, theirs) = (text("a"), text("b"), text("c"));
        let pieces = merge(&base, &mine, &theirs);
        assert_eq!(pieces, [MergePiece { base, mine, theirs }]);
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec("[abc]{0,2}\n?", 0..12).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_of_each_side_are_its_whole_text(base in text(), mine in text(), theirs in text()) {
            let pieces = merge(&base, &mine, &theirs);
            let whole = |side: fn(&MergePiece) -> &str| pieces.iter().map(side).collect::<String>();
            prop_assert_eq!(whole(|piece| &piece.base), base);
            prop_assert_eq!(whole(|piece| &piece.mine), mine);
            prop_assert_eq!(whole(|piece| &piece.theirs), theirs);
        }

        #[test]
        fn who_changed_alone_is_followed(base in text(), changed in text()) {
            prop_assert_eq!(merged_text(&merge(&base, &changed, &base), &[]), changed.clone());
            prop_assert_eq!(merged_text(&merge(&base, &base, &changed), &[]), changed.clone());
            prop_assert_eq!(merged_text(&merge(&base, &changed, &changed), &[]), changed);
        }

        #[test]
        fn every_new_line_of_either_side_is_in_what_nobody_decided(base in text(), mine in text(), theirs in text()) {
            let merged = merged_text(&merge(&base, &mine, &theirs), &[]);
            let count = |text: &str, wanted: &str| text.lines().filter(|line| *line == wanted).count();
            for line in mine.lines().chain(theirs.lines()).filter(|line| !line.is_empty() && !base.contains(line)) {
                prop_assert!(count(&merged, line) >= count(&mine, line).max(count(&theirs, line)), "{line} in {merged:?}");
            }
        }

        #[test]
        fn who_merges_makes_no_difference_but_for_the_sides(base in text(), mine in text(), theirs in text()) {
            let turned = merge(&base, &theirs, &mine).into_iter().map(|piece| MergePiece {
                base: piece.base, mine: piece.theirs, theirs: piece.mine,
            }).collect::<Vec<_>>();
            prop_assert_eq!(merge(&base, &mine, &theirs), turned);
        }
    }
}
