//! Options as they stand on a directive line, and where each belongs: into a field, or among the extra directives.

use super::{ALL, Directive, Switch, read_chunk};
use crate::script::diagnostic::Findings;
use crate::script::draft::{ChunkDraft, JobScriptDraft, VariableDraft};
use crate::script::render::option_words;
use crate::script::values::{EnvName, MemorySize};
use crate::script::words;

/// One option of a directive line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// `-q workq`, `-h`; an `-l` or `-W` with several members stands here as several options.
    Option { letter: char, value: Option<String> },
    /// What qsub could not read as an option; kept as it stands.
    Unreadable(String),
}

/// Options of qsub that take a value (and Torque's `-t -d -w`, so that their values are not taken for words).
pub(super) const WITH_VALUE: &str = "aAcCdeJjklmMNopPqrRStuvwW";
/// Options of qsub that stand alone.
const FLAGS: &str = "fhIVXz";

impl Item {
    /// The option as it is written after `#PBS`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Option { letter, value: Some(value) } => option_words(Switch::Option(*letter), value),
            Self::Option { letter, value: None } => option_words(Switch::Flag(*letter), ""),
            Self::Unreadable(text) => {
                // A backslash at the end of a directive would make the next line a part of it.
                let text = words::one_line(text);
                if text.ends_with('\\') { format!("{}\u{fffd}", text.trim_end_matches('\\')) } else { text }
            }
        }
    }
}

/// What a directive line holds, each with its column (in characters, from 0), and the comment at its end, if any.
pub(crate) fn read_line(text: &str) -> (Vec<(usize, Item)>, Option<String>) {
    let unreadable = |column: usize| {
        let rest: String = text.chars().skip(column).collect();
        (column, Item::Unreadable(rest.trim().to_owned()))
    };
    let start = text.chars().take_while(|c| c.is_whitespace()).count();
    let Ok(words) = words::split(text) else { return (vec![unreadable(start)], None) };
    let mut items = Vec::new();
    let mut words = words.into_iter();
    while let Some((column, word)) = words.next() {
        let Some(letters) =
            word.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-'))
        else {
            if word.starts_with('#') {
                let comment: String = text.chars().skip(column).collect();
                return (items, Some(comment.trim_end().to_owned()));
            }
            items.push(unreadable(column));
            return (items, None);
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            if WITH_VALUE.contains(letter) {
                let attached = letters.as_str();
                let value = if attached.is_empty() {
                    words.next().map(|(_, word)| word)
                } else {
                    Some(attached.to_owned())
                };
                let Some(value) = value else {
                    items.push((column, Item::Unreadable(format!("-{letter}"))));
                    break;
                };
                let members = match letter {
                    'l' => split_list(&value, |_| true),
                    'W' => split_list(&value, |member| member.contains('=')),
                    _ => vec![value],
                };
                items.extend(
                    members.into_iter().map(|value| (column, Item::Option { letter, value: Some(value) })),
                );
                break;
            } else if FLAGS.contains(letter) {
                items.push((column, Item::Option { letter, value: None }));
            } else {
                items.push(unreadable(column));
                return (items, None);
            }
        }
    }
    (items, None)
}

/// The members of a list with commas; quotes protect, and what does not begin a member belongs to the one before.
fn split_list(text: &str, begins_member: impl Fn(&str) -> bool) -> Vec<String> {
    let mut members: Vec<String> = Vec::new();
    let mut quote = None;
    let pieces = text.split(|c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
        c == ',' && quote.is_none()
    });
    for piece in pieces {
        match members.last_mut() {
            Some(last) if !begins_member(piece) => {
                last.push(',');
                last.push_str(piece);
            }
            Some(_) | None => members.push(piece.to_owned()),
        }
    }
    members
}

/// The definition whose field an option fills, and the value for it.
pub(super) fn field_of(item: &Item) -> Option<(&'static Directive, &str)> {
    let Item::Option { letter, value } = item else { return None };
    let value = value.as_deref();
    ALL.iter().find_map(|directive| {
        let named = |name: &str| {
            value
                .and_then(|value| value.split_once('='))
                .filter(|(found, _)| *found == name)
                .map(|(_, value)| value)
        };
        let value = match directive.switch {
            Switch::Option(own) if own == *letter => value,
            Switch::Flag(own) if own == *letter => Some(""),
            Switch::Resource(name) if *letter == 'l' => named(name),
            Switch::Attribute(name) if *letter == 'W' => named(name),
            Switch::Option(_)
            | Switch::Flag(_)
            | Switch::Resource(_)
            | Switch::Attribute(_)
            | Switch::None => None,
        };
        value.map(|value| (directive, value))
    })
}

/// Whether a field holds something (a name is always written, also when none was given).
pub(super) fn is_given(directive: &Directive, draft: &JobScriptDraft) -> bool {
    if directive.name == "name" { !draft.name.trim().is_empty() } else { directive.value(draft).is_some() }
}

/// Where an option went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// Into this field of the draft.
    Field(&'static str),
    /// Nowhere: it is for the extra directives.
    Extra,
}

/// Puts options into the fields that are still empty; the answer says for each where it went. The first of two equal options
/// gets the field: the second, standing among the extra directives and therefore later, goes on meaning what it meant.
pub(crate) fn absorb(items: &[Item], draft: &mut JobScriptDraft, findings: &mut Findings) -> Vec<Went> {
    let mut went: Vec<Went> = items.iter().map(|item| absorb_one(item, draft, findings)).collect();
    absorb_old_resources(items, &mut went, draft, findings);
    went
}

fn absorb_one(item: &Item, draft: &mut JobScriptDraft, findings: &mut Findings) -> Went {
    if let Some((directive, value)) = field_of(item) {
        if is_given(directive, draft) || (value.is_empty() && !matches!(directive.switch, Switch::Flag(_))) {
            return Went::Extra;
        }
        directive.read(value, draft);
        return Went::Field(directive.name);
    }
    let Item::Option { letter, value: Some(value) } = item else { return Went::Extra };
    match letter {
        'v' => absorb_variables(value, draft, findings),
        // Torque's names for what PBS calls otherwise.
        't' if draft.array.trim().is_empty() => {
            value.clone_into(&mut draft.array);
            findings.hint(
                "/array",
                "torque.array",
                "-t is Torque's; PBS calls it -J, and numbers the subjobs in $PBS_ARRAY_INDEX",
                "look for $PBS_ARRAYID in the commands",
            );
            Went::Field("array")
        }
        'd' | 'w' if draft.working_directory.trim().is_empty() || draft.working_directory == "~" => {
            value.clone_into(&mut draft.working_directory);
            findings.hint(
                "/working_directory",
                "torque.directory",
                format!("-{letter} is Torque's; the script changes the folder itself"),
                "",
            );
            Went::Field("working_directory")
        }
        _ => Went::Extra,
    }
}

/// `-v NAME=value,…` becomes variables that the script exports, if all of it is plain.
fn absorb_variables(value: &str, draft: &mut JobScriptDraft, findings: &mut Findings) -> Went {
    let read = |member: String| {
        let (name, value) = member.split_once('=')?;
        let is_plain = name.parse::<EnvName>().is_ok()
            && !value.contains(['"', '\'', '\\'])
            && !value.contains(char::is_control);
        is_plain.then(|| VariableDraft { name: name.to_owned(), value: value.trim_end().to_owned() })
    };
    let Some(variables) = split_list(value, |_| true).into_iter().map(read).collect::<Option<Vec<_>>>()
    else {
        return Went::Extra;
    };
    draft.variables.extend(variables);
    findings.hint(
        "/variables",
        "variables.from_option",
        "what -v set is now exported by the script itself, where quotes arrive unchanged",
        "",
    );
    Went::Field("variables")
}

/// Resources of the whole job, as they were asked for before there were chunks. PBS turns them into a select statement itself;
/// together with one it refuses them (statuses 5 and 6).
fn absorb_old_resources(
    items: &[Item],
    went: &mut [Went],
    draft: &mut JobScriptDraft,
    findings: &mut Findings,
) {
    if draft.chunks.iter().any(|chunk| *chunk != ChunkDraft::default()) {
        return;
    }
    let old: Vec<Option<(&str, &str)>> = items.iter().map(old_resource).collect();
    let find = |wanted: &str| old.iter().flatten().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let is_twice = |wanted: &str| old.iter().flatten().filter(|(name, _)| *name == wanted).count() > 1;
    if old.iter().flatten().next().is_none() || old.iter().flatten().any(|(name, _)| is_twice(name)) {
        return;
    }
    let chunks = match find("nodes") {
        Some(nodes) => {
            let mem = find("mem").map(str::parse::<MemorySize>);
            let has_only_mem = old.iter().flatten().all(|(name, _)| matches!(*name, "nodes" | "mem"));
            let chunks =
                nodes.split('+').map(read_node).collect::<Option<Vec<ChunkDraft>>>().filter(|_| has_only_mem);
            match (chunks, mem) {
                (Some(mut chunks), Some(Ok(mem))) => {
                    // PBS divides the job's memory among the chunks.
                    let count: u64 = chunks.iter().filter_map(|chunk| chunk.count.parse::<u64>().ok()).sum();
                    let each = MemorySize::from_bytes(
                        mem.bytes().div_ceil(count.max(1)).div_ceil(1024).saturating_mul(1024),
                    );
                    chunks.iter_mut().for_each(|chunk| chunk.mem = each.to_string());
                    chunks
                }
                (Some(chunks), None) => chunks,
                (Some(_), Some(Err(_))) | (None, _) => return,
            }
        }
        None => {
            let parts: Vec<String> =
                old.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
            vec![read_chunk(&parts.join(":"))]
        }
    };
    draft.chunks = chunks;
    let is_nodes = find("nodes").is_some();
    if is_nodes && draft.place.trim().is_empty() {
        // Recorded: `-l nodes=1:ppn=2` was stored with place=scatter.
        "scatter".clone_into(&mut draft.place);
    }
    for (slot, _) in went.iter_mut().zip(&old).filter(|(_, old)| old.is_some()) {
        *slot = Went::Field("chunks");
    }
    findings.hint(
        "/chunks",
        "chunks.old_form",
        "resources of the old form were turned into chunks, as PBS does itself",
        "look them over",
    );
}

fn old_resource(item: &Item) -> Option<(&str, &str)> {
    let Item::Option { letter: 'l', value: Some(value) } = item else { return None };
    let (name, value) = value.split_once('=')?;
    let is_old = matches!(name, "nodes" | "ncpus" | "mem" | "mpiprocs" | "ompthreads" | "ngpus");
    // A separator in the value would become another resource of the chunk.
    let is_plain = name == "nodes" || !value.contains([':', '+']);
    (is_old && is_plain && !value.is_empty()).then_some((name, value))
}

/// One term of `-l nodes=`, such as `2:ppn=8:gpus=1`; `None` if it names nodes or properties.
fn read_node(text: &str) -> Option<ChunkDraft> {
    let mut chunk = ChunkDraft::default();
    for (index, part) in text.split(':').enumerate() {
        let number = |text: &str| {
            text.parse::<u32>().ok().filter(|number| *number > 0).map(|number| number.to_string())
        };
        match part.split_once('=') {
            None if index == 0 => chunk.count = number(part)?,
            Some(("ppn", processors)) => {
                chunk.ncpus = number(processors)?;
                chunk.mpiprocs.clone_from(&chunk.ncpus);
            }
            Some(("gpus" | "ngpus", gpus)) => chunk.ngpus = number(gpus)?,
            Some(_) | None => return None,
        }
    }
    Some(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        read_line(line).0.iter().map(|(_, item)| item.text()).collect()
    }

    #[test]
    fn lines_hold_options_as_getopt_finds_them() {
        let check = |line: &str, expected: &[&str]| assert_eq!(texts(line), expected, "{line:?}");
        check("-N a -q b", &["-N a", "-q b"]);
        check("-Na -hV", &["-N a", "-h", "-V"]);
        check("-hqwork", &["-h", "-q work"]);
        check("-l ncpus=4,walltime=1:0:0", &["-l ncpus=4", "-l walltime=1:0:0"]);
        check("-l 'software=\"a,b\",x=1'", &["-l 'software=\"a,b\"'", "-l x=1"]);
        check("-W group_list=a,b,umask=022", &["-W group_list=a,b", "-W umask=022"]);
        check("-W depend=afterok:1,after:2", &["-W depend=afterok:1,after:2"]);
        check("-q", &["-q"]);
        check("--nonsense -q x", &["--nonsense -q x"]);
        check("-Z 1", &["-Z 1"]);
        check("-N a stray words", &["-N a", "stray words"]);
        check("-A 'open", &["-A 'open"]);
        check("-", &["-"]);
        check("", &[]);
        assert_eq!(read_line("-q x # the big one ").1.as_deref(), Some("# the big one"));
    }

    #[test]
    fn what_is_written_reads_back() {
        for line in ["-A 'a b'", "-W umask=022", "-l 'x=\"a,b\"'", "-h", "-A 'a\"b'\"c'd\""] {
            let written = texts(line).join(" ");
            assert_eq!(texts(&written), texts(line), "{line}");
        }
    }
}
