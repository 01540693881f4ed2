//! `qsig`: signals to running jobs, and the manager's suspend and resume.

use super::job::{RunKey, State};
use super::job_id::Part;
use super::{Effect, Site, refusal};
use crate::protocol::Refusal;

impl Site {
    /// `qsig`
    pub(crate) fn signal(
        &mut self,
        text: &str,
        user: &str,
        signal: &str,
        now: i64,
    ) -> Result<Vec<Effect>, Refusal> {
        let (id, _) = self.controlled(text, user).map_err(|refused| {
            // For qsig an index outside the array is an unknown job.
            if refused == refusal::invalid_request() { refusal::unknown_job() } else { refused }
        })?;
        let manager_only = ["suspend", "resume", "admin-suspend", "admin-resume"].contains(&signal);
        if manager_only && !self.is_operator(user) {
            return Err(refusal::unauthorized());
        }
        let job = self.jobs.get_mut(&id.sequence).ok_or_else(refusal::unknown_job)?;
        let indices: Vec<Option<u32>> = match id.part {
            Part::Job => vec![None],
            Part::Subjobs(indices) => indices.into_iter().map(Some).collect(),
            Part::Array => job
                .array
                .iter()
                .flat_map(|a| &a.subjobs)
                .filter(|(_, run)| run.state == State::Running)
                .map(|(i, _)| Some(*i))
                .collect(),
        };
        let number = if manager_only { None } else { Some(signal_number(signal)) };
        let mut effects = Vec::new();
        for index in indices {
            let run = job.run_of_mut(index).ok_or_else(refusal::unknown_job)?;
            if !matches!(run.state, State::Running | State::Suspended) || run.session.is_none() {
                return Err(refusal::bad_state());
            }
            let key = RunKey { sequence: id.sequence, index };
            let number = match number {
                Some(number) => number.ok_or_else(refusal::unknown_signal)?,
                None if signal.ends_with("suspend") => {
                    run.set(State::Suspended, 43, now);
                    19
                }
                None => {
                    run.set(State::Running, 42, now);
                    18
                }
            };
            if number != 0 {
                effects.push(Effect::Signal(key, number));
            }
        }
        Ok(effects)
    }
}

/// A signal by name (with or without SIG) or number.
fn signal_number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return Some(number).filter(|n| (0..=64).contains(n));
    }
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let names = [
        ("NULL", 0),
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ILL", 4),
        ("TRAP", 5),
        ("ABRT", 6),
        ("BUS", 7),
        ("FPE", 8),
        ("KILL", 9),
        ("USR1", 10),
        ("SEGV", 11),
        ("USR2", 12),
        ("PIPE", 13),
        ("ALRM", 14),
        ("TERM", 15),
        ("CHLD", 17),
        ("CONT", 18),
        ("STOP", 19),
        ("TSTP", 20),
        ("TTIN", 21),
        ("TTOU", 22),
    ];
    names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}
