//! Where a host is and by which key it is known.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use pbsweb_shared::ids::HostId;
use pbsweb_shared::names::LoginName;
use russh::keys::{Algorithm, HashAlg, PublicKey};

/// An account on a host: what a connection is made to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The host's row; pacing, back-off and [`forget`](super::Transport::forget) go by it.
    pub host: HostId,
    /// DNS name or IP address.
    pub address: String,
    /// Usually 22.
    pub port: u16,
    /// The account on the host.
    pub login: LoginName,
    /// The keys an administrator confirmed. Several, because a name may stand for several login nodes.
    /// Empty means unknown: then every exchange is refused with the key that was offered.
    pub host_keys: Vec<HostKey>,
    /// The host to go through, when this one is not reachable directly.
    pub jump: Option<Box<JumpHost>>,
}

/// A host on the way to another. The same identity is used on both.
#[derive(Debug, Clone)]
pub struct JumpHost {
    /// DNS name or IP address.
    pub address: String,
    /// Usually 22.
    pub port: u16,
    /// The account on the jump host.
    pub login: LoginName,
    /// As in [`Endpoint::host_keys`].
    pub host_keys: Vec<HostKey>,
}

/// The public key of a host, as one line of `known_hosts` without the host's name.
#[derive(Clone, PartialEq, Eq)]
pub struct HostKey(Arc<PublicKey>);

/// What a text was that is not a host key.
#[derive(Debug, Clone, thiserror::Error)]
#[error("not a public key such as 'ssh-ed25519 AAAA…'")]
pub struct HostKeyError(#[source] russh::keys::ssh_key::Error);

impl HostKey {
    /// Takes the key alone: a comment names the machine it was made on, which is no part of the identity.
    pub(super) fn new(key: &PublicKey) -> Self {
        Self(Arc::new(PublicKey::from(key.key_data().clone())))
    }

    /// The form people compare, `SHA256:…`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The algorithm's name, such as `ssh-ed25519`.
    #[must_use]
    pub fn algorithm_name(&self) -> String {
        self.0.algorithm().to_string()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({} {})", self.algorithm_name(), self.fingerprint())
    }
}

impl FromStr for HostKey {
    type Err = HostKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        PublicKey::from_openssh(text.trim()).map(|key| Self::new(&key)).map_err(HostKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

    #[test]
    fn a_host_key_reads_and_prints_without_its_comment() {
        let key: HostKey = format!("{LINE} root@login1\n").parse().unwrap();
        assert_eq!(key.to_string(), LINE);
        assert_eq!(key, LINE.parse().unwrap());
        assert!(key.fingerprint().starts_with("SHA256:"), "{}", key.fingerprint());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "ssh-ed25519", "ssh-ed25519 AAAA", "rubbish", "host ssh-ed25519 AAAA"] {
            assert!(text.parse::<HostKey>().is_err(), "{text:?} was taken");
        }
    }
}
