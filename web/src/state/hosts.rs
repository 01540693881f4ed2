//! The hosts, loaded once after sign-in and patched by events. Events tell of changes; pages that show ages and numbers read them
//! again.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::host::HostHealth;
use pbsweb_shared::ids::HostId;

use super::{CurrentUser, every};
use crate::client::{self, Answer};
use crate::ui::effect;

/// How often ages and numbers of hosts are read again where they are shown.
pub(crate) const SHOWN_AGAIN: Duration = Duration::from_secs(30);

/// All hosts the server knows.
#[derive(Clone, Copy)]
pub(crate) struct Hosts {
    answer: RwSignal<Option<Answer<Vec<Host>>>>,
    /// How often they were asked for: of two answers on their way, the one asked for last counts.
    n_asked: StoredValue<u32>,
}

impl Hosts {
    fn new() -> Self {
        Self { answer: RwSignal::new(None), n_asked: StoredValue::new(0) }
    }

    pub(super) fn provide(user: CurrentUser) -> Self {
        let hosts = Self::new();
        let user_id = Memo::new(move |_| user.me().map(|me| me.id));
        effect(move || {
            let is_signed_in = user_id.get().is_some();
            hosts.answer.set(None);
            if is_signed_in {
                hosts.reload();
            }
        });
        provide_context(hosts);
        hosts
    }

    /// The hosts of the page.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(Self::new)
    }

    /// Reads them again; those shown stay until the answer is there.
    pub(crate) fn reload(self) {
        let asked = self.n_asked.get_value().wrapping_add(1);
        self.n_asked.set_value(asked);
        spawn_local(async move {
            let answer = client::hosts::list_hosts().await.map(|page| page.items);
            if self.n_asked.get_value() != asked {
                return;
            }
            self.answer.update(|hosts| {
                let keeps_old = answer.is_err() && matches!(hosts, Some(Ok(_)));
                if !keeps_old {
                    *hosts = Some(answer);
                }
            });
        });
    }

    /// Reads them again and again while the component that asked is there: when a host was listed last, and what that cost it, no
    /// event tells while nothing else changes.
    pub(crate) fn keep_fresh(self) {
        every(SHOWN_AGAIN, Box::new(move || self.reload()));
    }

    /// The answer, tracked; `None` while it is on its way.
    pub(crate) fn answer(self) -> Option<Answer<Vec<Host>>> {
        self.answer.get()
    }

    /// The hosts, tracked; none until they are loaded.
    pub(crate) fn list(self) -> Vec<Host> {
        self.answer.with(|hosts| match hosts {
            Some(Ok(hosts)) => hosts.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    }

    /// One host, tracked.
    pub(crate) fn get(self, id: HostId) -> Option<Host> {
        self.answer.with(|hosts| match hosts {
            Some(Ok(hosts)) => hosts.iter().find(|host| host.id == id).cloned(),
            Some(Err(_)) | None => None,
        })
    }

    /// A host's name, tracked; the id's beginning until it is loaded.
    pub(crate) fn name(self, id: HostId) -> String {
        match self.get(id) {
            Some(host) => host.name.to_string(),
            None => id.to_string().chars().take(8).collect(),
        }
    }

    /// The hosts that this user can work on now: enabled, with a checked account. Tracked.
    pub(crate) fn usable(self) -> Vec<Host> {
        self.list().into_iter().filter(is_usable).collect()
    }

    /// Takes a host as an answer showed it.
    pub(crate) fn put(self, host: Host) {
        self.answer.update(|hosts| {
            if let Some(Ok(hosts)) = hosts {
                match hosts.iter_mut().find(|known| known.id == host.id) {
                    Some(known) => *known = host,
                    None => hosts.push(host),
                }
            }
        });
    }

    /// Forgets a host that was removed.
    pub(crate) fn remove(self, id: HostId) {
        self.answer.update(|hosts| {
            if let Some(Ok(hosts)) = hosts {
                hosts.retain(|host| host.id != id);
            }
        });
    }

    /// Takes what an event says about a host.
    pub(super) fn set_health(self, id: HostId, health: HostHealth) {
        self.answer.update(|hosts| {
            if let Some(Ok(hosts)) = hosts
                && let Some(host) = hosts.iter_mut().find(|host| host.id == id)
            {
                host.health = health;
            }
        });
    }
}

/// Builds and submissions can be tried on this host.
pub(crate) fn is_usable(host: &Host) -> bool {
    host.is_enabled && host.account.as_ref().is_some_and(|account| account.is_usable)
}
