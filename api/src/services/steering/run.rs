//! Sends an action, host by host and in shares, and keeps what came of it for each job.
//!
//! Before a share leaves, its items are marked as sent. An answer that does not come leaves them so: what can be asked twice is
//! asked again later, and of the rest is said that it is not known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::{TimeDelta, Utc};
use diesel::PgConnection;
use diesel::QueryResult;
use pbsweb_shared::api::job_actions::ActionOutcome;
use pbsweb_shared::ids::{ActionId, HostId};
use pbsweb_shared::job::JobAction;
use pbsweb_shared::names::{LoginName, PbsJobId};
use pbsweb_shared::script::values::Walltime;
use pbsweb_shared::steering::{Attribute, Meaning, Steering};

use super::{next_look, words_of};
use crate::app::App;
use crate::error::chain;
use crate::scheduler::{Explanation, Steered};
use crate::services::reach::{Reach, ReachError, Trust, fresh_marker, quick};
use crate::store::StoreError;
use crate::store::events::hold_events;
use crate::store::job_actions::{
    OpenAction, OpenItem, Outcome, finish_or_put_off, keep_outcome, mark_sent, take_action,
};
use crate::store::jobs::{change_job, rename_job};
use crate::store::submissions::move_output;
use crate::transport::TransportError;

/// While an action is being sent no other server takes it: longer than an exchange and the wait before it.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(180);

/// How often an answer that did not come is asked for.
const MOST_TRIES: i32 = 8;

/// Sends what is open of an action. Gives the first failure that kept something from leaving.
pub(super) async fn run(app: &Arc<App>, id: ActionId) -> Option<ReachError> {
    let until = app.replica.now() + LEASE;
    let taken = app.store.query(move |connection| take_action(connection, id, until)).await;
    let action = match taken {
        Ok(Some(action)) => Arc::new(action),
        Ok(None) => return None,
        Err(error) => {
            log(id, &error);
            return None;
        }
    };
    let mut groups: BTreeMap<(HostId, LoginName), Vec<OpenItem>> = BTreeMap::new();
    for item in &action.items {
        groups.entry((item.host, item.login.clone())).or_default().push(item.clone());
    }
    // One slow host does not hold up the others.
    let groups = groups.into_iter().map(|((host, login), items)| {
        let share = Group { app, id, action: &action, host, login };
        async move { share.run(items).await }
    });
    let mut failure = None;
    for outcome in futures_util::future::join_all(groups).await {
        match outcome {
            Ok(error) => failure = failure.or(error),
            Err(error) => log(id, &error),
        }
    }
    let n_tries = action.n_tries;
    let now = app.replica.now();
    let ended = app
        .store
        .query(move |connection| finish_or_put_off(connection, id, next_look(n_tries, now), now))
        .await;
    if let Err(error) = ended {
        log(id, &error);
    }
    app.steering.progress.notify_waiters();
    failure
}

/// Ends an action that nobody was at for too long.
pub(super) async fn give_up(app: &Arc<App>, id: ActionId) {
    let now = app.replica.now();
    let ended = app
        .store
        .query(move |connection| {
            let Some(action) = take_action(connection, id, now + LEASE)? else { return Ok(()) };
            for item in &action.items {
                let outcome = if item.was_sent {
                    unknown("the server stopped while it waited for the answer")
                } else {
                    not_sent("the server was stopped before this could be sent")
                };
                keep_outcome(connection, id, item.position, &outcome, now)?;
            }
            finish_or_put_off(connection, id, now, now).map(drop)
        })
        .await;
    if let Err(error) = ended {
        log(id, &error);
    }
}

fn log(id: ActionId, error: &StoreError) {
    tracing::warn!(action.id = %id, error = error as &dyn std::error::Error, "an action could not be kept; it will be taken on again");
}

fn outcome(outcome: ActionOutcome, words: &str) -> Outcome {
    Outcome { outcome, meaning: None, status: None, words: Some(words.to_owned()) }
}

fn not_sent(words: &str) -> Outcome {
    outcome(ActionOutcome::NotSent, words)
}

/// Whether it arrived is not known, and will not be.
fn unknown(words: &str) -> Outcome {
    outcome(ActionOutcome::Unknown, &format!("whether the scheduler got it is not known: {words}"))
}

/// The part of an action that goes to one account on one host.
struct Group<'a> {
    app: &'a Arc<App>,
    id: ActionId,
    action: &'a OpenAction,
    host: HostId,
    login: LoginName,
}

impl Group<'_> {
    async fn run(&self, mut items: Vec<OpenItem>) -> Result<Option<ReachError>, StoreError> {
        let steering = &self.action.steering;
        if !steering.is_repeatable() {
            let lost = items.extract_if(.., |item| item.was_sent).collect::<Vec<_>>();
            self.keep_all(&lost, |_| unknown("the server stopped while it waited for the answer")).await?;
        }
        if items.is_empty() {
            return Ok(None);
        }
        let reach = match Reach::find(self.app, self.action.owner, self.host, Trust::Checked).await {
            Ok(mut reach) => {
                // The login name may have been changed since: the job is the former account's.
                reach.account.login = self.login.clone();
                reach.endpoint.login = self.login.clone();
                reach
            }
            Err(ReachError::Store(error)) => return Err(error),
            Err(error) => return self.did_not_leave(&items, error).await.map(Some),
        };
        let cost = reach.scheduler().steering_cost(steering);
        let mut rest = items.as_slice();
        let mut failure = None;
        while !rest.is_empty() && !self.app.stopping.is_cancelled() {
            let (share, after) = rest.split_at(cost.targets_per_exchange.min(rest.len()));
            let n_connections = if cost.connects_for_each { share.len() } else { 1 };
            match self.send(&reach, share, n_connections, false).await? {
                Sent::Answered => rest = after,
                // The others wait for their turn in the next run, when the host may have recovered.
                Sent::NoAnswer => break,
                Sent::Never(error) => {
                    failure = Some(self.did_not_leave(rest, error).await?);
                    break;
                }
            }
            self.app.steering.progress.notify_waiters();
        }
        self.app.hub.poke();
        self.app.pollers.poke(self.host);
        Ok(failure)
    }

    /// What did not leave will not, unless it may have left before.
    async fn did_not_leave(&self, items: &[OpenItem], error: ReachError) -> Result<ReachError, StoreError> {
        let words = chain(&error);
        let (before, fresh): (Vec<_>, Vec<_>) = items.iter().cloned().partition(|item| item.was_sent);
        self.keep_all(&fresh, |_| not_sent(&words)).await?;
        self.without_answer(&before, &words).await?;
        Ok(error)
    }

    /// No answer: asked for again, or not known for good.
    async fn without_answer(&self, items: &[OpenItem], words: &str) -> Result<(), StoreError> {
        let is_last = !self.action.steering.is_repeatable() || self.action.n_tries >= MOST_TRIES;
        let kept = if is_last {
            unknown(words)
        } else {
            outcome(ActionOutcome::Sent, &format!("no answer yet, it is asked for again: {words}"))
        };
        self.keep_all(items, |_| kept.clone()).await
    }

    async fn keep_all(
        &self,
        items: &[OpenItem],
        what: impl Fn(&OpenItem) -> Outcome,
    ) -> Result<(), StoreError> {
        if items.is_empty() {
            return Ok(());
        }
        self.keep(items.iter().map(|item| (item.clone(), what(item))).collect()).await
    }

    async fn keep(&self, kept: Vec<(OpenItem, Outcome)>) -> Result<(), StoreError> {
        let (id, steering, now) = (self.id, self.action.steering.clone(), self.app.replica.now());
        self.app
            .store
            .query(move |connection| {
                // Before the rows of the jobs: whoever writes events locks in this order.
                hold_events(connection)?;
                for (item, outcome) in &kept {
                    if keep_outcome(connection, id, item.position, outcome, now)? {
                        note(connection, &steering, item, outcome.outcome, now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// Sends one share. `alone`: each job by a command of its own, because a common answer was not clear.
    async fn send(
        &self,
        reach: &Reach,
        share: &[OpenItem],
        n_connections: usize,
        alone: bool,
    ) -> Result<Sent, StoreError> {
        let n_connections = u32::try_from(n_connections).unwrap_or(u32::MAX);
        let wait = self.app.steering.reserve(self.host, n_connections, Instant::now());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.app.stopping.cancelled() => return Ok(Sent::NoAnswer),
        }
        let (id, positions) = (self.id, share.iter().map(|item| item.position).collect::<Vec<_>>());
        let now = self.app.replica.now();
        let marked = self
            .app
            .store
            .query(move |connection| mark_sent(connection, id, &positions, now + LEASE, now))
            .await?;
        let share: Vec<OpenItem> =
            share.iter().filter(|item| marked.contains(&item.position)).cloned().collect();
        let targets: Vec<Vec<PbsJobId>> = share.iter().map(|item| item.pbs_ids.clone()).collect();
        if targets.is_empty() {
            return Ok(Sent::Answered);
        }
        let (scheduler, marker, steering) = (reach.scheduler(), fresh_marker(), &self.action.steering);
        let answer = match scheduler.steer(&reach.site(), &marker, steering, &targets, alone) {
            Ok(command) => reach.run(self.app, command, quick(self.app)).await,
            Err(error) => Err(ReachError::Command(error)),
        };
        let answers = match answer {
            Ok(output) => scheduler.read_steering(&marker, steering, &targets, alone, &output.stdout),
            Err(error) if surely_did_not_leave(&error) => return Ok(Sent::Never(error)),
            Err(error) => {
                self.without_answer(&share, &chain(&error)).await?;
                return Ok(Sent::NoAnswer);
            }
        };
        let (mut kept, mut lost, mut unclear, mut words) =
            (Vec::new(), Vec::new(), Vec::new(), String::new());
        for (item, answer) in share.into_iter().zip(answers) {
            match answer {
                Steered::Answered(explanation)
                    if explanation.meaning.may_have_happened() && explanation.meaning != Meaning::Done =>
                {
                    words = words_of(&explanation);
                    lost.push(item);
                }
                Steered::Answered(explanation) => {
                    let outcome = judge(steering, &item, &explanation);
                    kept.push((item, outcome));
                }
                Steered::Unclear => unclear.push(item),
            }
        }
        self.keep(kept).await?;
        self.without_answer(&lost, &words).await?;
        if !unclear.is_empty() {
            let n_connections = unclear.len();
            return Box::pin(self.send(reach, &unclear, n_connections, true)).await;
        }
        Ok(if lost.is_empty() { Sent::Answered } else { Sent::NoAnswer })
    }
}

/// How an exchange went.
enum Sent {
    /// Each item has its outcome.
    Answered,
    /// It left, and the answer did not come, or says nothing.
    NoAnswer,
    /// It certainly did not leave.
    Never(ReachError),
}

/// The program never began on the host.
fn surely_did_not_leave(error: &ReachError) -> bool {
    match error {
        ReachError::NoHost
        | ReachError::Disabled(_)
        | ReachError::NoAccount(_)
        | ReachError::NotChecked(_)
        | ReachError::JumpHost(_)
        | ReachError::StoredKey(_)
        | ReachError::Identity(_)
        | ReachError::Command(_) => true,
        ReachError::Store(_) => false,
        ReachError::Transport { source, .. } => match source {
            TransportError::HostKeyUnknown { .. }
            | TransportError::HostKeyChanged { .. }
            | TransportError::KeyNotAccepted { .. }
            | TransportError::SecondFactorWanted { .. }
            | TransportError::Unreachable { .. }
            | TransportError::ShellRefused { .. }
            | TransportError::Busy { .. }
            | TransportError::BadProgram(_) => true,
            TransportError::TimedOut { .. }
            | TransportError::Cut { .. }
            | TransportError::Truncated
            | TransportError::TooMuchOutput { .. }
            | TransportError::Sftp { .. }
            | TransportError::TooLarge { .. }
            | TransportError::Source(_)
            | TransportError::Closed => false,
        },
    }
}

/// What the scheduler's answer makes of a job's outcome.
fn judge(steering: &Steering, item: &OpenItem, explanation: &Explanation) -> Outcome {
    let is_gone = matches!(explanation.meaning, Meaning::HasFinished | Meaning::UnknownJob);
    let kept = |outcome, words| Outcome {
        outcome,
        meaning: Some(explanation.meaning),
        status: explanation.status,
        words: Some(words).filter(|words: &String| !words.is_empty()),
    };
    if explanation.meaning == Meaning::Done {
        return kept(ActionOutcome::Done, explanation.words.trim().to_owned());
    }
    // Asked again after an answer that was lost: what was to be deleted is gone.
    if is_gone && item.was_sent && steering.action() == JobAction::Delete {
        let words = words_of(explanation);
        return kept(
            ActionOutcome::Done,
            format!("the first answer was lost; asked again, the scheduler says: {words}"),
        );
    }
    kept(ActionOutcome::Refused, words_of(explanation))
}

/// What is known of a job from the scheduler's answer, before the next listing shows it.
fn note(
    connection: &mut PgConnection,
    steering: &Steering,
    item: &OpenItem,
    outcome: ActionOutcome,
    now: chrono::DateTime<Utc>,
) -> QueryResult<()> {
    let is_done = outcome == ActionOutcome::Done;
    match steering {
        // A job that ends while the answer is lost was deleted, as far as can be known.
        Steering::Delete(delete) if delete.subjobs.is_none() => {
            let may_be = is_done || matches!(outcome, ActionOutcome::Sent | ActionOutcome::Unknown);
            change_job(connection, item.job, now, |facts| {
                if may_be || item.was_sent {
                    facts.is_delete_requested = may_be;
                }
            })
            .map(drop)
        }
        Steering::Alter(alter) if is_done => {
            let walltime = alter.resources.get("walltime").and_then(|text| text.parse::<Walltime>().ok());
            if let Some(seconds) = walltime.and_then(|walltime| i64::try_from(walltime.seconds()).ok()) {
                change_job(connection, item.job, now, |facts| facts.walltime_seconds = Some(seconds))?;
            }
            move_output(connection, item.job, alter)?;
            match alter.attributes.get(&Attribute::Name) {
                Some(name) => rename_job(connection, item.job, name, now),
                None => Ok(()),
            }
        }
        Steering::Delete(_)
        | Steering::Hold(_)
        | Steering::Release(_)
        | Steering::Alter(_)
        | Steering::Move(_)
        | Steering::Rerun(_)
        | Steering::Signal(_)
        | Steering::Message(_)
        | Steering::Order(_) => Ok(()),
    }
}
