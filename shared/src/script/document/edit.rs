//! The changes that bring a text to what a draft says.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::script::directive::options::{Item, Went, read_line};
use crate::script::directive::{self, Directive, Switch, change_directory};
use crate::script::draft::{JobScriptDraft, VariableDraft};
use crate::script::interpreter::Interpreter;
use crate::script::parse::{DirectiveLine, Reading};
use crate::script::render::{
    DEFAULT_SHELL, WITHOUT_EPILOGUE, export_line, normal_fields, option_words, shebang, tidy_commands,
    without_directives,
};
use crate::script::words;

/// An option by its line and its place on it.
type Key = (usize, usize);

pub(super) struct Edit<'a> {
    reading: &'a Reading<'a>,
    /// What stands in the text, in its one form.
    now: JobScriptDraft,
    /// Whether it is for a host, which is to get nothing that PBS does not understand.
    is_sent: bool,
    /// Whether the change of folder is written even where the job starts anyway.
    with_folder: bool,
    /// What becomes of options: other ones, or (`None`) nothing.
    options: BTreeMap<Key, Option<Item>>,
    /// New directives, without their prefix.
    added: Vec<String>,
    /// Other replacements of places in the text.
    places: Vec<(Range<usize>, String)>,
}

impl<'a> Edit<'a> {
    pub(super) fn new(reading: &'a Reading<'a>, is_sent: bool, with_folder: bool) -> Self {
        Self {
            reading,
            now: normal_fields(&reading.draft),
            is_sent,
            with_folder,
            options: BTreeMap::new(),
            added: Vec::new(),
            places: Vec::new(),
        }
    }

    /// The text that says what is wanted (in its one form); `None` if it is the same.
    pub(super) fn make(mut self, wanted: &JobScriptDraft) -> Option<String> {
        self.first_line(wanted);
        let is_old = self.sources("chunks").any(|(_, item)| !is_native(directive::find("chunks"), item));
        let is_old_changed = is_old
            && (self.differs("chunks", wanted)
                || self.differs("place", wanted)
                || (self.is_sent && self.sources("chunks").any(|(_, item)| item.text().contains("gpus="))));
        for directive in directive::ALL {
            let is_forced = is_old_changed && matches!(directive.name, "chunks" | "place");
            self.directive(directive, wanted, is_forced);
        }
        self.extra(wanted);
        self.mark(wanted);
        self.body(wanted);
        self.write()
    }

    /// The options that fill a field.
    fn sources(&self, field: &str) -> impl Iterator<Item = (Key, &'a Item)> {
        let reading = self.reading;
        reading
            .options()
            .filter(move |(_, _, went)| matches!(went, Went::Field(name) if *name == field))
            .map(|(place, item, _)| ((place.index, place.option), item))
    }

    fn differs(&self, field: &str, wanted: &JobScriptDraft) -> bool {
        directive::find(field).is_some_and(|directive| directive.value(&self.now) != directive.value(wanted))
    }

    fn first_line(&mut self, wanted: &JobScriptDraft) {
        let shell = shebang(&wanted.shell);
        match &self.reading.header.shebang {
            Some(place) if self.now.shell != wanted.shell => self.places.push((place.clone(), shell)),
            Some(_) => {}
            None if shell != DEFAULT_SHELL || self.is_sent => {
                self.places.push((0..0, format!("#!{shell}\n")))
            }
            None => {}
        }
    }

    /// One field that stands in directives.
    fn directive(&mut self, directive: &'static Directive, wanted: &JobScriptDraft, is_forced: bool) {
        if matches!(directive.switch, Switch::None) {
            return;
        }
        let value = directive.value(wanted);
        let sources: Vec<(Key, &Item)> = self.sources(directive.name).collect();
        let is_foreign = self.is_sent
            && directive.name != "chunks"
            && sources.iter().any(|(_, item)| !is_native(Some(directive), item));
        if !is_forced && !is_foreign && value == directive.value(&self.now) {
            return;
        }
        let Some(value) = value else {
            // Without the last one the one before would count.
            let letters: Vec<Item> = sources.iter().map(|(_, item)| (*item).clone()).collect();
            for (place, item, went) in self.reading.options() {
                if went == Went::Overruled && letters.iter().any(|source| same_option(source, item)) {
                    self.options.insert((place.index, place.option), None);
                }
            }
            self.options.extend(sources.into_iter().map(|(key, _)| (key, None)));
            return;
        };
        let mut sources = sources.into_iter();
        match sources.next() {
            Some((key, _)) => {
                self.options.insert(key, Some(option_of(directive.switch, &value)));
                self.options.extend(sources.map(|(key, _)| (key, None)));
            }
            None => self.added.push(option_words(directive.switch, &value)),
        }
    }

    /// The options without a field.
    fn extra(&mut self, wanted: &JobScriptDraft) {
        if self.now.extra_directives == wanted.extra_directives {
            return;
        }
        let new: Vec<String> = wanted
            .extra_directives
            .split('\n')
            .flat_map(|line| read_line(line).options)
            .map(|placed| placed.item.text())
            .filter(|text| !text.is_empty())
            .collect();
        // How often each is wanted; and of these, how often it is there already.
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for text in &new {
            counts.entry(text).or_default().0 += 1;
        }
        for (place, item, went) in self.reading.options() {
            if went != Went::Extra {
                continue;
            }
            match counts.get_mut(item.text().as_str()) {
                Some((n_wanted, n_there)) if *n_there < *n_wanted => *n_there += 1,
                Some(_) | None => {
                    self.options.insert((place.index, place.option), None);
                }
            }
        }
        for text in &new {
            match counts.get_mut(text.as_str()) {
                Some((_, n_there)) if *n_there > 0 => *n_there -= 1,
                Some(_) | None => self.added.push(text.clone()),
            }
        }
    }

    fn mark(&mut self, wanted: &JobScriptDraft) {
        match (&self.reading.header.mark, wanted.without_epilogue) {
            (Some(place), false) => self.places.push((place.clone(), String::new())),
            (None, true) => {
                let end = self.reading.header.end;
                self.places.push((end..end, format!("{}{WITHOUT_EPILOGUE}\n", self.line_end_before(end))));
            }
            (Some(_), true) | (None, false) => {}
        }
    }

    /// Variables, folder and commands.
    fn body(&mut self, wanted: &JobScriptDraft) {
        let body = &self.reading.body;
        let interpreter = Interpreter::of(&wanted.shell);
        let from_options: Vec<Key> = self.sources("variables").map(|(key, _)| key).collect();
        let is_other_shell = Interpreter::of(&self.now.shell) != interpreter;
        let is_changed = self.now.variables != wanted.variables || is_other_shell;
        let start = body.variables.first().map_or_else(
            || body.folder.as_ref().map_or(body.commands.start, |folder| folder.start),
            |first| first.start,
        );
        if !from_options.is_empty() && (is_changed || self.is_sent) {
            self.options.extend(from_options.into_iter().map(|key| (key, None)));
            self.variables(start, 0, 0, &wanted.variables, interpreter);
        } else if is_changed {
            let (old, new) = (&self.now.variables, &wanted.variables);
            let same = |(a, b): &(&VariableDraft, &VariableDraft)| a == b && !is_other_shell;
            let before = old.iter().zip(new).take_while(same).count();
            let most_after = old.len().min(new.len()).saturating_sub(before);
            let after = old.iter().rev().zip(new.iter().rev()).take(most_after).take_while(same).count();
            let new = new.get(before..new.len() - after).unwrap_or_default();
            self.variables(start, before, after, new, interpreter);
        }

        let from_options: Vec<Key> = self.sources("working_directory").map(|(key, _)| key).collect();
        let is_foreign = !from_options.is_empty() && self.is_sent;
        let is_missing = self.with_folder && body.folder.is_none();
        if self.now.working_directory != wanted.working_directory || is_foreign || is_missing {
            self.options.extend(from_options.into_iter().map(|key| (key, None)));
            let line = format!("{}\n", change_directory(&wanted.working_directory));
            let begin = body.variables.last().map_or(body.commands.start, |last| last.end);
            match (&body.folder, interpreter) {
                (Some(place), Interpreter::Other) => self.places.push((place.clone(), String::new())),
                (Some(place), Interpreter::Posix | Interpreter::Csh) => {
                    self.places.push((place.clone(), line))
                }
                (None, Interpreter::Other) => {}
                (None, Interpreter::Posix | Interpreter::Csh) => {
                    self.places.push((begin..begin, format!("{}{line}", self.line_end_before(begin))))
                }
            }
        }

        if self.now.commands != wanted.commands {
            let place = body.commands.clone();
            let begin = self.line_end_before(place.start);
            let end = if place.end == self.reading.text.len() && place.is_empty() { "\n" } else { "" };
            let commands = tidy_commands(&wanted.commands);
            // With nothing runnable before them PBS would still look for directives here.
            let commands = match interpreter {
                Interpreter::Other => without_directives(commands, self.reading.prefix),
                Interpreter::Posix | Interpreter::Csh => commands.to_owned(),
            };
            self.places.push((place, format!("{begin}{commands}{end}")));
        }
    }

    /// Puts these in the place of all variables of the text but the first and the last ones.
    fn variables(
        &mut self,
        start: usize,
        before: usize,
        after: usize,
        new: &[VariableDraft],
        interpreter: Interpreter,
    ) {
        let lines = &self.reading.body.variables;
        let replaced = lines.get(before..lines.len().saturating_sub(after)).unwrap_or_default();
        let mut text: String = new
            .iter()
            .filter_map(|variable| export_line(variable, interpreter))
            .map(|line| line + "\n")
            .collect();
        let Some((first, rest)) = replaced.split_first() else {
            let begin = before.checked_sub(1).and_then(|last| lines.get(last)).map_or(start, |last| last.end);
            text.insert_str(0, self.line_end_before(begin));
            self.places.push((begin..begin, text));
            return;
        };
        self.places.push((first.clone(), text));
        self.places.extend(rest.iter().map(|place| (place.clone(), String::new())));
    }

    /// A line end, if the text does not have one before a place where a line is to begin.
    fn line_end_before(&self, place: usize) -> &'static str {
        let before = self.reading.text.get(..place).unwrap_or_default();
        if before.is_empty() || before.ends_with('\n') { "" } else { "\n" }
    }

    /// The text with all changes; `None` if there are none.
    fn write(mut self) -> Option<String> {
        for (index, line) in self.reading.header.directives.iter().enumerate() {
            self.line(index, line);
        }
        if !self.added.is_empty() {
            let header = &self.reading.header;
            // Behind the last directive, or else behind the first line.
            let begin = header.directives.last().map_or_else(
                || {
                    header
                        .shebang
                        .as_ref()
                        .map_or(0, |shebang| (shebang.end + 1).min(self.reading.text.len()))
                },
                |line| line.range.end,
            );
            let mut text = self.line_end_before(begin).to_owned();
            for words in &self.added {
                text.push_str(&format!("{} {words}\n", self.reading.prefix));
            }
            // Before whatever else is put at the same place.
            self.places.insert(
                usize::from(self.places.first().is_some_and(|(place, _)| place.end == 0)),
                (begin..begin, text),
            );
        }
        if self.places.is_empty() {
            return None;
        }
        self.places.sort_by_key(|(place, _)| (place.start, place.end));
        let text = self.reading.text;
        let mut edited = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for (place, new) in &self.places {
            edited.push_str(text.get(done..place.start).unwrap_or_default());
            edited.push_str(new);
            done = place.end.max(done);
        }
        edited.push_str(text.get(done..).unwrap_or_default());
        (edited != text).then_some(edited)
    }

    /// The changes on one line of directives.
    fn line(&mut self, index: usize, line: &DirectiveLine) {
        let changes: BTreeMap<usize, &Option<Item>> = self
            .options
            .range((index, 0)..=(index, usize::MAX))
            .map(|((_, option), item)| (*option, item))
            .collect();
        let has_comment = line.options.comment.is_some() && self.is_sent;
        if changes.is_empty() && !has_comment {
            return;
        }
        if let [(option, Some(new))] =
            changes.iter().map(|(option, item)| (*option, *item)).collect::<Vec<_>>().as_slice()
            && !has_comment
            && let Some((place, value)) = self.value_alone(line, *option, new)
        {
            self.places.push((place, value));
            return;
        }
        let kept: Vec<(usize, Item)> = line
            .options
            .options
            .iter()
            .enumerate()
            .filter_map(|(option, placed)| match changes.get(&option) {
                Some(change) => (*change).clone().map(|item| (placed.word, item)),
                None => Some((placed.word, placed.item.clone())),
            })
            .collect();
        let text = self.reading.text;
        let comment = line
            .options
            .comment
            .and_then(|start| text.get(line.place(start)..line.range.end))
            .map(|comment| comment.trim_end_matches('\n'));
        let end =
            if text.get(line.range.clone()).is_some_and(|line| line.ends_with('\n')) { "\n" } else { "" };
        let mut new = String::new();
        if let Some(comment) = comment.filter(|_| has_comment || kept.is_empty()) {
            new.push_str(comment);
            new.push_str(if kept.is_empty() { end } else { "\n" });
        }
        if !kept.is_empty() {
            new.push_str(text.get(line.range.start..line.begin).unwrap_or_default());
            new.push(' ');
            new.push_str(&written(&kept));
            if let Some(comment) = comment.filter(|_| !has_comment) {
                new.push(' ');
                new.push_str(comment);
            }
            new.push_str(end);
        }
        self.places.push((line.range.clone(), new));
    }

    /// Where a value stands that can be changed without touching what is around it, and the new one.
    fn value_alone(&self, line: &DirectiveLine, option: usize, new: &Item) -> Option<(Range<usize>, String)> {
        let placed = line.options.options.get(option)?;
        let (Item::Option { letter: old, .. }, Item::Option { letter, value: Some(value) }) =
            (&placed.item, new)
        else {
            return None;
        };
        let place = line.range_of(placed.value.as_ref()?)?;
        (old == letter && words::quote(value) == *value).then(|| (place, value.clone()))
    }
}

/// Whether an option says a field in PBS's own way.
fn is_native(directive: Option<&Directive>, item: &Item) -> bool {
    let Item::Option { letter, value } = item else { return false };
    match directive.map(|directive| directive.switch) {
        Some(Switch::Option(own) | Switch::Flag(own)) => own == *letter,
        Some(Switch::Resource(name)) => *letter == 'l' && begins(value.as_deref(), name),
        Some(Switch::Attribute(name)) => *letter == 'W' && begins(value.as_deref(), name),
        Some(Switch::None) | None => false,
    }
}

fn begins(value: Option<&str>, name: &str) -> bool {
    value.and_then(|value| value.strip_prefix(name)).is_some_and(|rest| rest.starts_with('='))
}

/// Whether both say the same thing, whatever its value.
fn same_option(one: &Item, other: &Item) -> bool {
    let key = |item: &Item| match item {
        Item::Option { letter, value } if matches!(letter, 'l' | 'W') => {
            Some((*letter, value.as_deref().and_then(|value| value.split('=').next()).map(str::to_owned)))
        }
        Item::Option { letter, .. } => Some((*letter, None)),
        Item::Unreadable(_) => None,
    };
    key(one).is_some() && key(one) == key(other)
}

fn option_of(switch: Switch, value: &str) -> Item {
    match switch {
        Switch::Option(letter) => Item::Option { letter, value: Some(value.to_owned()) },
        Switch::Flag(letter) => Item::Option { letter, value: None },
        Switch::Resource(name) => Item::Option { letter: 'l', value: Some(format!("{name}={value}")) },
        Switch::Attribute(name) => Item::Option { letter: 'W', value: Some(format!("{name}={value}")) },
        Switch::None => Item::Unreadable(value.to_owned()),
    }
}

/// Options as one line; those that were members of one list are so again.
fn written(options: &[(usize, Item)]) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut last: Option<(usize, char, String)> = None;
    for (word, item) in options {
        let list = match item {
            Item::Option { letter: letter @ ('l' | 'W'), value: Some(value) } => Some((*letter, value)),
            Item::Option { .. } | Item::Unreadable(_) => None,
        };
        match (&mut last, list) {
            (Some((before, open, values)), Some((letter, value))) if *before == *word && *open == letter => {
                values.push(',');
                values.push_str(value);
                continue;
            }
            _ => {}
        }
        if let Some((_, letter, values)) = last.take() {
            texts.push(option_words(Switch::Option(letter), &values));
        }
        match list {
            Some((letter, value)) => last = Some((*word, letter, value.clone())),
            None => texts.push(item.text()),
        }
    }
    if let Some((_, letter, values)) = last {
        texts.push(option_words(Switch::Option(letter), &values));
    }
    texts.join(" ")
}
