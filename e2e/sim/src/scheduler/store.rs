//! The state on disk: one whole file, and a file of submissions accepted since it was written.

use std::io::{self, BufRead, BufReader, Write};

use crate::folder::{Folder, write_whole};
use crate::site::Site;
use crate::site::job::Job;

const STATE: &str = "state.json";
const ACCEPTED: &str = "accepted.jsonl";

/// Keeps the newest submission of a site at once.
pub(super) fn append(folder: &Folder, site: &Site) -> io::Result<()> {
    let Some(accepted) = site.accepted.last() else { return Ok(()) };
    let sequence = site.next_sequence - 1;
    let line = serde_json::to_string(&(accepted, sequence, site.jobs.get(&sequence)))?;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(folder.site(ACCEPTED))?;
    writeln!(file, "{line}")
}

/// Writes everything.
pub(super) fn save(folder: &Folder, site: &Site) -> io::Result<()> {
    write_whole(&folder.site(STATE), &serde_json::to_vec(site)?)?;
    match std::fs::remove_file(folder.site(ACCEPTED)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Reads what an earlier run left; `None` for a new site.
pub(crate) fn load(folder: &Folder, now: i64) -> io::Result<Option<Site>> {
    let text = match std::fs::read(folder.site(STATE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut site: Site = serde_json::from_slice(&text)?;
    if let Ok(file) = std::fs::File::open(folder.site(ACCEPTED)) {
        for line in BufReader::new(file).lines() {
            // The last line may be cut off by the crash that this is about.
            let Ok((accepted, sequence, job)) =
                serde_json::from_str::<(crate::site::Accepted, u64, Option<Job>)>(&line?)
            else {
                break;
            };
            if site.next_sequence <= sequence {
                site.next_sequence = sequence + 1;
                site.accepted.push(accepted);
                site.jobs.extend(job.map(|job| (sequence, job)));
            }
        }
    }
    site.requeue_after_restart(now);
    Ok(Some(site))
}
