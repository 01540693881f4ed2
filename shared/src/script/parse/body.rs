//! What follows the directives: variables, the change of folder, and the commands.

use std::ops::Range;

use crate::script::directive::read_change_directory;
use crate::script::draft::{JobScriptDraft, VariableDraft};
use crate::script::interpreter::Interpreter;
use crate::script::render::tidy_commands;
use crate::script::values::EnvName;

/// Where the parts of a body stand in the text, in bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    /// Each variable's line, with its end.
    pub(crate) variables: Vec<Range<usize>>,
    /// The line that changes the folder, with its end.
    pub(crate) folder: Option<Range<usize>>,
    /// The commands, without empty lines around them.
    pub(crate) commands: Range<usize>,
    /// No line changes the folder.
    pub(crate) starts_at_home: bool,
}

/// Reads what stands in `text` from `start` on.
pub(super) fn read(text: &str, start: usize, interpreter: Interpreter, draft: &mut JobScriptDraft) -> Body {
    let place_of = |rest: &str| text.len() - rest.len();
    let mut rest = text.get(start..).unwrap_or_default();
    let mut body = Body::default();
    if interpreter != Interpreter::Other {
        loop {
            let begin = skip_remarks(rest);
            let Some((variable, after)) = read_export(begin, interpreter) else { break };
            draft.variables.push(variable);
            body.variables.push(place_of(begin)..place_of(after));
            rest = after;
        }
        let begin = skip_remarks(rest);
        let line = begin.split('\n').next().unwrap_or_default();
        if let Some(folder) = read_change_directory(line) {
            draft.working_directory = folder;
            // Only its own line end: what follows are the commands.
            let after = begin.get(line.len()..).unwrap_or_default();
            let after = after.strip_prefix('\n').unwrap_or(after);
            body.folder = Some(place_of(begin)..place_of(after));
            rest = after;
        } else if !rest.trim().is_empty() || !body.variables.is_empty() {
            "~".clone_into(&mut draft.working_directory);
            // Those who change the folder further down know where they are.
            body.starts_at_home = !rest.lines().any(|line| line.trim_start().starts_with("cd "));
        }
    }
    let commands = tidy_commands(rest);
    let begin = place_of(rest.trim_start_matches('\n'));
    body.commands = begin..begin + commands.len();
    commands.clone_into(&mut draft.commands);
    body
}

/// Past empty lines and comments, if something follows them that is neither.
fn skip_remarks(text: &str) -> &str {
    let mut rest = text;
    loop {
        let line = rest.split('\n').next().unwrap_or_default();
        if !(line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return rest;
        }
        match rest.split_once('\n') {
            Some((_, after)) => rest = after,
            None => return text,
        }
    }
}

/// A line that only sets a variable to a literal value (in quotes it may take several lines), and what follows it.
fn read_export(text: &str, interpreter: Interpreter) -> Option<(VariableDraft, &str)> {
    let (name, rest) = match interpreter {
        Interpreter::Posix => text.strip_prefix("export ")?.trim_start_matches(' ').split_once('=')?,
        Interpreter::Csh => text.strip_prefix("setenv ")?.trim_start_matches(' ').split_once(' ')?,
        Interpreter::Other => return None,
    };
    name.parse::<EnvName>().ok()?;
    let (value, after) = read_literal(rest, interpreter)?;
    let rest = after.trim_start_matches([' ', '\t']);
    // A comment may follow, behind a blank.
    let is_remarked = rest.len() < after.len() && rest.starts_with('#');
    let rest = if is_remarked { rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or("") } else { rest };
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix('\n')? };
    Some((VariableDraft { name: name.to_owned(), value }, rest))
}

/// A word in which nothing is left for the shell to do, and what follows it.
fn read_literal(text: &str, interpreter: Interpreter) -> Option<(String, &str)> {
    let is_csh = interpreter == Interpreter::Csh;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next()?.1 {
                    '\'' => break,
                    '!' if is_csh => return None,
                    '\n' if is_csh => return None,
                    '\\' if is_csh => match chars.clone().next()?.1 {
                        escaped @ ('!' | '\n') => {
                            value.push(escaped);
                            chars.next();
                        }
                        _ => value.push('\\'),
                    },
                    plain => value.push(plain),
                }
            },
            '"' => loop {
                match chars.next()?.1 {
                    '"' => break,
                    '$' | '`' | '\\' | '!' | '\n' => return None,
                    plain => value.push(plain),
                }
            },
            '\\' => value.push(chars.next().map(|(_, next)| next).filter(|next| *next == '\'')?),
            ' ' | '\t' | '\n' => return Some((value, text.get(index..)?)),
            plain if plain.is_alphanumeric() || "_-./:,=+@%".contains(plain) => value.push(plain),
            _ => return None,
        }
    }
    Some((value, ""))
}
