//! What may follow at a place in a script's text: for the editor that lets nobody memorise options.

use super::directive::{self, RESOURCES, Switch};
use super::host_rules::{HostRules, QueueRules};

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where what it replaces begins, in bytes; it ends at the cursor.
    pub start: usize,
    /// What comes there.
    pub text: String,
    /// What it means.
    pub help: String,
}

impl Completion {
    /// Whether it is worth offering to somebody who did not ask: a letter of it was typed, or a value is missing here. An option
    /// that could be added, or that stands there whole, is none.
    #[must_use]
    pub fn is_called_for(&self, typed: &str) -> bool {
        if typed.is_empty() { !self.text.starts_with(['-', ' ']) } else { self.text.trim_end() != typed }
    }
}

/// Variables that PBS sets for the commands.
const VARIABLES: &[(&str, &str)] = &[
    ("$PBS_O_WORKDIR", "the folder the job was submitted from"),
    ("$PBS_JOBID", "the job's id"),
    ("$PBS_JOBNAME", "the job's name"),
    ("$PBS_JOBDIR", "the job's own folder on the node"),
    ("$PBS_NODEFILE", "a file with a line for each MPI process"),
    ("$PBS_ARRAY_INDEX", "the subjob's index in an array"),
    ("$PBS_ARRAY_ID", "the array's id"),
    ("$PBS_QUEUE", "the queue it runs from"),
    ("$PBS_O_HOST", "the host it was submitted on"),
    ("$PBS_O_HOME", "your home directory there"),
    ("$PBS_O_LOGNAME", "your login name there"),
    ("$PBS_O_PATH", "your PATH there"),
    ("$PBS_O_QUEUE", "the queue it was submitted to"),
    ("$PBS_TMPDIR", "a folder for temporary files"),
    ("$TMPDIR", "a folder for temporary files"),
    ("$NCPUS", "the processors of the chunk"),
    ("$OMP_NUM_THREADS", "the OpenMP threads of each process"),
];

/// What may follow at a place in a text (in bytes), in the order in which it is offered; at most as many as fit a screen.
///
/// ```
/// use pbsweb_shared::script::{DEFAULT_PREFIX, complete};
/// let text = "#!/bin/sh\n#PBS -l wall";
/// let found = complete(text, text.len(), DEFAULT_PREFIX, None);
/// assert_eq!((found[0].text.as_str(), found[0].start), ("walltime=", 18));
/// ```
#[must_use]
pub fn complete(text: &str, cursor: usize, prefix: &str, host: Option<&HostRules>) -> Vec<Completion> {
    let Some(before) = text.get(..cursor) else { return Vec::new() };
    let (earlier, line) = before.rsplit_once('\n').unwrap_or(("", before));
    let mut offers = Offers { cursor, list: Vec::new() };
    let trimmed = line.trim_start();
    match trimmed.strip_prefix(prefix) {
        Some(rest) if is_header(earlier) => directive_line(rest, host, &mut offers),
        None if !trimmed.is_empty() && prefix.starts_with(trimmed) && is_header(earlier) => {
            offers.add(trimmed, &format!("{prefix} "), "a directive for PBS");
        }
        Some(_) | None => {
            let word = word_at_end(line, |c| c.is_ascii_alphanumeric() || "_$".contains(c));
            if word.starts_with('$') && word.len() > 1 {
                for (name, help) in VARIABLES {
                    offers.add(word, name, help);
                }
            }
        }
    }
    offers.list
}

struct Offers {
    cursor: usize,
    list: Vec<Completion>,
}

/// Nobody reads more of them.
const MOST: usize = 40;

impl Offers {
    /// Offers a text, if it begins with what was typed.
    fn add(&mut self, typed: &str, text: &str, help: &str) {
        if text.starts_with(typed) && self.list.len() < MOST {
            let start = self.cursor - typed.len();
            self.list.push(Completion { start, text: text.to_owned(), help: help.to_owned() });
        }
    }
}

/// Whether these lines stand before the first command: only there PBS looks for directives.
fn is_header(lines: &str) -> bool {
    let mut is_continued = false;
    lines.split('\n').all(|line| {
        let trimmed = line.trim_start();
        let is_of_header =
            is_continued || trimmed.is_empty() || trimmed.starts_with('#') || line.starts_with(':');
        is_continued = is_of_header && !trimmed.is_empty() && line.ends_with('\\');
        is_of_header
    })
}

fn word_at_end(line: &str, is_part: impl Fn(char) -> bool) -> &str {
    let start =
        line.char_indices().rev().take_while(|(_, c)| is_part(*c)).last().map_or(line.len(), |(at, _)| at);
    line.get(start..).unwrap_or_default()
}

/// What follows on a line of directives.
fn directive_line(rest: &str, host: Option<&HostRules>, offers: &mut Offers) {
    let word = word_at_end(rest, |c| !c.is_whitespace());
    let earlier = rest.get(..rest.len() - word.len()).unwrap_or_default();
    let letter_of = |word: &str| {
        let mut chars = word.strip_prefix('-')?.chars();
        chars.next().filter(|letter| directive::options::WITH_VALUE.contains(*letter))
    };
    let last = earlier.split_whitespace().next_back().unwrap_or_default();
    if let Some(letter) = letter_of(last).filter(|_| last.len() == 2) {
        return value(letter, word, host, offers);
    }
    if let Some(letter) = letter_of(word).filter(|_| word.len() > 2) {
        return value(letter, word.get(2..).unwrap_or_default(), host, offers);
    }
    if !word.is_empty() && !word.starts_with('-') {
        return;
    }
    let blank = if word.is_empty() && !rest.ends_with(char::is_whitespace) { " " } else { "" };
    for directive in directive::ALL {
        let end = match directive.switch {
            Switch::None => continue,
            Switch::Option(_) => " ",
            Switch::Flag(_) | Switch::Resource(_) | Switch::Attribute(_) => "",
        };
        offers.add(word, &format!("{blank}{}{end}", directive.flag), directive.label);
    }
}

/// What an option's value may be.
fn value(letter: char, typed: &str, host: Option<&HostRules>, offers: &mut Offers) {
    let member = typed.rsplit(',').next().unwrap_or_default();
    match letter {
        'l' => match member.split_once('=') {
            Some(("select", chunks)) => {
                let part = chunks.rsplit(['+', ':']).next().unwrap_or_default();
                match part.split_once('=') {
                    Some((resource, value)) => node_sizes(resource, value, host, offers),
                    None => {
                        for resource in RESOURCES.iter().filter(|resource| resource.is_of_chunk) {
                            offers.add(part, &format!("{}=", resource.name), resource.help);
                        }
                    }
                }
            }
            Some(("place", place)) => {
                choices("place", place.rsplit(':').next().unwrap_or_default(), offers);
            }
            Some(_) => {}
            None => {
                for directive in directive::ALL {
                    if let Switch::Resource(name) = directive.switch {
                        offers.add(member, &format!("{name}="), directive.label);
                    }
                }
                for resource in RESOURCES.iter().filter(|resource| resource.is_of_job) {
                    offers.add(member, &format!("{}=", resource.name), resource.help);
                }
            }
        },
        'W' => {
            for directive in directive::ALL {
                let Switch::Attribute(name) = directive.switch else { continue };
                match member.split_once('=') {
                    None => offers.add(member, &format!("{name}="), directive.label),
                    Some((given, value)) if given == name => choices(directive.name, value, offers),
                    Some(_) => {}
                }
            }
        }
        'q' => {
            for queue in
                host.map_or(&[][..], |host| host.queues.as_slice()).iter().filter(|queue| queue.enabled)
            {
                offers.add(typed, &queue.name, &about(queue));
            }
        }
        letter => {
            let directive =
                directive::ALL.iter().find(|directive| directive.switch == Switch::Option(letter));
            if let Some(directive) = directive {
                choices(directive.name, typed, offers);
                if directive.choices.is_empty() && typed.is_empty() {
                    offers.add(typed, directive.example, "for example");
                }
            }
        }
    }
}

fn choices(field: &str, typed: &str, offers: &mut Offers) {
    for (value, help) in directive::find(field).map_or(&[][..], |directive| directive.choices) {
        offers.add(typed, value, help);
    }
}

/// What the nodes of the host have of a resource, the most first.
fn node_sizes(resource: &str, typed: &str, host: Option<&HostRules>, offers: &mut Offers) {
    for node in host.map_or(&[][..], |host| host.nodes.as_slice()) {
        let size = match resource {
            "ncpus" | "mpiprocs" | "ompthreads" => node.ncpus.map(|n| n.to_string()),
            "ngpus" => node.ngpus.filter(|n| *n > 0).map(|n| n.to_string()),
            "mem" => node.mem.map(|mem| mem.to_string()),
            _ => None,
        };
        let nodes = if node.count == 1 { "a node of the host has" } else { "nodes of the host have" };
        let n = if node.count == 1 { String::new() } else { format!("{} ", node.count) };
        if let Some(size) = size.filter(|size| offers.list.iter().all(|offer| offer.text != *size)) {
            offers.add(typed, &size, &format!("as much as {n}{nodes}"));
        }
    }
}

/// A queue in a few words.
fn about(queue: &QueueRules) -> String {
    let mut words = Vec::new();
    if queue.is_default {
        words.push("the default".to_owned());
    }
    if let Some(walltime) = queue.max.walltime {
        words.push(format!("up to {walltime}"));
    }
    if let Some(ncpus) = queue.max.ncpus {
        words.push(format!("up to {ncpus} processors"));
    }
    if !queue.started {
        words.push("not running jobs now".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{DEFAULT_PREFIX, NodeRules};

    /// What is offered where `|` stands.
    fn offered(text: &str) -> Vec<String> {
        let queue = |name: &str, enabled| QueueRules {
            name: name.into(),
            enabled,
            started: true,
            ..QueueRules::default()
        };
        let host = HostRules {
            queues: vec![queue("workq", true), queue("long", true), queue("closed", false)],
            nodes: vec![NodeRules { count: 2, ncpus: Some(64), ..NodeRules::default() }],
            ..HostRules::default()
        };
        let cursor = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        complete(&text, cursor, DEFAULT_PREFIX, Some(&host))
            .into_iter()
            .map(|completion| {
                format!(
                    "{}{}",
                    &text[text[..completion.start].rfind('\n').map_or(0, |at| at + 1)..completion.start],
                    completion.text
                )
            })
            .collect()
    }

    #[test]
    fn what_may_follow() {
        let check = |text: &str, expected: &[&str]| assert_eq!(offered(text), expected, "{text:?}");
        check("#|", &["#PBS "]);
        check("# a\n#PB|\nb", &["#PBS "]);
        check("#PBS -q |", &["#PBS -q workq", "#PBS -q long"]);
        check("#PBS -ql|", &["#PBS -qlong"]);
        check("#PBS -l wall|", &["#PBS -l walltime="]);
        check("#PBS -l walltime=1,pl|", &["#PBS -l walltime=1,place="]);
        check("#PBS -l select=2:nc|", &["#PBS -l select=2:ncpus="]);
        check("#PBS -l select=1+1:ncpus=2:mem|", &["#PBS -l select=1+1:ncpus=2:mem="]);
        check("#PBS -l select=2:ncpus=|", &["#PBS -l select=2:ncpus=64"]);
        check("#PBS -l place=sc|", &["#PBS -l place=scatter"]);
        check("#PBS -W um|", &["#PBS -W umask="]);
        check("#PBS -W umask=02|", &["#PBS -W umask=027", "#PBS -W umask=022"]);
        check("#PBS -W depend=afterok|", &["#PBS -W depend=afterok:"]);
        check("#PBS -j |", &["#PBS -j oe", "#PBS -j eo", "#PBS -j n"]);
        check("#PBS -h -J|", &["#PBS -h -J "]);
        check("#PBS -A |", &["#PBS -A acct-7"]);
        check("#PBS -q workq stray|", &[]);
        check("echo $PBS_JOBN|", &["echo $PBS_JOBNAME"]);
        check("echo \"$PBS_O_W|\"", &["echo \"$PBS_O_WORKDIR"]);
        check("# c\n:\n#PBS -N x \\\n  -h\n\n#PBS -q w|", &["#PBS -q workq"]);
        check("echo\n#PBS -q |", &[]);
        check("echo\n#P|", &[]);
        check("echo |", &[]);
        check("|", &[]);
        check("é|", &[]);
    }

    #[test]
    fn every_directive_is_offered() {
        let all = offered("#PBS |");
        for directive in directive::ALL.iter().filter(|directive| !matches!(directive.switch, Switch::None)) {
            assert!(
                all.iter().any(|text| text.trim_end() == format!("#PBS {}", directive.flag)),
                "{}",
                directive.name
            );
        }
        assert_eq!(offered("#PBS|").len(), all.len());
    }

    #[test]
    fn no_place_makes_it_panic() {
        let text = "#!/bin/é\n#PBS -l select=1:ncpus=é,é -W é=é -q é\n$PBS_é";
        for cursor in 0..=text.len() + 1 {
            let _ = complete(text, cursor, DEFAULT_PREFIX, None);
            let _ = complete(text, cursor, "", None);
        }
    }
}
