//! Passwords: Argon2id with the parameters OWASP recommends, on threads that may block, few at once.
//!
//! One look at a password takes 19 MiB and a good part of a core, so a flood of sign-ins must not run all at once: a
//! bounded number works, a bounded number waits, and the rest is told to come again.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{Error as HashError, PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Longest password, in bytes: hashing is to cost the same for everybody.
pub const MOST_BYTES: usize = 1024;

/// Sign-ins that may wait for their turn.
const MOST_WAITING: usize = 64;

/// Why a password could not be hashed or compared; whether it is right is not an error.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash cannot be read, or hashing failed.
    #[error("a password hash could not be made or read: {0}")]
    Hash(HashError),
    /// The server is stopping.
    #[error("the password check was given up because the server stops")]
    Stopped,
}

/// Hashes passwords and compares them.
pub struct Passwords {
    waiting: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

/// The right to look at one password now.
pub struct Turn {
    _working: OwnedSemaphorePermit,
}

impl Passwords {
    /// One for the process.
    #[must_use]
    pub fn new() -> Self {
        let n_at_once = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, 4);
        Self { waiting: Arc::new(Semaphore::new(MOST_WAITING)), working: Arc::new(Semaphore::new(n_at_once)) }
    }

    /// Waits until a password may be looked at.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn wait_for_turn(&self) -> Result<Turn, PasswordError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let working = Arc::clone(&self.working).acquire_owned().await.map_err(|_| PasswordError::Stopped)?;
        Ok(Turn { _working: working })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// When too many wait already.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, PasswordError> {
        let turn = self.wait_for_turn().await?;
        blocking(turn, move || hash(&password)).await
    }

    /// Compares a password with a stored hash.
    ///
    /// # Errors
    /// When too many wait already, or the hash cannot be read.
    pub async fn verify(&self, password: Zeroizing<String>, stored: String) -> Result<bool, PasswordError> {
        self.wait_for_turn().await?.verify(password, Some(stored)).await
    }
}

impl Turn {
    /// Compares a password with a stored hash. Without one – nobody has that name – it takes as long and is wrong.
    ///
    /// # Errors
    /// When the stored hash cannot be read.
    pub async fn verify(
        self,
        password: Zeroizing<String>,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        blocking(self, move || verify(&password, stored.as_deref())).await
    }
}

/// The turn moves in: when the request is dropped, the work goes on, and so must its place among the few.
async fn blocking<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let work = move || {
        let done = work();
        drop(turn);
        done
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(PasswordError::Stopped),
    })
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| PasswordError::Hash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2()?.hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Nobody's password, with today's parameters.
static NOBODY: LazyLock<Result<String, PasswordError>> = LazyLock::new(|| hash("nobody's password"));

fn verify(password: &str, stored: Option<&str>) -> Result<bool, PasswordError> {
    let is_somebody = stored.is_some();
    let stored = match (stored, &*NOBODY) {
        (Some(stored), _) => stored,
        (None, Ok(nobody)) => nobody,
        (None, Err(_)) => return Ok(false),
    };
    // No stored password is longer; what is gets the same work.
    let is_too_long = password.len() > MOST_BYTES;
    let tried = if is_too_long { "" } else { password };
    let stored = PasswordHash::new(stored).map_err(PasswordError::Hash)?;
    match argon2()?.verify_password(tried.as_bytes(), &stored) {
        Ok(()) => Ok(is_somebody && !is_too_long),
        Err(HashError::Password) => Ok(false),
        Err(error) => Err(PasswordError::Hash(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_and_no_other_is_right() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("correct horse").unwrap(), "the salt is new each time");
        assert!(verify("correct horse", Some(&stored)).unwrap());
        assert!(!verify("correct horse ", Some(&stored)).unwrap());
        assert!(!verify(&"x".repeat(MOST_BYTES + 1), Some(&stored)).unwrap());
        assert!(!verify("nobody's password", None).unwrap());
        assert!(verify("x", Some("rubbish")).is_err());
    }

    #[tokio::test]
    async fn a_flood_is_told_to_come_again() {
        let passwords = Passwords::new();
        let mut held = Vec::new();
        for _ in 0..passwords.working.available_permits() {
            held.push(passwords.wait_for_turn().await.unwrap());
        }
        let mut waiting: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(passwords.wait_for_turn())).collect();
        for wait in &mut waiting {
            assert!(futures_util::poll!(wait).is_pending());
        }
        assert!(matches!(passwords.wait_for_turn().await, Err(PasswordError::Busy)));
        drop(held);
        // Who waited longest is next.
        assert!(waiting.remove(0).await.is_ok());
        drop(waiting);
        assert!(passwords.wait_for_turn().await.is_ok());
    }
}
