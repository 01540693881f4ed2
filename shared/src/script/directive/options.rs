//! Options as they stand on a directive line, and where each belongs: into a field, or among the extra directives.

use std::ops::Range;

use super::{ALL, Directive, Switch, read_chunk};
use crate::script::diagnostic::Findings;
use crate::script::draft::{ChunkDraft, JobScriptDraft, VariableDraft};
use crate::script::render::option_words;
use crate::script::values::{EnvName, MemorySize};
use crate::script::words::{self, Word};

/// One option of a directive line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// `-q workq`, `-h`; an `-l` or `-W` with several members stands here as several options.
    Option { letter: char, value: Option<String> },
    /// What qsub could not read as an option; kept as it stands.
    Unreadable(String),
}

/// Options of qsub that take a value (and Torque's `-t -d -w`, so that their values are not taken for words).
pub(crate) const WITH_VALUE: &str = "aAcCdeJjklmMNopPqrRStuvwW";
/// Options of qsub that stand alone.
const FLAGS: &str = "fGhIVXz";

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

/// An option, and where it stands on its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// What it is.
    pub(crate) item: Item,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where its value stands, if it stands there to the letter and can be changed alone.
    pub(crate) value: Option<Range<usize>>,
    /// Which word of the line it begins in: members of one list are in the same.
    pub(crate) word: usize,
}

/// What a directive line holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OptionLine {
    /// Its options.
    pub(crate) options: Vec<Placed>,
    /// Where the comment at its end begins, if there is one.
    pub(crate) comment: Option<usize>,
}

impl OptionLine {
    /// The comment at its end.
    pub(crate) fn comment_of<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.comment.and_then(|start| text.get(start..)).map(str::trim_end)
    }
}

/// A line longer than this is no directive that anybody wrote, and is not taken apart. (qsub itself has room for 4096 bytes.)
const LONGEST_LINE: usize = 1 << 20;

/// Reads what follows `#PBS`.
pub(crate) fn read_line(text: &str) -> OptionLine {
    let unreadable = |start: usize, word: usize| {
        let rest = text.get(start..).unwrap_or_default().trim();
        Placed { item: Item::Unreadable(rest.to_owned()), start, value: None, word }
    };
    let mut line = OptionLine::default();
    let words = if text.len() > LONGEST_LINE { None } else { words::split(text).ok() };
    let Some(words) = words else {
        line.options.push(unreadable(text.len() - text.trim_start().len(), 0));
        return line;
    };
    let is_plain = |word: &Word| text.get(word.start..word.end) == Some(word.text.as_str());
    let mut words = words.iter().enumerate();
    while let Some((index, word)) = words.next() {
        let Some(letters) =
            word.text.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-'))
        else {
            if word.text.starts_with('#') {
                line.comment = Some(word.start);
            } else {
                line.options.push(unreadable(word.start, index));
            }
            return line;
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            if FLAGS.contains(letter) {
                let item = Item::Option { letter, value: None };
                line.options.push(Placed { item, start: word.start, value: None, word: index });
                continue;
            }
            let attached = letters.as_str();
            if !WITH_VALUE.contains(letter) {
                let mut rest = unreadable(word.start, index);
                if line.options.last().is_some_and(|before| before.word == index) {
                    // The letters before it were read.
                    let after = text.get(word.end..).unwrap_or_default().trim_end();
                    rest.item = Item::Unreadable(format!("-{letter}{attached}{after}"));
                }
                line.options.push(rest);
                return line;
            }
            let (value, begin) = if attached.is_empty() {
                let Some((_, value)) = words.next() else {
                    let item = Item::Unreadable(format!("-{letter}"));
                    line.options.push(Placed { item, start: word.start, value: None, word: index });
                    break;
                };
                (value.text.as_str(), Some(value.start).filter(|_| is_plain(value)))
            } else {
                (attached, Some(word.end - attached.len()).filter(|_| is_plain(word)))
            };
            let members = match letter {
                'l' => split_list(value, |_| true),
                'W' => split_list(value, |member| member.contains('=')),
                _ => vec![value],
            };
            let mut passed = 0;
            for member in members {
                let range = begin.map(|begin| begin + passed..begin + passed + member.len());
                let start = if passed == 0 {
                    word.start
                } else {
                    range.as_ref().map_or(word.start, |range| range.start)
                };
                passed += member.len() + 1;
                let item = Item::Option { letter, value: Some(member.to_owned()) };
                line.options.push(Placed { item, start, value: range, word: index });
            }
            break;
        }
    }
    line
}

/// The members of a list with commas; quotes protect, and what does not begin a member belongs to the one before.
fn split_list(text: &str, begins_member: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut members: Vec<Range<usize>> = Vec::new();
    let mut quote = None;
    let pieces = text.split(|c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
        c == ',' && quote.is_none()
    });
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.len();
        match members.last_mut() {
            Some(last) if !begins_member(piece) => last.end = end,
            Some(_) | None => members.push(start..end),
        }
        start = end + 1;
    }
    members.into_iter().filter_map(|member| text.get(member)).collect()
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
    /// Nowhere: the same option comes again later, and qsub takes the last one; or it is a flag, and its field says the same.
    Overruled,
    /// Nowhere: it is for the extra directives.
    Extra,
}

/// Puts options into the fields that are still empty; the answer says for each where it went. Of equal options the last one gets
/// the field, as with qsub; of equal resources the first, because which one counts there depends on the release.
pub(crate) fn absorb(items: &[&Item], draft: &mut JobScriptDraft, findings: &mut Findings) -> Vec<Went> {
    let mut went = Vec::with_capacity(items.len());
    let mut filled = Filled::default();
    for (index, item) in items.iter().enumerate() {
        let (now, overruled) = absorb_one(index, item, draft, &mut filled, findings);
        went.push(now);
        if let Some(slot) = overruled.and_then(|before| went.get_mut(before)) {
            *slot = Went::Overruled;
        }
    }
    absorb_old_resources(items, &mut went, draft, findings);
    went
}

/// What was filled by which option so far.
#[derive(Default)]
struct Filled {
    fields: Vec<(&'static str, usize)>,
    /// How many variables `-v` made; they stand first.
    variables: usize,
}

impl Filled {
    /// Notes who fills a field; the answer is who filled it before.
    fn by(&mut self, field: &'static str, index: usize) -> Option<usize> {
        match self.fields.iter_mut().find(|(name, _)| *name == field) {
            Some((_, before)) => Some(std::mem::replace(before, index)),
            None => {
                self.fields.push((field, index));
                None
            }
        }
    }

    fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, _)| *name == field)
    }
}

fn absorb_one(
    index: usize,
    item: &Item,
    draft: &mut JobScriptDraft,
    filled: &mut Filled,
    findings: &mut Findings,
) -> (Went, Option<usize>) {
    let extra = (Went::Extra, None);
    if let Some((directive, value)) = field_of(item) {
        let is_resource = matches!(directive.switch, Switch::Resource(_));
        let is_taken = is_given(directive, draft) && (is_resource || !filled.has(directive.name));
        let is_flag = matches!(directive.switch, Switch::Flag(_));
        if is_taken && is_flag {
            // It says again what is said.
            return (Went::Overruled, None);
        }
        if is_taken || (value.is_empty() && !is_flag) {
            return extra;
        }
        directive.read(value, draft);
        return (Went::Field(directive.name), filled.by(directive.name, index));
    }
    let Item::Option { letter, value: Some(value) } = item else { return extra };
    match letter {
        'v' => {
            let Some(variables) = read_variables(value) else { return extra };
            let n_new = variables.len();
            let n_old = std::mem::replace(&mut filled.variables, n_new);
            let n_old = n_old.min(draft.variables.len());
            drop(draft.variables.splice(..n_old, variables));
            findings.hint(
                "/variables",
                "variables.from_option",
                "what -v sets is exported by the script itself when it is sent, where quotes arrive unchanged",
                "",
            );
            (Went::Field("variables"), filled.by("variables", index))
        }
        // Torque's names for what PBS calls otherwise.
        't' if draft.array.trim().is_empty() => {
            value.clone_into(&mut draft.array);
            findings.hint(
                "/array",
                "torque.array",
                "-t is Torque's; PBS calls it -J, and numbers the subjobs in $PBS_ARRAY_INDEX",
                "look for $PBS_ARRAYID in the commands",
            );
            (Went::Field("array"), filled.by("array", index))
        }
        'd' | 'w' if draft.working_directory.trim().is_empty() || draft.working_directory == "~" => {
            value.clone_into(&mut draft.working_directory);
            findings.hint(
                "/working_directory",
                "torque.directory",
                format!("-{letter} is Torque's; the script changes the folder itself when it is sent"),
                "",
            );
            (Went::Field("working_directory"), filled.by("working_directory", index))
        }
        _ => extra,
    }
}

/// `-v NAME=value,…` as variables that the script exports, if all of it is plain.
fn read_variables(value: &str) -> Option<Vec<VariableDraft>> {
    let read = |member: &str| {
        let (name, value) = member.split_once('=')?;
        let is_plain = name.parse::<EnvName>().is_ok()
            && !value.contains(['"', '\'', '\\'])
            && !value.contains(char::is_control);
        is_plain.then(|| VariableDraft { name: name.to_owned(), value: value.trim_end().to_owned() })
    };
    split_list(value, |_| true).into_iter().map(read).collect()
}

/// Resources of the whole job, as they were asked for before there were chunks. PBS turns them into a select statement itself;
/// together with one it refuses them (statuses 5 and 6).
fn absorb_old_resources(
    items: &[&Item],
    went: &mut [Went],
    draft: &mut JobScriptDraft,
    findings: &mut Findings,
) {
    if draft.chunks.iter().any(|chunk| *chunk != ChunkDraft::default()) {
        return;
    }
    let old: Vec<Option<(&str, &str)>> = items.iter().map(|item| old_resource(item)).collect();
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
        read_line(line).options.iter().map(|placed| placed.item.text()).collect()
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
        check("-hZ1 x", &["-h", "-Z1 x"]);
        check("-N a stray words", &["-N a", "stray words"]);
        check("-A 'open", &["-A 'open"]);
        check("-", &["-"]);
        check("", &[]);
        let text = "-q x # the big one ";
        assert_eq!(read_line(text).comment_of(text), Some("# the big one"));
        let text = "-l a=1,bc=22  -q'x' -Wumask=1";
        let values: Vec<_> = read_line(text)
            .options
            .into_iter()
            .map(|placed| placed.value.map(|range| &text[range]))
            .collect();
        assert_eq!(values, [Some("a=1"), Some("bc=22"), None, Some("umask=1")]);
    }

    #[test]
    fn what_is_written_reads_back() {
        for line in ["-A 'a b'", "-W umask=022", "-l 'x=\"a,b\"'", "-h", "-A 'a\"b'\"c'd\""] {
            let written = texts(line).join(" ");
            assert_eq!(texts(&written), texts(line), "{line}");
        }
    }
}
