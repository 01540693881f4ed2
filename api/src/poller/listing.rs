//! What pages are shown of a listing, packed for the table that all servers read. A host with 40,000 jobs makes about 1 MB.

use serde::Serialize;
use serde::de::DeserializeOwned;

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
    use pbsweb_shared::host::ListedJob;

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
    }
}
