//! What pages are shown of a listing: packed for the table that all servers read, filtered and in order for those who look. A host
//! with 40,000 jobs makes about 1 MB.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pbsweb_shared::api::hosts::{HostJobsQuery, ListedGroup, ListedOrder};
use pbsweb_shared::host::ListedJob;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::waiting::Place;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Quick rather than small: it is done at each listing of a busy host.
const LEVEL: i32 = 1;

/// The form in which a listing is kept.
///
/// # Errors
/// There is no memory for it.
pub fn pack<T: Serialize>(listed: &[T]) -> std::io::Result<Vec<u8>> {
    zstd::stream::encode_all(serde_json::to_vec(listed)?.as_slice(), LEVEL)
}

pub(super) fn unpack<T: DeserializeOwned>(packed: &[u8]) -> std::io::Result<Vec<T>> {
    let text = zstd::stream::decode_all(packed)?;
    Ok(serde_json::from_slice(&text)?)
}

/// The jobs of a host's last listing, in the scheduler's order. What is worked out about them is worked out once for all who look.
/// Of a full host's most are somebody else's: one's own are found by their owner.
#[derive(Debug, Default)]
pub struct HostListing {
    jobs: Vec<ListedJob>,
    /// Each job's JSON up to what depends on who asks, from when it is first asked for.
    texts: Vec<OnceLock<Box<str>>>,
    by_owner: HashMap<String, Vec<usize>>,
    places: OnceLock<HashMap<usize, Place>>,
    orders: Mutex<HashMap<ListedOrder, Arc<Vec<usize>>>>,
}

impl Deref for HostListing {
    type Target = [ListedJob];

    fn deref(&self) -> &[ListedJob] {
        &self.jobs
    }
}

impl HostListing {
    pub(super) fn new(jobs: Vec<ListedJob>) -> Self {
        let mut by_owner: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, job) in jobs.iter().enumerate() {
            match by_owner.get_mut(&job.owner) {
                Some(indices) => indices.push(index),
                None => drop(by_owner.insert(job.owner.clone(), vec![index])),
            }
        }
        let texts = jobs.iter().map(|_| OnceLock::new()).collect();
        Self { jobs, texts, by_owner, ..Self::default() }
    }

    /// Which jobs are those of the account with this login name: as places in the scheduler's order.
    #[must_use]
    pub fn of(&self, owner: Option<&str>) -> &[usize] {
        owner.and_then(|owner| self.by_owner.get(owner)).map_or(&[], Vec::as_slice)
    }

    /// Which jobs a query asks for, whatever part of them, for whoever has this login name: as places in the scheduler's order.
    #[must_use]
    pub fn select(&self, query: &HostJobsQuery, login: Option<&str>) -> Vec<usize> {
        let text = query.text.as_deref().unwrap_or_default().to_ascii_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_own = |job: &ListedJob| login == Some(job.owner.as_str());
        let takes = |job: &ListedJob| {
            (!query.own || is_own(job))
                && query.state.is_none_or(|state| job.state == Some(state))
                && words.iter().all(|word| has_word(job, word))
        };
        let in_order = query.order.unwrap_or(ListedOrder::Scheduler);
        let is_at_hand = query.own && matches!(in_order, ListedOrder::Scheduler | ListedOrder::Own);
        let order = (!is_at_hand).then(|| self.order(in_order));
        let places = order.as_deref().map_or_else(|| self.of(login), Vec::as_slice);
        let mut selected: Vec<(usize, &ListedJob)> =
            places.iter().filter_map(|place| Some((*place, self.jobs.get(*place)?))).collect();
        selected.retain(|(_, job)| takes(job));
        if query.descending {
            selected.reverse();
        }
        if in_order == ListedOrder::Own {
            selected.sort_by_key(|(_, job)| !is_own(job));
        }
        if let Some(group) = query.group {
            selected.sort_by(|(_, a), (_, b)| group_key(group, a).cmp(group_key(group, b)));
        }
        selected.into_iter().map(|(place, _)| place).collect()
    }

    /// Writes a job's JSON as it is shown, with its place among those that wait; `job` is the asker's job here, if it is one.
    pub fn write(&self, place: usize, is_own: bool, job: Option<JobId>, text: &mut String) {
        let (Some(listed), Some(known)) = (self.jobs.get(place), self.texts.get(place)) else { return };
        text.push_str(known.get_or_init(|| self.text_for_all(place, listed)));
        text.push_str(if is_own { "true" } else { "false" });
        if let Some(job) = job {
            text.push_str(",\"job\":\"");
            text.push_str(job.as_uuid().as_hyphenated().encode_lower(&mut Uuid::encode_buffer()));
            text.push('"');
        }
        text.push('}');
    }

    fn text_for_all(&self, place: usize, listed: &ListedJob) -> Box<str> {
        let place = self.places.get_or_init(|| places(&self.jobs)).get(&place).copied();
        let shown = ListedJob { place, is_own: false, job: None, ..listed.clone() };
        // Such a record can always be written, and ends so.
        let mut text = serde_json::to_string(&shown).unwrap_or_default();
        text.truncate(text.len().saturating_sub("false}".len()));
        text.into()
    }

    /// The jobs in an order of their own; what is alike stays in the scheduler's order.
    fn order(&self, order: ListedOrder) -> Arc<Vec<usize>> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(orders.entry(order).or_insert_with(|| Arc::new(ordered(&self.jobs, order))))
    }
}

fn ordered(jobs: &[ListedJob], order: ListedOrder) -> Vec<usize> {
    let mut all: Vec<(usize, &ListedJob)> = jobs.iter().enumerate().collect();
    match order {
        // Whose jobs are whose depends on who asks.
        ListedOrder::Scheduler | ListedOrder::Own => {}
        ListedOrder::Id => all.sort_by_key(|(_, job)| (sequence(job), job.pbs_id.as_str())),
        ListedOrder::Name => all.sort_by_key(|(_, job)| job.name.as_str()),
        ListedOrder::Owner => all.sort_by_key(|(_, job)| job.owner.as_str()),
        ListedOrder::Queue => all.sort_by_key(|(_, job)| job.queue.as_str()),
        ListedOrder::State => all.sort_by_key(|(_, job)| group_key(ListedGroup::State, job)),
        ListedOrder::Since => all.sort_by_key(|(_, job)| job.started_at.or(job.queued_at)),
    }
    all.into_iter().map(|(place, _)| place).collect()
}

/// The number that an id begins with.
fn sequence(job: &ListedJob) -> u64 {
    let id = job.pbs_id.as_str();
    let digits = id.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(id.len());
    id.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX)
}

fn group_key(group: ListedGroup, job: &ListedJob) -> &str {
    match group {
        ListedGroup::Owner => &job.owner,
        ListedGroup::Queue => &job.queue,
        ListedGroup::State => job.state.map_or(job.state_letter.as_str(), |state| state.as_str()),
    }
}

/// Whether a word, in lower case, is somewhere in what one reads of a job.
fn has_word(job: &ListedJob, word: &str) -> bool {
    let has = |text: &str| {
        text.len() >= word.len()
            && text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    [job.name.as_str(), &job.owner, &job.queue, job.pbs_id.as_str()]
        .into_iter()
        .chain(job.comment.as_deref())
        .any(has)
}

/// Where each queued job stands in its queue.
fn places(jobs: &[ListedJob]) -> HashMap<usize, Place> {
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, job) in jobs.iter().enumerate() {
        if job.state == Some(JobState::Queued) {
            waiting.entry(&job.queue).or_default().push(place);
        }
    }
    waiting
        .values()
        .flat_map(|queue| {
            let of = u32::try_from(queue.len()).unwrap_or(u32::MAX);
            queue.iter().zip(1..).map(move |(place, position)| (*place, Place { position, of }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, name: &str, owner: &str, state: JobState) -> ListedJob {
        ListedJob {
            pbs_id: id.parse().unwrap(),
            name: name.to_owned(),
            owner: owner.to_owned(),
            queue: "workq".to_owned(),
            state: Some(state),
            state_letter: "R".to_owned(),
            ncpus: Some(4),
            nodect: Some(1),
            walltime_seconds: Some(3600),
            used_walltime_seconds: None,
            queued_at: None,
            started_at: None,
            comment: Some(format!("Job run at {id} on (node:ncpus=1)")),
            hold_types: None,
            depend: None,
            estimated_start_at: None,
            array_states: None,
            place: None,
            is_own: false,
            job: None,
        }
    }

    #[test]
    fn a_large_listing_is_packed_small_and_whole() {
        let job = |n: u64| {
            job(
                &format!("{n}.pbs-1.site"),
                &format!("run \u{e9}\n{n}"),
                &format!("user{}", n % 300),
                JobState::Running,
            )
        };
        let jobs: Vec<ListedJob> = (0..40_000).map(job).collect();
        let packed = pack(&jobs).unwrap();
        assert!(packed.len() < 2_000_000, "{}", packed.len());
        assert_eq!(unpack::<ListedJob>(&packed).unwrap(), jobs);
        assert!(unpack::<ListedJob>(&packed[..packed.len() / 2]).is_err());
        let listing = HostListing::new(jobs);
        let own: Vec<usize> = (0..listing.len()).filter(|place| listing[*place].owner == "user7").collect();
        assert_eq!(listing.of(Some("user7")), own);
        assert!(listing.of(Some("nobody")).is_empty() && listing.of(None).is_empty());
    }

    #[test]
    fn a_listing_is_filtered_and_put_in_order() {
        let mut jobs = vec![
            job("9.pbs", "heat", "eve", JobState::Running),
            job("100.pbs", "relax", "ada", JobState::Queued),
            job("30.pbs", "Heat2", "ada", JobState::Running),
            job("31.pbs", "heat", "bob", JobState::Queued),
        ];
        for (job, second) in jobs.iter_mut().zip([40, 30, 20, 10]) {
            job.queued_at = chrono::DateTime::from_timestamp(second, 0);
        }
        let listing = HostListing::new(jobs);
        let all = HostJobsQuery::default();
        let order = |order| HostJobsQuery { order: Some(order), ..all.clone() };
        let text = |text: &str| HostJobsQuery { text: Some(text.to_owned()), ..order(ListedOrder::Own) };
        let backwards = |query| HostJobsQuery { order: Some(ListedOrder::Name), descending: true, ..query };
        for (query, wanted) in [
            (all.clone(), vec![0, 1, 2, 3]),
            (order(ListedOrder::Own), vec![1, 2, 0, 3]),
            (order(ListedOrder::Id), vec![0, 2, 3, 1]),
            (order(ListedOrder::Name), vec![2, 0, 3, 1]),
            (HostJobsQuery { descending: true, ..order(ListedOrder::Name) }, vec![1, 3, 0, 2]),
            (order(ListedOrder::Owner), vec![1, 2, 3, 0]),
            (order(ListedOrder::Queue), vec![0, 1, 2, 3]),
            (order(ListedOrder::State), vec![1, 3, 0, 2]),
            (order(ListedOrder::Since), vec![3, 2, 1, 0]),
            // Own ones stay first within their group.
            (HostJobsQuery { group: Some(ListedGroup::State), ..order(ListedOrder::Own) }, vec![1, 3, 2, 0]),
            (HostJobsQuery { group: Some(ListedGroup::Owner), ..order(ListedOrder::Id) }, vec![2, 1, 3, 0]),
            // All at once: filtered, in order backwards, within groups.
            (HostJobsQuery { group: Some(ListedGroup::State), ..backwards(text("heat")) }, vec![3, 0, 2]),
            (HostJobsQuery { group: Some(ListedGroup::Owner), ..backwards(text("heat")) }, vec![2, 3, 0]),
            (HostJobsQuery { own: true, ..all.clone() }, vec![1, 2]),
            (HostJobsQuery { state: Some(JobState::Running), ..all.clone() }, vec![0, 2]),
            (text("HEAT workq"), vec![2, 0, 3]),
            (text("100.PBS (node"), vec![1]),
            (text("heat nowhere"), vec![]),
        ] {
            assert_eq!(listing.select(&query, Some("ada")), wanted, "{query:?}");
        }
    }

    #[test]
    fn a_job_is_written_as_its_record_would_be() {
        let jobs = vec![
            job("9.pbs", "a \"name\" \u{1}\n\u{e9}", "eve", JobState::Running),
            job("100.pbs", "\"is_own\":false}", "ada", JobState::Queued),
            job("31.pbs", "heat", "bob", JobState::Queued),
        ];
        let listing = HostListing::new(jobs.clone());
        let id = JobId::from_uuid(Uuid::from_u128(7));
        let of = |position| Some(Place { position, of: 2 });
        for (nth, place, is_own, here) in [
            (0, None, false, None),
            (1, of(1), true, Some(id)),
            (1, of(1), true, None),
            (2, of(2), false, None),
            (2, of(2), false, Some(id)),
        ] {
            let mut text = String::new();
            listing.write(nth, is_own, here, &mut text);
            let record = ListedJob { place, is_own, job: here, ..jobs[nth].clone() };
            assert_eq!(text, serde_json::to_string(&record).unwrap());
        }
        let mut text = String::new();
        listing.write(3, false, None, &mut text);
        assert_eq!(text, "");
    }
}
