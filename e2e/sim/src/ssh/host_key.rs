//! The key by which the host is known; made once, then kept.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};

/// Reads the key, or makes it.
pub(crate) fn load_or_create(path: &Path) -> anyhow::Result<PrivateKey> {
    if path.exists() {
        return russh::keys::load_secret_key(path, None).context("reading the host key");
    }
    let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519)
        .context("making the host key")?;
    let text = key.to_openssh(LineEnding::LF).context("writing the host key")?;
    crate::folder::write_whole(path, text.as_bytes())?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(key)
}
