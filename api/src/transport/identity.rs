//! The key pair PBSWeb holds for one user: how it is made, read and shown. Where it is kept is not known here.

use std::fmt;
use std::sync::Arc;

use rand::RngCore;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// An Ed25519 private key. Cloning shares it; printing shows the public fingerprint only.
#[derive(Clone)]
pub struct Identity {
    key: Arc<PrivateKey>,
    id: IdentityId,
}

/// Tells identities apart without holding them: the digest of the public half. A rotated key has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityId([u8; 32]);

impl IdentityId {
    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a private key cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IdentityError {
    /// Not an OpenSSH private key at all.
    #[error("cannot read the private key")]
    Unreadable(#[source] russh::keys::ssh_key::Error),
    /// A passphrase protects it; a server cannot ask for one.
    #[error("the private key is protected by a passphrase")]
    Encrypted,
    /// PBSWeb makes and takes Ed25519 only.
    #[error("the private key is {found}, not ssh-ed25519")]
    WrongAlgorithm {
        /// The algorithm's name.
        found: String,
    },
}

impl Identity {
    /// Makes a new key pair from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }

    /// The key pair that belongs to a stored seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::new(PrivateKey::from(Ed25519Keypair::from_seed(seed)))
    }

    /// Reads what [`to_openssh_pem`](Self::to_openssh_pem) or `ssh-keygen` wrote.
    pub fn from_openssh_pem(pem: &str) -> Result<Self, IdentityError> {
        let key = PrivateKey::from_openssh(pem).map_err(IdentityError::Unreadable)?;
        if key.is_encrypted() {
            return Err(IdentityError::Encrypted);
        }
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(IdentityError::WrongAlgorithm { found: key.algorithm().to_string() });
        }
        Ok(Self::new(key))
    }

    fn new(key: PrivateKey) -> Self {
        let public = key.public_key().to_bytes().unwrap_or_default();
        Self { id: IdentityId(Sha256::digest(public).into()), key: Arc::new(key) }
    }

    /// The private key for storage, to be encrypted there.
    pub fn to_openssh_pem(&self) -> Result<Zeroizing<String>, IdentityError> {
        self.key.to_openssh(LineEnding::LF).map_err(IdentityError::Unreadable)
    }

    /// The private seed for storage, to be encrypted there; [`from_seed`](Self::from_seed) takes it back.
    #[must_use]
    pub fn seed(&self) -> Option<Zeroizing<[u8; 32]>> {
        if let KeypairData::Ed25519(pair) = self.key.key_data() {
            Some(Zeroizing::new(pair.private.to_bytes()))
        } else {
            None
        }
    }

    /// The line for `~/.ssh/authorized_keys`, without options. The comment is made one harmless line.
    #[must_use]
    pub fn public_line(&self, comment: &str) -> String {
        let mut public = self.key.public_key().clone();
        let comment: String = comment.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        public.set_comment(comment.trim().to_owned());
        public.to_openssh().unwrap_or_default()
    }

    /// The public fingerprint, `SHA256:…`, as hosts log it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// What tells this key from another.
    #[must_use]
    pub fn id(&self) -> IdentityId {
        self.id
    }

    pub(super) fn for_login(&self) -> PrivateKeyWithHashAlg {
        PrivateKeyWithHashAlg::new(Arc::clone(&self.key), None)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_both_ways_of_storing_it() {
        let made = Identity::generate();
        let read = Identity::from_openssh_pem(&made.to_openssh_pem().unwrap()).unwrap();
        assert_eq!(read.id(), made.id());
        assert_eq!(Identity::from_seed(&made.seed().unwrap()).id(), made.id());
        assert_ne!(Identity::generate().id(), made.id());
    }

    #[test]
    fn the_public_line_is_one_line() {
        let line = Identity::from_seed(&[7; 32]).public_line("pbsweb ada\nssh-rsa evil");
        assert_eq!(line.lines().count(), 1);
        assert!(line.starts_with("ssh-ed25519 AAAA") && line.ends_with(" pbsweb ada ssh-rsa evil"), "{line}");
    }

    #[test]
    fn printing_shows_nothing_secret() {
        let identity = Identity::from_seed(&[7; 32]);
        assert_eq!(format!("{identity:?}"), format!("Identity({})", identity.fingerprint()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(matches!(Identity::from_openssh_pem("rubbish"), Err(IdentityError::Unreadable(_))));
    }
}
