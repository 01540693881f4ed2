//! Defaults that learn: what a new script should start with, after what was used and needed before.

use serde::{Deserialize, Serialize};

use super::draft::JobScriptDraft;
use super::host_rules::{HostRules, QueueRules};
use super::values::{MemorySize, Walltime};

/// What a new script should start with, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearnedDefaults {
    /// Every field.
    pub draft: JobScriptDraft,
    /// Where it comes from, in words.
    pub from: String,
    /// The fields that were learned by themselves, each with its reason.
    pub reasons: Vec<DefaultReason>,
}

/// Why a field has its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DefaultReason {
    /// The field, such as `walltime`; of the first chunk `mem`.
    pub field: String,
    /// The value proposed.
    pub value: String,
    /// Why, in words: "the last 5 runs used at most 01:12:00; 25 % more".
    pub reason: String,
}

/// A run that went well, and what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoodRun {
    /// Its walltime, in seconds.
    pub walltime_seconds: Option<u64>,
    /// Its memory, in bytes: of all chunks together, as PBS tells it.
    pub memory_bytes: Option<u64>,
    /// How many chunks it had.
    pub n_chunks: Option<u64>,
}

/// Whose runs they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runners {
    /// The user's own.
    Own,
    /// Those of members of the user's groups.
    Groups,
}

/// What somebody else's job of an application says about it, in the script of a user: what it asks for and runs. The rest is of that
/// person only.
#[must_use]
pub fn usual(theirs: &JobScriptDraft, own: JobScriptDraft) -> JobScriptDraft {
    JobScriptDraft {
        queue: theirs.queue.clone(),
        walltime: theirs.walltime.clone(),
        chunks: theirs.chunks.clone(),
        place: theirs.place.clone(),
        commands: theirs.commands.clone(),
        ..own
    }
}

/// More than was needed, in percent.
const MARGIN: u64 = 25;

/// Shorter walltimes are proposed in no smaller steps, and none below it.
const MINUTE: u64 = 60;

/// Memory is proposed in no smaller steps, and none below it.
const MEMORY_STEP: u64 = 128 << 20;

/// With the margin on top, in whole steps, at least one.
fn with_margin(used: u64, step: u64) -> u64 {
    let more =
        used.saturating_add((used / 100).saturating_mul(MARGIN)).saturating_add(used % 100 * MARGIN / 100);
    more.div_ceil(step).max(1).saturating_mul(step)
}

fn the_last(n_runs: usize, runners: Runners) -> String {
    let whose = match runners {
        Runners::Own => "",
        Runners::Groups => " in your groups",
    };
    if n_runs == 1 {
        format!("the last good run{whose} used")
    } else {
        format!("the last {n_runs} good runs{whose} used at most")
    }
}

/// How many chunks a draft asks for, if it says so in one way only.
#[must_use]
pub fn n_chunks(draft: &JobScriptDraft) -> Option<u64> {
    match draft.chunks.as_slice() {
        [chunk] if chunk.count.trim().is_empty() => Some(1),
        [chunk] => chunk.count.trim().parse().ok().filter(|count| *count > 0),
        _ => None,
    }
}

/// The fields of the last script, with walltime and memory as the last good runs needed them; with nothing to learn from, the
/// site's own defaults for `draft`. `rules` are those of the host, if one is chosen: no more is proposed than its queue allows.
#[must_use]
pub fn learn(
    draft: JobScriptDraft,
    from: &str,
    runs: &[GoodRun],
    runners: Runners,
    rules: Option<&HostRules>,
) -> LearnedDefaults {
    let mut learned = LearnedDefaults { draft, from: from.to_owned(), reasons: Vec::new() };
    if runs.is_empty() {
        learn_from_site(&mut learned, rules);
    } else {
        learn_walltime(&mut learned, runs, runners, rules);
        learn_memory(&mut learned, runs, runners, rules);
    }
    learned
}

/// The queue that the draft's job will be in.
fn queue_of<'a>(draft: &JobScriptDraft, rules: Option<&'a HostRules>) -> Option<&'a QueueRules> {
    let name = draft.queue.trim();
    rules?.queues.iter().find(|queue| if name.is_empty() { queue.is_default } else { queue.name == name })
}

fn learn_walltime(
    learned: &mut LearnedDefaults,
    runs: &[GoodRun],
    runners: Runners,
    rules: Option<&HostRules>,
) {
    let used: Vec<u64> = runs.iter().filter_map(|run| run.walltime_seconds).collect();
    let Some(most) = used.iter().max() else { return };
    let Some(told) = Walltime::from_seconds(*most) else { return };
    let mut seconds = with_margin(*most, MINUTE);
    let mut reason = format!("{} {told}; {MARGIN} % more", the_last(used.len(), runners));
    let queue = queue_of(&learned.draft, rules);
    if let Some((queue, max)) = queue.and_then(|queue| Some((queue, queue.max.walltime?)))
        && max.seconds() < seconds
    {
        seconds = max.seconds();
        reason = format!(
            "{} {told}; queue {} takes no more than {max}",
            the_last(used.len(), runners),
            queue.name
        );
    }
    let Some(value) = Walltime::from_seconds(seconds) else { return };
    learned.draft.walltime = value.to_string();
    learned.reasons.push(DefaultReason { field: "walltime".to_owned(), value: value.to_string(), reason });
}

/// PBS tells what all chunks used together; where they are alike, each is proposed its part.
fn learn_memory(
    learned: &mut LearnedDefaults,
    runs: &[GoodRun],
    runners: Runners,
    rules: Option<&HostRules>,
) {
    let Some(count) = n_chunks(&learned.draft) else { return };
    let each = |run: &GoodRun| Some(run.memory_bytes?.div_ceil(run.n_chunks.filter(|count| *count > 0)?));
    let used: Vec<u64> = runs.iter().filter_map(each).collect();
    let Some(most) = used.iter().max() else { return };
    let per = if count == 1 { "" } else { " for each chunk" };
    let told = MemorySize::from_bytes(most.div_ceil(1 << 20).saturating_mul(1 << 20));
    let mut bytes = with_margin(*most, MEMORY_STEP);
    let mut reason = format!("{} {told}{per}; {MARGIN} % more", the_last(used.len(), runners));
    let queue = queue_of(&learned.draft, rules);
    if let Some((queue, max)) = queue.and_then(|queue| Some((queue, queue.max.mem?)))
        && max.bytes() / count < bytes
    {
        bytes = max.bytes() / count;
        reason = format!(
            "{} {told}{per}; queue {} takes no more than {max}",
            the_last(used.len(), runners),
            queue.name
        );
    }
    let value = MemorySize::from_bytes(bytes).to_string();
    if let Some(chunk) = learned.draft.chunks.first_mut() {
        chunk.mem.clone_from(&value);
        learned.reasons.push(DefaultReason { field: "mem".to_owned(), value, reason });
    }
}

/// What the site gives a job that does not say.
fn learn_from_site(learned: &mut LearnedDefaults, rules: Option<&HostRules>) {
    let Some(queue) = queue_of(&learned.draft, rules) else { return };
    if learned.draft.queue.trim().is_empty() {
        learned.draft.queue.clone_from(&queue.name);
        let reason = "the host's default queue".to_owned();
        learned.reasons.push(DefaultReason { field: "queue".to_owned(), value: queue.name.clone(), reason });
    }
    if let Some(walltime) = queue.default.walltime.filter(|_| learned.draft.walltime.trim().is_empty()) {
        learned.draft.walltime = walltime.to_string();
        let reason = format!("the default of queue {}", queue.name);
        learned.reasons.push(DefaultReason {
            field: "walltime".to_owned(),
            value: walltime.to_string(),
            reason,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::script::{ChunkDraft, ResourceLimits, parse, render};

    fn run(walltime: u64, memory_mb: u64) -> GoodRun {
        GoodRun { walltime_seconds: Some(walltime), memory_bytes: Some(memory_mb << 20), n_chunks: Some(2) }
    }

    fn draft(count: &str) -> JobScriptDraft {
        let chunks =
            vec![ChunkDraft { count: count.to_owned(), ncpus: "8".to_owned(), ..ChunkDraft::default() }];
        JobScriptDraft { chunks, queue: "workq".to_owned(), ..JobScriptDraft::default() }
    }

    fn rules(walltime: &str, mem: &str) -> HostRules {
        let max = ResourceLimits {
            walltime: walltime.parse().ok(),
            mem: mem.parse().ok(),
            ..ResourceLimits::default()
        };
        let default = ResourceLimits { walltime: "1:00:00".parse().ok(), ..ResourceLimits::default() };
        let queue =
            QueueRules { name: "workq".to_owned(), is_default: true, max, default, ..QueueRules::default() };
        HostRules { queues: vec![queue], ..HostRules::default() }
    }

    fn told(learned: &LearnedDefaults) -> Vec<String> {
        learned.reasons.iter().map(|one| format!("{} {}: {}", one.field, one.value, one.reason)).collect()
    }

    #[test]
    fn walltime_and_memory_are_what_runs_needed_and_a_quarter_more() {
        let runs = [run(4320, 1000), run(60, 8192), run(3600, 10)];
        let learned = learn(draft("2"), "", &runs, Runners::Own, None);
        assert_eq!(
            told(&learned),
            [
                "walltime 01:30:00: the last 3 good runs used at most 01:12:00; 25 % more",
                "mem 5gb: the last 3 good runs used at most 4gb for each chunk; 25 % more",
            ]
        );
        assert_eq!(
            (learned.draft.walltime.as_str(), learned.draft.chunks[0].mem.as_str()),
            ("01:30:00", "5gb")
        );
        assert_eq!(
            told(&learn(draft(""), "", &[run(0, 0)], Runners::Own, None)),
            [
                "walltime 00:01:00: the last good run used 00:00:00; 25 % more",
                "mem 128mb: the last good run used 0b; 25 % more",
            ]
        );
    }

    #[test]
    fn no_more_is_proposed_than_the_queue_takes() {
        let learned = learn(draft("2"), "", &[run(4320, 8192)], Runners::Own, Some(&rules("1:20:00", "9gb")));
        assert_eq!(
            told(&learned),
            [
                "walltime 01:20:00: the last good run used 01:12:00; queue workq takes no more than 01:20:00",
                "mem 4608mb: the last good run used 4gb for each chunk; queue workq takes no more than 9gb",
            ]
        );
    }

    #[test]
    fn without_runs_the_site_has_its_say_and_what_is_given_stays() {
        let rules = rules("2:00:00", "9gb");
        let learned = learn(JobScriptDraft::default(), "", &[], Runners::Own, Some(&rules));
        assert_eq!(
            told(&learned),
            ["queue workq: the host's default queue", "walltime 01:00:00: the default of queue workq"]
        );
        let given = JobScriptDraft { walltime: "5".to_owned(), ..draft("1") };
        assert_eq!(learn(given.clone(), "", &[], Runners::Own, Some(&rules)).draft, given);
        assert_eq!(learn(given.clone(), "", &[GoodRun::default()], Runners::Own, Some(&rules)).draft, given);
    }

    #[test]
    fn what_others_use_it_with_is_taken_and_what_is_theirs_is_not() {
        let own = JobScriptDraft { mail_users: "me@here".to_owned(), ..JobScriptDraft::default() };
        let theirs = JobScriptDraft {
            commands: "./run".to_owned(),
            mail_users: "ada@there".to_owned(),
            account: "their-money".to_owned(),
            text: "#!/bin/sh\n".to_owned(),
            ..draft("2")
        };
        let started = usual(&theirs, own.clone());
        assert_eq!(
            started,
            JobScriptDraft { commands: "./run".to_owned(), mail_users: own.mail_users, ..draft("2") }
        );
        assert_eq!(
            told(&learn(started, "", &[run(4320, 1000)], Runners::Groups, None))[0],
            "walltime 01:30:00: the last good run in your groups used 01:12:00; 25 % more"
        );
    }

    #[test]
    fn a_text_of_ones_own_gets_the_new_values_in_its_own_lines() {
        let text =
            "#!/bin/bash\n# mine\n#PBS -l walltime=9:00:00\n#PBS -l select=1:ncpus=2:mem=64gb\n./run\n";
        let learned = learn(parse(text.as_bytes()).draft, "", &[run(4320, 2048)], Runners::Own, None);
        let written = render(&learned.draft);
        assert!(written.contains("# mine\n") && written.contains("walltime=01:30:00"), "{written}");
        assert!(written.contains("mem=1280mb") && !written.contains("64gb"), "{written}");
    }

    proptest! {
        #[test]
        fn what_is_proposed_is_enough_reads_back_and_is_not_too_much(
            walltimes in prop::collection::vec(prop::option::of(0..u64::MAX), 0..6),
            memories in prop::collection::vec(prop::option::of(0..u64::MAX), 0..6),
            counts in prop::collection::vec(prop::option::of(0..u64::MAX), 0..6),
            count in "[0-9]{0,3}",
        ) {
            let n_runs = walltimes.len().max(memories.len());
            let at = |values: &[Option<u64>], place: usize| values.get(place).copied().flatten();
            let runs: Vec<GoodRun> = (0..n_runs)
                .map(|place| GoodRun {
                    walltime_seconds: at(&walltimes, place).map(|value| value % 4_000_000),
                    memory_bytes: at(&memories, place),
                    n_chunks: at(&counts, place),
                })
                .collect();
            let before = draft(&count);
            let learned = learn(before.clone(), "", &runs, Runners::Own, None);
            for reason in &learned.reasons {
                match reason.field.as_str() {
                    "walltime" => {
                        let value: Walltime = reason.value.parse().unwrap();
                        let most = runs.iter().filter_map(|run| run.walltime_seconds).max().unwrap();
                        prop_assert!(value.seconds() >= most && value.seconds() <= most * 5 / 4 + MINUTE);
                    }
                    _ => {
                        let value = reason.value.parse::<MemorySize>().unwrap();
                        prop_assert!(value.bytes() >= MEMORY_STEP || value.bytes() == 0);
                    }
                }
            }
            // Nothing else changes.
            let mut same = learned.draft;
            same.walltime.clone_from(&before.walltime);
            same.chunks[0].mem.clone_from(&before.chunks[0].mem);
            prop_assert_eq!(same, before);
        }
    }
}
