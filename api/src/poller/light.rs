//! A full server is listed lightly most of the time: the cheap table of all jobs, and attributes only of those that
//! changed, are new, or are ours. Pure: what to ask for, and what comes of the answers.
//!
//! Comments and used resources of other people's jobs change without a trace in the table. They are as old as the last
//! whole listing, which comes in between.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use pbsweb_shared::host::ListedJob;
use pbsweb_shared::names::PbsJobId;

use super::snapshot::{listed_job, unreadable_job};
use crate::scheduler::records::{JobRecord, LightRow};

/// A whole listing of fewer jobs takes less time than two questions (0.1 ms for each job, `TIMINGS.md` of the recordings).
const FROM_JOBS: usize = 1000;

/// A whole listing costs ten times the table: asking for more than this part of the jobs is no gain.
const PART: usize = 8;

/// All ids stand on one command line.
const MAX_IDS: usize = 1000;

/// How old the attributes of others' jobs may grow; longer, when a whole listing takes long.
const WHOLE_EVERY: Duration = Duration::from_secs(60);

/// When to list a host whole.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    last_whole: Option<Whole>,
    is_refused: bool,
}

#[derive(Debug)]
struct Whole {
    at: Instant,
    took: Duration,
    n_jobs: usize,
}

impl Rhythm {
    /// The next listing may be light.
    pub(super) fn is_light(&self, now: Instant) -> bool {
        self.last_whole.as_ref().is_some_and(|whole| {
            !self.is_refused
                && whole.n_jobs >= FROM_JOBS
                && now.duration_since(whole.at) < WHOLE_EVERY.max(whole.took * 10)
        })
    }

    /// A whole listing was made.
    pub(super) fn listed_whole(&mut self, at: Instant, took: Duration, n_jobs: usize) {
        self.last_whole = Some(Whole { at, took, n_jobs });
    }

    /// The host's commands cannot do it.
    pub(super) const fn refused(&mut self) {
        self.is_refused = true;
    }
}

/// The jobs whose attributes are to be asked for; nothing when a whole listing is the cheaper way to them. `ours` are asked
/// for whether they changed or not.
pub(super) fn wanted(
    previous: &[ListedJob],
    rows: &[LightRow],
    ours: &HashSet<PbsJobId>,
) -> Option<Vec<PbsJobId>> {
    let index = Index::of(previous.iter(), |job| &job.pbs_id);
    let ours = Index::of(ours.iter(), |id| id);
    let mut ids = Vec::new();
    for row in rows {
        let known = index.find(row);
        let own = ours.find(row);
        if own.is_some() || known.is_none_or(|job| is_changed(job, row)) {
            // The number alone is enough for the server that was asked.
            let id = own.or(known.map(|job| &job.pbs_id)).cloned().or_else(|| row.shortest_id());
            ids.extend(id);
        }
    }
    (ids.len() <= MAX_IDS && ids.len() * PART <= rows.len()).then_some(ids)
}

fn is_changed(job: &ListedJob, row: &LightRow) -> bool {
    job.state_letter != row.state_letter || !job.queue.starts_with(&row.queue)
}

/// All jobs as the table has them, with the attributes that were asked for, else those known before. A new job that is gone when its
/// attributes are asked for is left out; one whose attributes cannot be read has what the table says.
pub(super) fn merge(
    previous: &[ListedJob],
    rows: &[LightRow],
    details: &[JobRecord],
    unreadable: &[PbsJobId],
) -> Vec<ListedJob> {
    let known = Index::of(previous.iter(), |job| &job.pbs_id);
    let unreadable = Index::of(unreadable.iter(), |id| id);
    let details = Index::of(details.iter(), |record| &record.pbs_id);
    rows.iter()
        .filter_map(|row| {
            if let Some(record) = details.find(row) {
                return Some(listed_job(record, None, None));
            }
            let mut job = known
                .find(row)
                .cloned()
                .or_else(|| unreadable.find(row).map(|id| unreadable_job(id.clone())))?;
            if is_changed(&job, row) {
                job.state = row.state;
                job.state_letter.clone_from(&row.state_letter);
                job.queue.clone_from(&row.queue);
            }
            Some(job)
        })
        .collect()
}

/// Of these jobs, the ones that the table has.
pub(super) fn listed<'a>(rows: &[LightRow], ids: impl Iterator<Item = &'a PbsJobId>) -> HashSet<PbsJobId> {
    let index = Index::of(ids, |id| id);
    rows.iter().filter_map(|row| index.find(row).cloned()).collect()
}

/// Finds by what the table prints: the number, and the rest as far as it is there.
struct Index<'a, T> {
    by_number: HashMap<&'a str, Vec<(&'a PbsJobId, &'a T)>>,
}

impl<'a, T> Index<'a, T> {
    fn of(all: impl Iterator<Item = &'a T>, id_of: impl Fn(&'a T) -> &'a PbsJobId) -> Self {
        let mut by_number: HashMap<&str, Vec<(&PbsJobId, &T)>> = HashMap::new();
        for item in all {
            let id = id_of(item);
            by_number.entry(number_of(id.as_str())).or_default().push((id, item));
        }
        Self { by_number }
    }

    fn find(&self, row: &LightRow) -> Option<&'a T> {
        let of_number = self.by_number.get(number_of(&row.printed_id))?;
        of_number.iter().find(|(id, _)| id.as_str().starts_with(&row.printed_id)).map(|(_, item)| *item)
    }
}

fn number_of(id: &str) -> &str {
    id.split_once('.').map_or(id, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::openpbs::{read_jobs, read_table};

    fn jobs(ids: impl Iterator<Item = u32>, letter: &str, queue: &str) -> Vec<JobRecord> {
        let text: String = ids
            .map(|id| {
                format!(
                    "Job Id: {id}.pbs.cluster.example\n    Job_Name = j\n    Job_Owner = a@h\n    \
                     job_state = {letter}\n    queue = {queue}\n    comment = c{id}\n"
                )
            })
            .collect();
        read_jobs(text.as_bytes()).jobs
    }

    fn shown(records: &[JobRecord]) -> Vec<ListedJob> {
        records.iter().map(|record| listed_job(record, None, None)).collect()
    }

    fn table(lines: &[(u32, &str, &str)]) -> Vec<LightRow> {
        let mut text = "Job id            Name             User              Time Use S Queue\n\
                        ----------------  ---------------- ----------------  -------- - -----\n"
            .to_owned();
        for (id, letter, queue) in lines {
            let id: String = format!("{id}.pbs.cluster.example").chars().take(15).collect();
            text.push_str(&format!("{id}*  j                a                        0 {letter} {queue}\n"));
        }
        read_table(text.as_bytes()).unwrap()
    }

    fn id(text: &str) -> PbsJobId {
        text.parse().unwrap()
    }

    #[test]
    fn changed_new_and_own_jobs_are_asked_for() {
        let previous = shown(&jobs(1..101, "Q", "workq"));
        let mut lines: Vec<(u32, &str, &str)> = (1..101).map(|id| (id, "Q", "workq")).collect();
        assert_eq!(wanted(&previous, &table(&lines), &HashSet::new()), Some(vec![]));
        lines[4].1 = "R";
        lines[5].2 = "gpu";
        lines.remove(9);
        lines.push((700, "Q", "workq"));
        let ours = HashSet::from([id("50.pbs.cluster.example"), id("900.pbs.cluster.example")]);
        let ids = wanted(&previous, &table(&lines), &ours).unwrap();
        let ids: Vec<&str> = ids.iter().map(PbsJobId::as_str).collect();
        assert_eq!(ids, ["5.pbs.cluster.example", "6.pbs.cluster.example", "50.pbs.cluster.example", "700"]);
    }

    #[test]
    fn many_changes_are_cheaper_to_list_whole() {
        let previous = shown(&jobs(1..101, "Q", "workq"));
        let lines: Vec<(u32, &str, &str)> =
            (1..101).map(|id| (id, if id < 50 { "R" } else { "Q" }, "workq")).collect();
        assert_eq!(wanted(&previous, &table(&lines), &HashSet::new()), None);
    }

    #[test]
    fn what_was_not_asked_for_stays_and_what_is_gone_goes() {
        let previous = shown(&jobs(1..5, "Q", "workq"));
        let rows = table(&[
            (1, "Q", "workq"),
            (2, "R", "workq"),
            (4, "R", "workq"),
            (7, "Q", "workq"),
            (8, "Q", "workq"),
        ]);
        let mut details = jobs([2, 7].into_iter(), "R", "workq");
        details[1].comment = Some("new".to_owned());
        let merged = merge(&previous, &rows, &details, &[]);
        let told: Vec<(&str, &str, Option<&str>)> = merged
            .iter()
            .map(|job| (number_of(job.pbs_id.as_str()), job.state_letter.as_str(), job.comment.as_deref()))
            .collect();
        assert_eq!(
            told,
            [("1", "Q", Some("c1")), ("2", "R", Some("c2")), ("4", "R", Some("c4")), ("7", "R", Some("new"))]
        );
        assert_eq!(merged[2].state, Some(pbsweb_shared::job::JobState::Running));
    }

    #[test]
    fn a_new_job_whose_attributes_cannot_be_read_is_there_all_the_same() {
        let merged =
            merge(&[], &table(&[(8, "Q", "workq"), (9, "H", "gpu")]), &[], &[id("9.pbs.cluster.example")]);
        let [job] = merged.as_slice() else { panic!("{merged:?}") };
        assert_eq!((job.pbs_id.as_str(), job.queue.as_str()), ("9.pbs.cluster.example", "gpu"));
        assert_eq!(job.state, Some(pbsweb_shared::job::JobState::Held));
    }

    #[test]
    fn numbers_that_begin_alike_are_different_jobs() {
        let previous = shown(&jobs([1, 12].into_iter(), "Q", "workq"));
        let merged = merge(&previous, &table(&[(12, "Q", "workq")]), &[], &[]);
        assert_eq!(merged, previous[1..]);
    }

    #[test]
    fn a_whole_listing_comes_in_between() {
        let begin = Instant::now();
        let mut rhythm = Rhythm::default();
        assert!(!rhythm.is_light(begin));
        rhythm.listed_whole(begin, Duration::from_secs(1), 999);
        assert!(!rhythm.is_light(begin));
        rhythm.listed_whole(begin, Duration::from_secs(1), 40_000);
        assert!(rhythm.is_light(begin + Duration::from_secs(59)));
        assert!(!rhythm.is_light(begin + Duration::from_secs(60)));
        rhythm.listed_whole(begin, Duration::from_secs(30), 40_000);
        assert!(rhythm.is_light(begin + Duration::from_secs(299)));
        rhythm.refused();
        assert!(!rhythm.is_light(begin));
    }
}
