//! The pace at which a host is approached, and the distance kept after failures.
//!
//! A host that does not answer is left alone for a while that grows, and so is each account that is not let in;
//! other hosts, and other accounts of the same host, notice nothing. Logins to one host start one after the other,
//! because `sshd` drops crowds and centres ban the addresses they come from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::error::TransportError;
use super::pool::AccountKey;
use super::settings::TransportSettings;

/// How a host is doing, as far as connections tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostHealth {
    /// Failed attempts to reach the host since the last success.
    pub failures: u32,
    /// Time until the next attempt will be made, when the host is being left alone.
    pub retry_after: Option<Duration>,
    /// Logins since the server started.
    pub logins: u64,
}

pub(super) struct Gate {
    handshakes: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_start: Option<Instant>,
    logins: u64,
    host: Backoff,
    accounts: HashMap<AccountKey, Backoff>,
}

#[derive(Default)]
struct Backoff {
    failures: u32,
    until: Option<(Instant, TransportError)>,
}

impl Backoff {
    fn check(&self, now: Instant) -> Result<(), TransportError> {
        let Some((until, error)) = &self.until else { return Ok(()) };
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            return Ok(());
        }
        let mut error = error.clone();
        if let TransportError::Unreachable { retry_after, .. } = &mut error {
            *retry_after = Some(left);
        }
        Err(error)
    }

    fn fail(&mut self, error: &TransportError, settings: &TransportSettings, now: Instant) {
        let doublings = self.failures.min(16);
        let delay = settings.backoff_first.saturating_mul(1 << doublings).min(settings.backoff_max);
        self.failures = self.failures.saturating_add(1);
        self.until = Some((now + delay, error.clone()));
    }
}

impl Gate {
    pub(super) fn new(settings: &TransportSettings) -> Self {
        Self { handshakes: Arc::new(Semaphore::new(settings.max_handshakes.max(1))), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change below is complete in itself, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails at once while the host or the account is being left alone.
    pub(super) fn check(&self, account: &AccountKey, now: Instant) -> Result<(), TransportError> {
        let state = self.state();
        state.host.check(now)?;
        state.accounts.get(account).map_or(Ok(()), |backoff| backoff.check(now))
    }

    /// Waits for the turn to begin a login.
    pub(super) async fn admit(
        &self,
        account: &AccountKey,
        settings: &TransportSettings,
    ) -> Result<OwnedSemaphorePermit, TransportError> {
        let Ok(permit) = Arc::clone(&self.handshakes).acquire_owned().await else {
            return Err(TransportError::Closed);
        };
        // Another account may have found the host dead meanwhile.
        self.check(account, Instant::now())?;
        tokio::time::sleep_until(self.next_start(settings, Instant::now())).await;
        Ok(permit)
    }

    /// Takes the next place in the row of logins.
    fn next_start(&self, settings: &TransportSettings, now: Instant) -> Instant {
        let mut state = self.state();
        let start = state.next_start.map_or(now, |next| next.max(now));
        state.next_start = Some(start + settings.handshake_interval);
        start
    }

    pub(super) fn succeeded(&self, account: &AccountKey) {
        let mut state = self.state();
        state.logins += 1;
        state.host = Backoff::default();
        state.accounts.remove(account);
    }

    pub(super) fn failed(
        &self,
        account: &AccountKey,
        error: &TransportError,
        settings: &TransportSettings,
        now: Instant,
    ) {
        let mut state = self.state();
        match error {
            TransportError::Unreachable { .. } | TransportError::TimedOut { .. } => {
                state.host.fail(error, settings, now);
            }
            // The host is well; only this account, or these confirmed keys, are of no use.
            TransportError::KeyNotAccepted { .. }
            | TransportError::SecondFactorWanted { .. }
            | TransportError::HostKeyUnknown { .. }
            | TransportError::HostKeyChanged { .. } => {
                state.accounts.retain(|_, backoff| {
                    backoff.until.as_ref().is_some_and(|(until, _)| *until + settings.backoff_max > now)
                });
                state.accounts.entry(*account).or_default().fail(error, settings, now);
            }
            TransportError::Cut { .. }
            | TransportError::ShellRefused { .. }
            | TransportError::Truncated
            | TransportError::TooMuchOutput { .. }
            | TransportError::Busy { .. }
            | TransportError::Sftp { .. }
            | TransportError::TooLarge { .. }
            | TransportError::Source(_)
            | TransportError::BadProgram(_)
            | TransportError::Closed => {}
        }
    }

    /// Forgets the failures of the host and of one account, so that its next attempt is made.
    pub(super) fn reopen_account(&self, account: &AccountKey) {
        let mut state = self.state();
        state.host = Backoff::default();
        state.accounts.remove(account);
    }

    /// Forgets all failures.
    pub(super) fn reopen(&self) {
        let mut state = self.state();
        state.host = Backoff::default();
        state.accounts.clear();
    }

    pub(super) fn health(&self, now: Instant) -> HostHealth {
        let state = self.state();
        let left = state.host.until.as_ref().map(|(until, _)| until.saturating_duration_since(now));
        HostHealth {
            failures: state.host.failures,
            retry_after: left.filter(|left| !left.is_zero()),
            logins: state.logins,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::super::error::UnreachableCause;
    use super::*;

    fn unreachable() -> TransportError {
        TransportError::Unreachable {
            address: "h".to_owned(),
            cause: UnreachableCause::TimedOut,
            retry_after: None,
        }
    }

    fn refused() -> TransportError {
        TransportError::KeyNotAccepted { address: "h".to_owned(), login: "ada".to_owned() }
    }

    const ADA: AccountKey = AccountKey::for_test(1);
    const BOB: AccountKey = AccountKey::for_test(2);

    #[test]
    fn a_dead_host_is_left_alone_longer_each_time() {
        let settings = TransportSettings::default();
        let gate = Gate::new(&settings);
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..10 {
            gate.failed(&ADA, &unreachable(), &settings, now);
            let error = gate.check(&BOB, now).unwrap_err();
            let wait = error.retry_after().unwrap();
            waits.push(wait.as_secs());
            now += wait;
            assert!(gate.check(&BOB, now).is_ok());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        gate.succeeded(&ADA);
        assert_eq!(gate.health(now), HostHealth { failures: 0, retry_after: None, logins: 1 });
    }

    #[test]
    fn an_account_that_is_not_let_in_stops_only_itself() {
        let settings = TransportSettings::default();
        let gate = Gate::new(&settings);
        let now = Instant::now();
        gate.failed(&ADA, &refused(), &settings, now);
        assert!(matches!(gate.check(&ADA, now), Err(TransportError::KeyNotAccepted { .. })));
        assert!(gate.check(&BOB, now).is_ok());
        gate.failed(&BOB, &refused(), &settings, now);
        gate.reopen_account(&ADA);
        assert!(gate.check(&ADA, now).is_ok() && gate.check(&BOB, now).is_err());
        gate.reopen();
        assert!(gate.check(&BOB, now).is_ok());
    }

    #[test]
    fn logins_to_one_host_are_paced() {
        let settings = TransportSettings::default();
        let gate = Gate::new(&settings);
        let now = Instant::now();
        let starts: Vec<_> = (0..4).map(|_| gate.next_start(&settings, now) - now).collect();
        assert_eq!(starts, [0, 1, 2, 3].map(|turn| settings.handshake_interval * turn));
    }

    #[tokio::test]
    async fn a_third_login_waits_for_two_others() {
        let settings =
            TransportSettings { handshake_interval: Duration::ZERO, ..TransportSettings::default() };
        let gate = Gate::new(&settings);
        let first = gate.admit(&ADA, &settings).await.unwrap();
        let _second = gate.admit(&BOB, &settings).await.unwrap();
        let mut third = Box::pin(gate.admit(&ADA, &settings));
        let waits = std::future::poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await;
        assert!(waits);
        drop(first);
        assert!(third.await.is_ok());
    }
}
