//! Answering a request: the faults first, then the site.

use std::sync::Arc;
use std::time::Duration;

use super::{Scheduler, sessions, store};
use crate::faults::{CutPoint, Fault, FaultChange};
use crate::protocol::{Envelope, Refusal, Reply, Request};
use crate::site::job::Job;
use crate::site::submission::Submission;
use crate::site::{Effect, Site};

const LISTINGS: [&str; 3] = ["qstat", "qselect", "pbsnodes"];

fn refusal_of(text: &str, status: u32) -> Refusal {
    Refusal { code: 15_104 + status, text: text.to_owned() }
}

impl Scheduler {
    /// Answers one request of the process `caller`.
    pub(super) async fn handle(self: &Arc<Self>, envelope: Envelope, caller: Option<i32>) -> Reply {
        if let Request::Fault(change) = envelope.request {
            if let FaultChange::Restart { down_ms } = change {
                self.restart(Duration::from_millis(down_ms));
            }
            self.faults.change(change);
            return Reply::Done;
        }
        if self.is_restarting() {
            return Reply::Down;
        }
        if self.faults.take(|f| matches!(f, Fault::ServerDown).then_some(())).is_some() {
            return Reply::Down;
        }
        let is_listing = LISTINGS.contains(&envelope.command.as_str());
        self.faults
            .wait_while(|fault| {
                matches!(fault, Fault::ServerHangs) || (is_listing && matches!(fault, Fault::ListingHangs))
            })
            .await;
        let delay = self.faults.take(|fault| {
            let Fault::Delay { command, ms } = fault else { return None };
            command.as_ref().is_none_or(|c| *c == envelope.command).then_some(*ms)
        });
        if let Some(ms) = delay {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let refused = self.faults.take(|fault| {
            let Fault::ListingRefused { text, status } = fault else { return None };
            is_listing.then(|| refusal_of(text, *status))
        });
        if let Some(refused) = refused {
            return Reply::Refused(refused);
        }
        let Envelope { user, execution, request, .. } = envelope;
        if let Request::Submit(submission) = request {
            self.submit(&user, execution, caller, *submission).await
        } else if is_listing {
            self.answer(&user, request)
        } else {
            if self.cuts(CutPoint::BeforeSubmit) {
                self.executions.cut(execution);
            }
            let reply = self.answer(&user, request);
            if self.cuts(CutPoint::AfterSubmit) {
                self.executions.cut(execution);
            }
            reply
        }
    }

    fn cuts(&self, point: CutPoint) -> bool {
        let fits = |fault: &Fault| matches!(fault, Fault::Cut { at, .. } if *at == point).then_some(());
        self.faults.take(fits).is_some()
    }

    async fn submit(
        self: &Arc<Self>,
        user: &str,
        execution: Option<u64>,
        caller: Option<i32>,
        asked: Submission,
    ) -> Reply {
        let refused = self.faults.take(|fault| {
            let Fault::SubmitRefused { text, status } = fault else { return None };
            Some(refusal_of(text, *status))
        });
        if let Some(refused) = refused {
            return Reply::Refused(refused);
        }
        if self.cuts(CutPoint::BeforeSubmit) {
            self.executions.cut(execution);
        }
        let kills = |is_accepted: bool| {
            self.faults.take(|fault| {
                let Fault::SubmitKilled { accepted, whole } = fault else { return None };
                (*accepted == is_accepted).then_some(*whole)
            })
        };
        if let Some(whole) = kills(false) {
            sessions::kill_command(caller, whole);
            return Reply::Silent;
        }
        let slow = self.faults.take(|fault| {
            let Fault::SubmitSlow { ms } = fault else { return None };
            Some(*ms)
        });
        if let Some(ms) = slow {
            let _turn = self.submitting.lock().await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        let now = self.now_ms() / 1000;
        let accepted = self.change(|site| {
            let id = site.submit(user, asked, now)?;
            // Accepted means kept: a restart must find it.
            if let Err(error) = store::append(&self.folder, site) {
                tracing::warn!(%error, "a submission cannot be kept on disk");
            }
            Ok(id)
        });
        let id = match accepted {
            Ok(id) => id,
            Err(refusal) => return Reply::Refused(refusal),
        };
        if let Some(whole) = kills(true) {
            sessions::kill_command(caller, whole);
        }
        if self.cuts(CutPoint::AfterSubmit) {
            self.executions.cut(execution);
        }
        if self.cuts(CutPoint::BeforeAnswer) {
            self.executions.mute(execution);
        }
        if self.faults.take(|f| matches!(f, Fault::SubmitSilent).then_some(())).is_some() {
            return Reply::Silent;
        }
        self.faults.wait_while(|f| matches!(f, Fault::SubmitHangs)).await;
        Reply::Submitted(id)
    }

    fn answer(self: &Arc<Self>, user: &str, request: Request) -> Reply {
        let now_ms = self.now_ms();
        let now = now_ms / 1000;
        let items = |result: Result<_, Refusal>| result.map_or_else(Reply::Refused, Reply::Items);
        let done = |result: Result<(), Refusal>| result.map_or_else(Reply::Refused, |()| Reply::Done);
        match request {
            Request::JobStatus { target, history, subjobs } => {
                let hidden = |job: &Job| self.is_hidden(job, now_ms);
                let site = self.site();
                items(site.job_status(&target, history, subjobs, &hidden, now_ms))
            }
            Request::QueueStatus { queue } => items(self.site().queue_status(queue.as_deref())),
            Request::ServerStatus => Reply::Items(vec![self.site().server_item()]),
            Request::NodeStatus { node } => items(self.site().node_status(node.as_deref())),
            Request::Delete { id, force, history } => {
                self.act(|site| site.delete(&id, user, force, history, now_ms))
            }
            Request::Hold { id, holds } => done(self.change(|site| site.hold(&id, user, &holds, now))),
            Request::Release { id, holds } => done(self.change(|site| site.release(&id, user, &holds, now))),
            Request::Alter { id, changes } => done(self.change(|site| site.alter(&id, user, &changes, now))),
            Request::Signal { id, signal } => self.act(|site| site.signal(&id, user, &signal, now)),
            Request::Move { id, queue } => done(self.change(|site| site.move_to(&id, user, &queue, now))),
            Request::Rerun { id } => self.act(|site| site.rerun(&id, user, now_ms)),
            Request::Message { id, text, to_output } => {
                self.act(|site| site.message(&id, user, &text, to_output))
            }
            Request::Order { ids } => done(self.change(|site| site.order(&ids, user))),
            Request::Submit(_) | Request::Fault(_) => Reply::Done,
        }
    }

    fn act(self: &Arc<Self>, action: impl FnOnce(&mut Site) -> Result<Vec<Effect>, Refusal>) -> Reply {
        match self.change(action) {
            Ok(effects) => {
                self.perform(effects);
                Reply::Done
            }
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    fn is_hidden(&self, job: &Job, now_ms: i64) -> bool {
        self.faults.is_on(|fault| {
            if let Fault::JobHidden { id } = fault {
                *id == job.short_id() || *id == job.sequence.to_string()
            } else if let Fault::NewJobsHidden { ms } = fault {
                now_ms - job.ctime * 1000 < i64::try_from(*ms).unwrap_or(i64::MAX)
            } else {
                false
            }
        })
    }
}
