//! What pages are shown of a listing, packed for the table that all servers read. A host with 40,000 jobs makes about 1 MB.

use std::collections::HashMap;
use std::ops::Deref;

use pbsweb_shared::host::ListedJob;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The jobs of a host's last listing. Of a full host's most are somebody else's: one's own are found by their owner.
#[derive(Debug, Default)]
pub struct HostListing {
    jobs: Vec<ListedJob>,
    by_owner: HashMap<String, Vec<usize>>,
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
        Self { jobs, by_owner }
    }

    /// The jobs of the account with this login name, in the order of the listing.
    pub fn of(&self, owner: &str) -> impl Iterator<Item = &ListedJob> {
        self.by_owner.get(owner).into_iter().flatten().filter_map(|index| self.jobs.get(*index))
    }
}

impl Deref for HostListing {
    type Target = [ListedJob];

    fn deref(&self) -> &[ListedJob] {
        &self.jobs
    }
}

/// Quick rather than small: it is done at each listing of a busy host.
const LEVEL: i32 = 1;

pub(super) fn pack<T: Serialize>(listed: &[T]) -> std::io::Result<Vec<u8>> {
    zstd::stream::encode_all(serde_json::to_vec(listed)?.as_slice(), LEVEL)
}

pub(super) fn unpack<T: DeserializeOwned>(packed: &[u8]) -> std::io::Result<Vec<T>> {
    let text = zstd::stream::decode_all(packed)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_listing_is_packed_small_and_whole() {
        let jobs: Vec<ListedJob> = (0..40_000)
            .map(|n| ListedJob {
                pbs_id: format!("{n}.pbs-1.site").parse().unwrap(),
                name: format!("run \u{e9}\n{n}"),
                owner: format!("user{}", n % 300),
                queue: "workq".to_owned(),
                state: Some(pbsweb_shared::job::JobState::Running),
                state_letter: "R".to_owned(),
                ncpus: Some(n % 64),
                nodect: Some(1),
                walltime_seconds: Some(3600 + n),
                used_walltime_seconds: Some(n),
                queued_at: None,
                started_at: None,
                comment: Some(format!("Job run at {n} on (node{n}:ncpus=1)")),
                hold_types: None,
                depend: None,
                estimated_start_at: None,
                array_states: None,
                is_own: false,
                job: None,
            })
            .collect();
        let packed = pack(&jobs).unwrap();
        assert!(packed.len() < 2_000_000, "{}", packed.len());
        assert_eq!(unpack::<ListedJob>(&packed).unwrap(), jobs);
        assert!(unpack::<ListedJob>(&packed[..packed.len() / 2]).is_err());
        let listing = HostListing::new(jobs);
        let own: Vec<&ListedJob> = listing.iter().filter(|job| job.owner == "user7").collect();
        assert_eq!(listing.of("user7").collect::<Vec<_>>(), own);
        assert_eq!((listing.of("nobody").count(), listing.of("").count()), (0, 0));
    }
}
