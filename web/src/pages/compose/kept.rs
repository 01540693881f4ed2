//! The draft in the browser's own storage, so that a reload or a closed tab loses nothing, and the same wish stays one wish.

use leptos::prelude::window;
use pbsweb_shared::api::jobs::JobSubmit;
use pbsweb_shared::ids::{ApplicationId, HostId, UserId};
use pbsweb_shared::script::JobScriptDraft;
use serde::{Deserialize, Serialize};

use super::origin::Origin;

/// What is kept between visits.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Where it is to run.
    pub(super) host: Option<HostId>,
    /// With what.
    pub(super) application: Option<ApplicationId>,
    /// Its name in the history.
    pub(super) script_name: String,
    /// The fields.
    pub(super) draft: JobScriptDraft,
    /// The script they were filled from.
    pub(super) origin: Option<Origin>,
    /// The submission that was tried last, and whose answer is not known.
    pub(super) tried: Option<Tried>,
}

/// A submission that was sent, with its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tried {
    /// What was sent.
    pub(super) job: JobSubmit,
    /// Its Idempotency-Key.
    pub(super) key: String,
}

/// The key of a submission: the one it was tried with before, or a new one if anything differs.
pub(super) fn key_for(tried: Option<&Tried>, job: &JobSubmit, fresh: impl FnOnce() -> String) -> String {
    match tried {
        Some(tried) if tried.job == *job => tried.key.clone(),
        Some(_) | None => fresh(),
    }
}

/// One user's draft is not the next one's.
fn storage_key(user: UserId) -> String {
    format!("pbsweb.compose.{user}")
}

/// What was kept for this user; nothing if it cannot be read any more.
pub(super) fn load(user: UserId) -> Option<Kept> {
    let storage = window().local_storage().ok().flatten()?;
    let text = storage.get_item(&storage_key(user)).ok().flatten()?;
    crate::client::json::read(&text).ok()
}

/// Keeps it. A browser that keeps nothing (private mode, full) only loses the convenience.
pub(super) fn save(user: UserId, kept: &Kept) {
    let Some(storage) = window().local_storage().ok().flatten() else { return };
    if let Ok(text) = serde_json::to_string(kept) {
        let _ = storage.set_item(&storage_key(user), &text);
    }
}

/// Forgets it.
pub(super) fn forget(user: UserId) {
    if let Some(storage) = window().local_storage().ok().flatten() {
        let _ = storage.remove_item(&storage_key(user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> JobSubmit {
        JobSubmit {
            host: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            application: None,
            script: JobScriptDraft { name: name.to_owned(), ..JobScriptDraft::default() },
            script_name: None,
            of: None,
        }
    }

    #[test]
    fn the_key_lasts_as_long_as_the_wish() {
        let tried = Tried { job: job("a"), key: "k1".to_owned() };
        let key = |job: &JobSubmit| key_for(Some(&tried), job, || "k2".to_owned());
        assert_eq!(key(&job("a")), "k1");
        assert_eq!(key(&job("b")), "k2");
        assert_eq!(key_for(None, &job("a"), || "k3".to_owned()), "k3");
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let kept = Kept {
            script_name: "s".to_owned(),
            tried: Some(Tried { job: job("a"), key: "k".to_owned() }),
            ..Kept::default()
        };
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept);
        assert_eq!(serde_json::from_str::<Kept>("{}").unwrap(), Kept::default());
    }
}
