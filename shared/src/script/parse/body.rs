//! What follows the directives: our own note-taking (left out), variables, the change of folder, and the commands.

use crate::script::diagnostic::Findings;
use crate::script::directive::read_change_directory;
use crate::script::draft::{JobScriptDraft, VariableDraft};
use crate::script::interpreter::Interpreter;
use crate::script::prepare::{PROLOGUE_BEGIN, PROLOGUE_END, RECORD_BEGIN};
use crate::script::values::EnvName;

/// The commands, with the line they begin at.
pub(super) struct Body<'a> {
    pub(super) commands: &'a str,
    pub(super) line: u32,
}

pub(super) fn read<'a>(
    text: &'a str,
    first_line: u32,
    interpreter: Interpreter,
    draft: &mut JobScriptDraft,
    findings: &mut Findings,
) -> Body<'a> {
    let whole = text;
    let at = |rest: &'a str| {
        let passed = whole.get(..whole.len() - rest.len()).unwrap_or_default();
        Body {
            commands: rest,
            line: first_line.saturating_add(u32::try_from(passed.matches('\n').count()).unwrap_or(u32::MAX)),
        }
    };
    let mut rest = skip_prologue(text.trim_start_matches('\n'));
    if interpreter == Interpreter::Other {
        return at(rest);
    }
    let before_variables = draft.variables.len();
    loop {
        let begin = rest.trim_start_matches('\n');
        let Some((variable, after)) = read_export(begin, interpreter) else { break };
        draft.variables.push(variable);
        rest = after;
    }
    let line = rest.trim_start_matches('\n').split('\n').next().unwrap_or_default();
    if let Some(folder) = read_change_directory(line) {
        draft.working_directory = folder;
        let begin = rest.trim_start_matches('\n');
        rest = begin.get(line.len()..).unwrap_or_default();
        // Only its own line end: what follows are the commands.
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    } else if !rest.trim().is_empty() || draft.variables.len() > before_variables {
        "~".clone_into(&mut draft.working_directory);
        findings.hint(
            "/working_directory",
            "working_directory.home",
            "the script does not begin by changing its folder: its commands start in your home directory",
            "leave the working directory empty to start in the application's folder",
        );
    }
    at(rest)
}

/// Past the lines that [`prepare`](crate::script::prepare()) put in, if they are there whole.
fn skip_prologue(text: &str) -> &str {
    let text = match text.strip_prefix(RECORD_BEGIN).and_then(|record| record.split_once('\n')) {
        Some((_, rest)) => rest.trim_start_matches('\n'),
        None => text,
    };
    let after =
        text.strip_prefix(PROLOGUE_BEGIN).and_then(|rest| rest.split_once(&format!("\n{PROLOGUE_END}\n")));
    after.map_or(text, |(_, rest)| rest.trim_start_matches('\n'))
}

/// A line that only sets a variable to a literal value (in quotes it may take several lines), and what follows it.
fn read_export(text: &str, interpreter: Interpreter) -> Option<(VariableDraft, &str)> {
    let (name, rest) = match interpreter {
        Interpreter::Posix => text.strip_prefix("export ")?.trim_start_matches(' ').split_once('=')?,
        Interpreter::Csh => text.strip_prefix("setenv ")?.trim_start_matches(' ').split_once(' ')?,
        Interpreter::Other => return None,
    };
    name.parse::<EnvName>().ok()?;
    let (value, rest) = read_literal(rest, interpreter)?;
    let rest = rest.trim_start_matches([' ', '\t']);
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
