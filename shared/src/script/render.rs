//! Draft to text: the script as people see it. Works for any draft, sound or not, for the live preview; no field can add a line
//! or a directive of its own.

use super::diagnostic::Findings;
use super::directive::options::{Item, Went, absorb, read_line};
use super::directive::{self, Switch};
use super::directive::{change_directory, normal_directory};
use super::document;
use super::draft::{ChunkDraft, DependencyDraft, JobScriptDraft, VariableDraft};
use super::interpreter::Interpreter;
use super::words;

/// The interpreter of a script that names none.
pub const DEFAULT_SHELL: &str = "/bin/bash";

/// How directives begin, unless `-C` says otherwise.
pub const DEFAULT_PREFIX: &str = "#PBS";

/// The comment that stands for [`JobScriptDraft::without_epilogue`] in the text. The blank matters: PBS takes whatever follows
/// `#PBS` for options.
pub(crate) const WITHOUT_EPILOGUE: &str = "# PBSWeb: without epilogue";

/// The text of a draft: the text it was read from, in which only the lines of changed fields are changed; without one, the text
/// that its fields make.
///
/// ```
/// use pbsweb_shared::script::{JobScriptDraft, parse, render};
/// let draft = JobScriptDraft { name: "heat".into(), walltime: "90".into(), commands: "make run".into(), ..Default::default() };
/// assert_eq!(
///     render(&draft),
///     "#!/bin/bash\n#PBS -N heat\n#PBS -l walltime=00:01:30\n\ncd \"$PBS_O_WORKDIR\" || exit 1\nmake run\n"
/// );
/// let mut draft = parse("#PBS  -N heat  -q long\n# mine\n./heat\n").draft;
/// draft.queue = "short".into();
/// assert_eq!(render(&draft), "#PBS  -N heat  -q short\n# mine\n./heat\n");
/// ```
#[must_use]
pub fn render(draft: &JobScriptDraft) -> String {
    if draft.text.is_empty() { render_fields(draft) } else { document::apply(draft) }
}

/// The text that the fields alone make.
pub(crate) fn render_fields(draft: &JobScriptDraft) -> String {
    let (head, body) = render_parts(draft);
    head + &body
}

/// Whether a text is what the fields alone make.
pub(crate) fn is_rendered(text: &str, draft: &JobScriptDraft) -> bool {
    let mut rest = text;
    for line in head_lines(draft) {
        match rest.strip_prefix(line.as_str()) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest == render_body(draft)
}

/// The text in two: up to the blank line after the directives, and the part that is run.
pub(crate) fn render_parts(draft: &JobScriptDraft) -> (String, String) {
    (head_lines(draft).collect(), render_body(draft))
}

/// The lines up to the blank one after the directives.
fn head_lines(draft: &JobScriptDraft) -> impl Iterator<Item = String> {
    let prefix = prefix_of(draft);
    let directives = directive::ALL
        .iter()
        .flat_map(|directive| directive.lines(draft))
        .map(move |words| format!("{prefix} {words}\n"));
    std::iter::once(format!("#!{}\n", shebang(&draft.shell)))
        .chain(directives)
        .chain(draft.without_epilogue.then(|| format!("{WITHOUT_EPILOGUE}\n")))
        .chain(std::iter::once("\n".to_owned()))
}

fn render_body(draft: &JobScriptDraft) -> String {
    let prefix = prefix_of(draft);
    let interpreter = Interpreter::of(&draft.shell);
    let mut body = String::new();
    for line in given_variables(draft).filter_map(|variable| export_line(variable, interpreter)) {
        body.push_str(&line);
        body.push('\n');
    }
    if interpreter != Interpreter::Other {
        body.push_str(&change_directory(&draft.working_directory));
        body.push('\n');
    }
    let commands = tidy_commands(&draft.commands);
    if interpreter == Interpreter::Other {
        // Nothing runnable of ours stands before them: PBS would still look for directives here.
        body.push_str(&without_directives(commands, prefix));
    } else {
        body.push_str(commands);
    }
    if !commands.is_empty() {
        body.push('\n');
    }
    body
}

/// The line that sets a variable. A name that is none would be a command of its own; its error is shown at the field.
pub(crate) fn export_line(variable: &VariableDraft, interpreter: Interpreter) -> Option<String> {
    variable.name.parse::<super::values::EnvName>().ok()?;
    interpreter.export(&variable.name, &variable.value.replace('\0', "\u{fffd}"))
}

/// How the directives of a draft begin.
pub(crate) fn prefix_of(draft: &JobScriptDraft) -> &str {
    Some(draft.directive_prefix.trim()).filter(|prefix| !prefix.is_empty()).unwrap_or(DEFAULT_PREFIX)
}

/// Commands in which is broken up what PBS would take for a directive among the comments at their beginning.
pub(crate) fn without_directives(commands: &str, prefix: &str) -> String {
    let mut body = String::with_capacity(commands.len());
    let mut is_before_first_command = true;
    for (index, line) in commands.split('\n').enumerate() {
        if index > 0 {
            body.push('\n');
        }
        let words = line.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        is_before_first_command &= words.is_empty() || words.starts_with('#') || line.starts_with(':');
        match words.strip_prefix(prefix).filter(|_| is_before_first_command) {
            Some(rest) => {
                body.push_str("# ");
                body.push_str(prefix.trim_start_matches('#'));
                body.push_str(rest);
            }
            None => body.push_str(line),
        }
    }
    body
}

/// The words after `#PBS` for a value of a directive.
pub(crate) fn option_words(switch: Switch, value: &str) -> String {
    match switch {
        Switch::Option(letter) => format!("-{letter} {}", words::quote(value)),
        Switch::Flag(letter) => format!("-{letter}"),
        Switch::Resource(name) => format!("-l {}", words::quote(&format!("{name}={value}"))),
        Switch::Attribute(name) => format!("-W {}", words::quote(&format!("{name}={value}"))),
        Switch::None => words::one_line(value),
    }
}

pub(crate) fn shebang(shell: &str) -> String {
    let shell = shell.trim();
    if shell.is_empty() { DEFAULT_SHELL.to_owned() } else { words::one_line(shell) }
}

/// Commands without empty lines around them.
pub(crate) fn tidy_commands(commands: &str) -> &str {
    commands.trim_matches('\n')
}

pub(crate) fn given_chunks(draft: &JobScriptDraft) -> impl Iterator<Item = (usize, &ChunkDraft)> {
    draft.chunks.iter().enumerate().filter(|(_, chunk)| **chunk != ChunkDraft::default())
}

pub(crate) fn given_dependencies(draft: &JobScriptDraft) -> impl Iterator<Item = (usize, &DependencyDraft)> {
    draft.dependencies.iter().enumerate().filter(|(_, dependency)| **dependency != DependencyDraft::default())
}

pub(crate) fn given_variables(draft: &JobScriptDraft) -> impl Iterator<Item = &VariableDraft> {
    draft.variables.iter().filter(|variable| **variable != VariableDraft::default())
}

/// The same draft with each sound value in its one form (`90` → `00:01:30`), empty rows left out, and the text only if it is not
/// what the fields make anyway. What is not sound stays as typed. Reading a rendered sound draft gives exactly this.
#[must_use]
pub fn normalise(draft: &JobScriptDraft) -> JobScriptDraft {
    let mut normal = normal_fields(draft);
    if !draft.text.is_empty() {
        let text = render(draft);
        if text != render_fields(&normal) {
            normal.text = text;
        }
    }
    normal
}

/// The fields in their one form, without a text.
pub(crate) fn normal_fields(draft: &JobScriptDraft) -> JobScriptDraft {
    let mut normal = JobScriptDraft {
        without_epilogue: draft.without_epilogue,
        directive_prefix: Some(draft.directive_prefix.trim())
            .filter(|prefix| *prefix != DEFAULT_PREFIX)
            .unwrap_or_default()
            .to_owned(),
        commands: tidy_commands(&draft.commands).to_owned(),
        variables: given_variables(draft).cloned().collect(),
        working_directory: normal_directory(&draft.working_directory),
        shell: Some(draft.shell.trim())
            .filter(|shell| *shell != DEFAULT_SHELL)
            .unwrap_or_default()
            .to_owned(),
        ..JobScriptDraft::default()
    };
    for directive in directive::ALL {
        if let Some(value) = directive.value(draft) {
            directive.read(&value, &mut normal);
        }
    }
    absorb_extra(&mut normal);
    normal
}

/// Moves options among the extra directives into fields of theirs that are empty, as reading the text would.
fn absorb_extra(normal: &mut JobScriptDraft) {
    let extra = std::mem::take(&mut normal.extra_directives);
    let items: Vec<Item> =
        extra.split('\n').flat_map(|line| read_line(line).options).map(|placed| placed.item).collect();
    let went = absorb(&items.iter().collect::<Vec<_>>(), normal, &mut Findings::default());
    let is_moved = went.iter().any(|went| *went != Went::Extra);
    let kept: Vec<String> = items
        .iter()
        .zip(went)
        .filter(|(_, went)| *went == Went::Extra)
        .map(|(item, _)| item.text())
        .collect();
    normal.extra_directives = kept.join("\n");
    if !is_moved {
        return;
    }
    // What was moved gets its one form too.
    for directive in directive::ALL {
        if directive.name != "extra_directives"
            && let Some(value) = directive.value(normal)
        {
            directive.read(&value, normal);
        }
    }
}
