//! The accounts of a simulated host: a login name with home folder, shell and authorized keys.
//!
//! All of them run under the simulator's own user id; what differs is the environment they get.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use russh::keys::PublicKey;
use serde::{Deserialize, Serialize};

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Login name.
    pub login: String,
    /// Home folder.
    pub home: PathBuf,
    /// Login shell.
    pub shell: PathBuf,
}

impl Account {
    pub(crate) fn create_home(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.home)
    }

    /// Its file of authorized keys.
    #[must_use]
    pub fn authorized_keys(&self) -> PathBuf {
        self.home.join(".ssh/authorized_keys")
    }

    /// Replaces the authorized keys.
    pub(crate) fn set_authorized_keys(&self, lines: &[&str]) -> io::Result<()> {
        let file = self.authorized_keys();
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
        let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        crate::folder::write_whole(&file, text.as_bytes())?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))
    }

    /// Whether this key may sign in now.
    #[must_use]
    pub fn admits(&self, key: &PublicKey) -> bool {
        let Ok(text) = std::fs::read_to_string(self.authorized_keys()) else { return false };
        text.lines().filter_map(key_of_line).any(|known| known.key_data() == key.key_data())
    }

    /// The name of the shell: `bash`, `tcsh`, …
    #[must_use]
    pub fn shell_name(&self) -> String {
        shell_name(&self.shell)
    }
}

pub(crate) fn shell_name(shell: &Path) -> String {
    shell.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_else(|| "sh".to_owned())
}

/// The key of a line of `authorized_keys`, whatever options stand before it.
fn key_of_line(line: &str) -> Option<PublicKey> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    // Options may hold blanks in quotes; the key begins at the first word outside quotes that names a key type.
    let mut quoted = false;
    let mut start_of_word = true;
    for (position, character) in line.char_indices() {
        let rest = line.get(position..)?;
        if start_of_word && !quoted && ["ssh-", "ecdsa-", "sk-"].iter().any(|kind| rest.starts_with(kind)) {
            return PublicKey::from_openssh(rest).ok();
        }
        if character == '"' {
            quoted = !quoted;
        }
        start_of_word = character == ' ' || character == '\t';
    }
    None
}
