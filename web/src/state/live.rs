//! The live store: jobs and builds by id, patched by the server's events.
//!
//! A connection may be dead without anybody saying so: the server tells that it is alive, and when it does not, this is not live.
//!
//! A page loads rows, hands each to [`Live::job`] and draws the signal it gets back: an event about that job then changes
//! that row only. When the stream breaks, the page says since when; when it is back, [`Live::generation`] moves so
//! that lists read again what they may have missed.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::builds::Build;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::{BuildId, HostId, JobId};

use super::{Clock, CurrentUser, Hosts, Notices, clock};
use crate::client;
use crate::client::events::{EventStream, StreamChange};
use crate::ui::effect;

/// Whether what is shown follows the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveState {
    /// Not yet known.
    Connecting,
    /// Events come.
    Live,
    /// Nothing has come since then.
    NotLiveSince(DateTime<Utc>),
}

type Listener = Callback<Event>;

/// The store and its stream.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    jobs: StoredValue<HashMap<JobId, ArcRwSignal<Job>>>,
    builds: StoredValue<HashMap<BuildId, ArcRwSignal<Build>>>,
    snapshots: RwSignal<HashMap<HostId, DateTime<Utc>>>,
    state: RwSignal<LiveState>,
    /// When something came last, or was last tried.
    heard: StoredValue<DateTime<Utc>>,
    generation: RwSignal<u32>,
    listeners: StoredValue<Vec<(u64, Listener)>>,
    next_listener: StoredValue<u64>,
    n_just_ended: StoredValue<u32>,
    stream: StoredValue<Option<EventStream>, LocalStorage>,
    hosts: Hosts,
    notices: Notices,
}

/// How long endings are gathered before they are announced together.
const ANNOUNCE_AFTER: Duration = Duration::from_secs(2);

/// How long to wait before opening a stream that the browser has given up.
const REOPEN_AFTER: Duration = Duration::from_secs(5);

/// The server says every 15 seconds that it is alive: after so long a silence the connection is dead.
const SILENCE: TimeDelta = TimeDelta::seconds(40);

impl Live {
    pub(super) fn provide(user: CurrentUser, hosts: Hosts, notices: Notices) {
        let live = Self {
            jobs: StoredValue::new(HashMap::new()),
            builds: StoredValue::new(HashMap::new()),
            snapshots: RwSignal::new(HashMap::new()),
            state: RwSignal::new(LiveState::Connecting),
            heard: StoredValue::new(clock::now()),
            generation: RwSignal::new(0),
            listeners: StoredValue::new(Vec::new()),
            next_listener: StoredValue::new(0),
            n_just_ended: StoredValue::new(0),
            stream: StoredValue::new_local(None),
            hosts,
            notices,
        };
        let user_id = Memo::new(move |_| user.me().map(|me| me.id));
        effect(move || {
            let is_signed_in = user_id.get().is_some();
            // One user's jobs are not the next one's.
            live.stream.set_value(None);
            live.jobs.set_value(HashMap::new());
            live.builds.set_value(HashMap::new());
            live.state.set(LiveState::Connecting);
            if is_signed_in {
                live.open(user);
            }
        });
        let clock = Clock::of_page();
        effect(move || {
            clock.now();
            live.try_when_silent(user);
        });
        provide_context(live);
    }

    /// The live store of the page.
    #[expect(
        clippy::expect_used,
        reason = "provided once at the root; a page without it is a bug of the page"
    )]
    pub(crate) fn of_page() -> Self {
        use_context().expect("the live store is provided by `state::provide`")
    }

    /// Whether events come, tracked.
    pub(crate) fn state(self) -> LiveState {
        self.state.get()
    }

    /// Moves whenever events may have been missed; lists that track it read again. Tracked.
    pub(crate) fn generation(self) -> u32 {
        self.generation.get()
    }

    /// When the latest snapshot of a host was taken, as far as events told; tracked.
    pub(crate) fn snapshot_at(self, host: HostId) -> Option<DateTime<Utc>> {
        self.snapshots.with(|snapshots| snapshots.get(&host).copied())
    }

    /// Takes a job from an answer, and gives the signal that follows it from now on.
    pub(crate) fn job(self, job: Job) -> ArcRwSignal<Job> {
        let known = self.jobs.with_value(|jobs| jobs.get(&job.id).cloned());
        match known {
            Some(signal) => {
                patch(&signal, job, |job| job.as_of);
                signal
            }
            None => {
                let signal = ArcRwSignal::new(job.clone());
                self.jobs.update_value(|jobs| {
                    jobs.insert(job.id, signal.clone());
                });
                signal
            }
        }
    }

    /// Takes a build from an answer, and gives the signal that follows it from now on.
    pub(crate) fn build(self, build: Build) -> ArcRwSignal<Build> {
        let known = self.builds.with_value(|builds| builds.get(&build.id).cloned());
        match known {
            Some(signal) => {
                patch(&signal, build, |build| build.as_of);
                signal
            }
            None => {
                let signal = ArcRwSignal::new(build.clone());
                self.builds.update_value(|builds| {
                    builds.insert(build.id, signal.clone());
                });
                signal
            }
        }
    }

    /// Hears every event until the component that asked goes away.
    pub(crate) fn on_event(self, listener: impl Fn(Event) + Send + Sync + 'static) {
        let id = self.next_listener.get_value();
        self.next_listener.set_value(id.wrapping_add(1));
        self.listeners.update_value(|listeners| listeners.push((id, Callback::new(listener))));
        on_cleanup(move || {
            self.listeners.try_update_value(|listeners| listeners.retain(|(known, _)| *known != id));
        });
    }

    fn try_when_silent(self, user: CurrentUser) {
        let heard = self.heard.get_value();
        if clock::now() - heard > SILENCE && untrack(move || user.is_signed_in()) {
            self.set_not_live_since(heard);
            self.open(user);
        }
    }

    fn open(self, user: CurrentUser) {
        self.heard.set_value(clock::now());
        let stream = EventStream::open(
            move |event| self.take(event),
            move |change| match change {
                StreamChange::Opened => {
                    self.state.set(LiveState::Live);
                    self.heard.set_value(clock::now());
                    if self.generation.get_untracked() > 0 {
                        self.hosts.reload();
                    }
                    // What changed before was not told: neither while the stream was interrupted, nor, at first, since the
                    // page was read.
                    self.generation.update(|generation| *generation = generation.wrapping_add(1));
                }
                StreamChange::Heard => self.heard.set_value(clock::now()),
                StreamChange::Interrupted => self.set_not_live(),
                StreamChange::Closed => {
                    self.set_not_live();
                    // The browser does not say why. If the session is over, the answer to this ends it here, too.
                    spawn_local(async {
                        let _ = client::me::get_me().await;
                    });
                    set_timeout(
                        move || {
                            if user.is_signed_in() {
                                self.open(user);
                            }
                        },
                        REOPEN_AFTER,
                    );
                }
            },
        );
        if stream.is_none() {
            self.set_not_live();
        }
        self.stream.set_value(stream);
    }

    fn set_not_live(self) {
        self.set_not_live_since(clock::now());
    }

    fn set_not_live_since(self, since: DateTime<Utc>) {
        if !matches!(self.state.get_untracked(), LiveState::NotLiveSince(_)) {
            self.state.set(LiveState::NotLiveSince(since));
        }
    }

    fn take(self, event: Event) {
        match &event {
            Event::Job(job) => self.take_job(job),
            Event::Build(build) => {
                self.build(Build::clone(build));
            }
            Event::Host { host, health } => self.hosts.set_health(*host, health.clone()),
            Event::Snapshot { host, taken_at } => {
                self.snapshots.update(|snapshots| {
                    snapshots.insert(*host, *taken_at);
                });
            }
            Event::Reset => {
                self.hosts.reload();
                self.generation.update(|generation| *generation = generation.wrapping_add(1));
            }
        }
        for (_, listener) in self.listeners.get_value() {
            listener.run(event.clone());
        }
    }

    fn take_job(self, job: &Job) {
        let had_ended = self.jobs.with_value(|jobs| {
            jobs.get(&job.id).map(|known| known.with_untracked(|known| known.state.has_ended()))
        });
        self.job(job.clone());
        if job.state.has_ended() && had_ended == Some(false) {
            let n_before = self.n_just_ended.get_value();
            self.n_just_ended.set_value(n_before.saturating_add(1));
            if n_before == 0 {
                let name = job.name.clone();
                let state = job.state;
                set_timeout(
                    move || self.announce(&format!("Job {name} has ended: {state}.")),
                    ANNOUNCE_AFTER,
                );
            }
        }
    }

    /// Endings in sum, not row by row.
    fn announce(self, only_one: &str) {
        let n_ended = self.n_just_ended.get_value();
        self.n_just_ended.set_value(0);
        self.notices.note(if n_ended > 1 {
            format!("{n_ended} jobs have ended.")
        } else {
            only_one.to_owned()
        });
    }
}

/// Takes a newer state of a thing; an answer that was overtaken by an event changes nothing.
fn patch<T: Send + Sync + 'static>(signal: &ArcRwSignal<T>, newer: T, as_of: fn(&T) -> DateTime<Utc>) {
    if signal.with_untracked(|known| as_of(&newer) >= as_of(known)) {
        signal.set(newer);
    }
}
