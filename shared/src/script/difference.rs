//! What two drafts say differently: field by field, and line by line of their texts.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, ChangeTag, DiffTag, capture_diff_slices};

use super::directive::{self, Directive};
use super::draft::JobScriptDraft;
use super::render::{given_variables, render};

/// The most work that is done to find the lines in common; between texts that differ more, all lines in the middle do.
pub(super) const MOST_COMPARISONS: usize = 4_000_000;

/// How one draft came to be another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScriptDifference {
    /// The fields that say something else, in the order of the script; how a value is written makes no difference.
    pub fields: Vec<FieldChange>,
    /// The lines that are gone and the lines that are new, from the first to the last; what stayed is not listed.
    pub lines: Vec<LineChange>,
}

/// One value that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The field, such as `walltime`.
    pub field: String,
    /// What the form calls it.
    pub label: String,
    /// What it was; absent: not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is; absent: not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl FieldChange {
    /// The change of a value; `None` if it is the same.
    #[must_use]
    pub fn of(field: &str, label: &str, before: Option<String>, after: Option<String>) -> Option<Self> {
        (before != after).then(|| Self { field: field.to_owned(), label: label.to_owned(), before, after })
    }
}

/// One line that is gone, or new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LineChange {
    /// Whether it is new; else it is gone.
    pub is_new: bool,
    /// Its number, from 1, in the text that has it.
    pub number: usize,
    /// What stands on it.
    pub text: String,
    /// Its text in pieces, if a line took the place of one like it: which words are gone, or new. Else empty: all of it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<LinePart>,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinePart {
    /// Its text.
    pub text: String,
    /// Whether the other line lacks it.
    pub is_changed: bool,
}

/// What `after` says differently from `before`.
#[must_use]
pub fn difference(before: &JobScriptDraft, after: &JobScriptDraft) -> ScriptDifference {
    let fields = directive::ALL
        .iter()
        .filter(|directive| directive.name != "commands")
        .filter_map(|directive| {
            let (before, after) = (shown(directive, before), shown(directive, after));
            FieldChange::of(directive.name, directive.label, before, after)
        })
        .collect();
    ScriptDifference { fields, lines: changed_lines(&render(before), &render(after)) }
}

fn shown(directive: &Directive, draft: &JobScriptDraft) -> Option<String> {
    match directive.name {
        "variables" => {
            let all: Vec<String> = given_variables(draft)
                .map(|variable| format!("{}={}", variable.name, variable.value))
                .collect();
            (!all.is_empty()).then(|| all.join("\n"))
        }
        "without_epilogue" => draft.without_epilogue.then(|| "yes".to_owned()),
        "hold" => draft.hold.then(|| "yes".to_owned()),
        "shell" => given(&draft.shell),
        "working_directory" => given(&draft.working_directory),
        "directive_prefix" => given(&draft.directive_prefix),
        _ => directive.value(draft),
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The lines that are gone from a text and those that are new, as in [`ScriptDifference`].
#[must_use]
pub fn changed_lines(before: &str, after: &str) -> Vec<LineChange> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (old, new) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let old = old.get(..old.len().saturating_sub(end)).unwrap_or_default();
    let new = new.get(..new.len().saturating_sub(end)).unwrap_or_default();
    let mut changes = Vec::new();
    let change = |is_new: bool, place: usize, text: &str| LineChange {
        is_new,
        number: start.saturating_add(place).saturating_add(1),
        text: text.to_owned(),
        parts: Vec::new(),
    };
    if old.len().saturating_mul(new.len()) > MOST_COMPARISONS {
        changes.extend(old.iter().enumerate().map(|(place, text)| change(false, place, text)));
        changes.extend(new.iter().enumerate().map(|(place, text)| change(true, place, text)));
        return changes;
    }
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let first = changes.len();
        for found in op.iter_changes(old, new) {
            match (found.tag(), found.old_index(), found.new_index()) {
                (ChangeTag::Delete, Some(place), _) => changes.push(change(false, place, found.value())),
                (ChangeTag::Insert, _, Some(place)) => changes.push(change(true, place, found.value())),
                _ => {}
            }
        }
        let these = changes.split_at_mut(first).1;
        let n_gone = op.old_range().len().min(these.len());
        let (gone, new) = these.split_at_mut(n_gone);
        for (gone, new) in gone.iter_mut().zip(new) {
            if let Some((before, after)) = parts(&gone.text, &new.text) {
                (gone.parts, new.parts) = (before, after);
            }
        }
    }
    changes
}

/// Words, runs of blanks, and every other character by itself.
fn pieces(line: &str) -> Vec<&str> {
    let kind = |letter: char| match letter {
        letter if letter.is_alphanumeric() || letter == '_' => 1,
        letter if letter.is_whitespace() => 2,
        _ => 0,
    };
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let is_other = |letter: char| kind(letter) != kind(first);
        let end = if kind(first) == 0 { Some(first.len_utf8()) } else { rest.find(is_other) };
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Which pieces of two lines the other has, too; `None` if they have less than a third in common.
fn parts(before: &str, after: &str) -> Option<(Vec<LinePart>, Vec<LinePart>)> {
    let (old, new) = (pieces(before), pieces(after));
    if old.len().saturating_mul(new.len()) > MOST_COMPARISONS {
        return None;
    }
    let (mut gone, mut fresh) = (Vec::new(), Vec::new());
    let mut n_common = 0;
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let is_changed = op.tag() != DiffTag::Equal;
        let text = |pieces: &[&str], range: Range<usize>| pieces.get(range).unwrap_or_default().concat();
        let (old, new) = (text(&old, op.old_range()), text(&new, op.new_range()));
        if !is_changed && !old.trim().is_empty() {
            n_common += old.len();
        }
        for (line, text) in [(&mut gone, old), (&mut fresh, new)] {
            if !text.is_empty() {
                line.push(LinePart { text, is_changed });
            }
        }
    }
    (n_common.saturating_mul(3) >= before.len().max(after.len())).then_some((gone, fresh))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::script::parse;

    fn words(changes: &[LineChange]) -> Vec<String> {
        let sign = |change: &LineChange| if change.is_new { '+' } else { '-' };
        changes.iter().map(|change| format!("{}{} {}", sign(change), change.number, change.text)).collect()
    }

    /// Takes the lines away that are gone, and puts in those that are new.
    fn apply(before: &str, changes: &[LineChange]) -> Vec<String> {
        let gone = |number| changes.iter().any(|change| !change.is_new && change.number == number);
        let kept = before.lines().enumerate().filter(|(place, _)| !gone(place + 1));
        let mut lines: Vec<String> = kept.map(|(_, line)| line.to_owned()).collect();
        for change in changes.iter().filter(|change| change.is_new) {
            lines.insert(change.number - 1, change.text.clone());
        }
        lines
    }

    #[test]
    fn lines_that_stayed_are_not_told() {
        assert_eq!(words(&changed_lines("a\nb\nc\nd", "a\nc\nx\nd")), ["-2 b", "+3 x"]);
        assert_eq!(words(&changed_lines("", "a")), ["+1 a"]);
        assert!(changed_lines("a\nb\n", "a\nb\n").is_empty());
    }

    #[test]
    fn a_line_in_place_of_another_tells_the_words() {
        let told = |before: &str, after: &str| {
            let mark = |part: &LinePart| {
                if part.is_changed { format!("[{}]", part.text) } else { part.text.clone() }
            };
            let told = |change: &LineChange| change.parts.iter().map(mark).collect::<String>();
            changed_lines(before, after).iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(
            told("a\n#PBS -l walltime=1:00:00\nb", "a\n#PBS -l walltime=2:00:00,mem=4gb\nb"),
            ["#PBS -l walltime=[1]:00:00", "#PBS -l walltime=[2]:00:00[,mem=4gb]"]
        );
        assert_eq!(
            told("mpirun ./größe  1", "mpirun ./größe 1"),
            ["mpirun ./größe[  ]1", "mpirun ./größe[ ]1"]
        );
        // Lines with nothing in common, and lines without a counterpart, are changed as a whole.
        assert_eq!(told("one two", "three four"), ["", ""]);
        assert_eq!(told("a", "a\nb"), [""]);
    }

    #[test]
    fn texts_too_different_to_compare_differ_in_the_middle() {
        let many = |word: &str| (0..3000).map(|n| format!("{word} {n}\n")).collect::<String>();
        let (before, after) = (format!("top\n{}end", many("old")), format!("top\n{}end", many("new")));
        let changes = changed_lines(&before, &after);
        assert_eq!(changes.len(), 6000);
        assert_eq!(apply(&before, &changes), after.lines().collect::<Vec<_>>());
    }

    #[test]
    fn another_comment_is_another_line_and_no_other_field() {
        let read = |text: &str| parse(text.as_bytes()).draft;
        let text = "#!/bin/bash\n# the first try\n#PBS -l walltime=90\n./run\n";
        let longer = text.replace("first", "second").replace("=90", "=00:01:30");
        let found = difference(&read(text), &read(&longer));
        assert!(found.fields.is_empty(), "90 and 00:01:30 are the same: {:?}", found.fields);
        assert!(words(&found.lines).contains(&"+2 # the second try".to_owned()), "{:?}", found.lines);
    }

    #[test]
    fn every_field_is_compared() {
        let fresh = serde_json::to_value(JobScriptDraft::default()).unwrap();
        for (name, value) in fresh.as_object().unwrap() {
            let other = match (name.as_str(), value) {
                ("text" | "commands", _) => continue,
                ("chunks", _) => json!([{ "ncpus": "4" }]),
                ("dependencies", _) => json!([{ "kind": "afterok", "jobs": "1.pbs" }]),
                ("variables", _) => json!([{ "name": "A", "value": "1" }]),
                (_, Value::Bool(is_set)) => json!(!is_set),
                _ => json!("/x"),
            };
            let after: JobScriptDraft = serde_json::from_value(json!({ name: other })).unwrap();
            let found = difference(&JobScriptDraft::default(), &after);
            let changed: Vec<_> = found.fields.iter().map(|change| change.field.as_str()).collect();
            assert_eq!(changed, [name]);
        }
    }

    proptest! {
        #[test]
        fn the_changes_lead_from_one_text_to_the_other(
            before in prop::collection::vec("[a-d]", 0..12),
            after in prop::collection::vec("[a-d]", 0..12),
        ) {
            let changes = changed_lines(&before.join("\n"), &after.join("\n"));
            prop_assert_eq!(apply(&before.join("\n"), &changes), after);
        }

        #[test]
        fn the_parts_of_a_line_are_the_line(before in "[ab ]{0,4}[aé.\u{1f600}]{0,6}", after in "[ab ]{0,4}[aé.\u{1f600}]{0,6}") {
            for change in changed_lines(&before, &after) {
                let whole: String = change.parts.iter().map(|part| part.text.as_str()).collect();
                prop_assert!(change.parts.is_empty() || whole == change.text);
            }
            if let Some((gone, new)) = parts(&before, &after) {
                let kept = |parts: &[LinePart]| {
                    parts.iter().filter(|part| !part.is_changed).map(|part| part.text.as_str()).collect::<String>()
                };
                prop_assert_eq!(kept(&gone), kept(&new));
            }
        }
    }
}
