//! The host-key check: a key is confirmed, or the connection ends before anything of ours is said.

use russh::keys::{Algorithm, HashAlg, PublicKeyOrCertificate};

use super::endpoint::HostKey;

/// What one connection trusts.
pub(super) enum Trust {
    /// The confirmed keys; none of them fits an unknown host.
    Pinned(Vec<HostKey>),
    /// No key: the offered one is wanted, not the connection.
    Scan,
}

/// russh's callbacks for one connection.
pub(super) struct Verifier {
    trust: Trust,
}

/// How a handshake fails.
#[derive(Debug)]
pub(super) enum HandshakeError {
    /// The key offered is none of the confirmed ones.
    HostKey(HostKey),
    Ssh(russh::Error),
}

impl From<russh::Error> for HandshakeError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Verifier {
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust }
    }
}

impl russh::client::Handler for Verifier {
    type Error = HandshakeError;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let offered = match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => HostKey::new(key),
            // Never asked for, see `algorithms`.
            PublicKeyOrCertificate::Certificate(_) => return Ok(false),
        };
        match &self.trust {
            Trust::Pinned(pinned) if pinned.contains(&offered) => Ok(true),
            Trust::Pinned(_) | Trust::Scan => Err(HandshakeError::HostKey(offered)),
        }
    }
}

/// The host-key algorithms to ask for: those of the confirmed keys first. A host has several keys, and showing
/// another kind than the confirmed one would look like a changed key. RSA with SHA-1 is not among them.
pub(super) fn algorithms(pinned: &[HostKey]) -> Vec<Algorithm> {
    let mut all: Vec<Algorithm> = russh::Preferred::DEFAULT
        .key
        .iter()
        .filter(|algorithm| !matches!(algorithm, Algorithm::Rsa { hash: None } | Algorithm::Dsa))
        .cloned()
        .collect();
    let is_pinned = |algorithm: &Algorithm| {
        pinned.iter().any(|key| match (key.algorithm(), algorithm) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { hash: Some(HashAlg::Sha256 | HashAlg::Sha512) }) => true,
            (pinned, algorithm) => pinned == *algorithm,
        })
    };
    all.sort_by_key(|algorithm| !is_pinned(algorithm));
    all
}

#[cfg(test)]
mod tests {
    use russh::keys::PrivateKey;

    use super::*;

    #[test]
    fn the_confirmed_kind_of_key_is_asked_for_first() {
        let mut random = russh::keys::key::safe_rng();
        let rsa = PrivateKey::random(&mut random, Algorithm::Rsa { hash: None }).unwrap();
        let rsa = HostKey::new(rsa.public_key());
        let asked = algorithms(&[rsa]);
        assert!(matches!(asked[0], Algorithm::Rsa { hash: Some(_) }), "{asked:?}");
        assert!(matches!(asked[1], Algorithm::Rsa { hash: Some(_) }), "{asked:?}");
        assert!(asked.contains(&Algorithm::Ed25519));
        assert!(!asked.contains(&Algorithm::Rsa { hash: None }));
        assert_eq!(algorithms(&[])[0], Algorithm::Ed25519);
    }
}
