//! The key pair of a user: made, sealed, opened, and shown with the command that installs it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::{PgConnection, QueryResult};
use pbsweb_shared::api::me::SshKey;
use pbsweb_shared::ids::UserId;
use pbsweb_shared::names::UserName;
use uuid::Uuid;

use super::AccountError;
use crate::app::App;
use crate::config::SiteConfig;
use crate::secret::MasterKey;
use crate::services::actor::Actor;
use crate::store::activity::insert_activity;
use crate::store::ssh_keys::{
    NewSshKey, PublicKey, SealedKey, find_public_key, find_sealed_key, insert_ssh_key, retire_ssh_keys,
};
use crate::transport::Identity;

/// The label under which private keys are sealed.
const SEAL: &str = "ssh key";

/// How long an opened key is kept after its last use.
const KEPT: Duration = Duration::from_secs(300);

/// Opened private keys of the users whose hosts are being talked to, by the row that each was opened from: whether that is the
/// one in use is asked of the database each time, since any server may have replaced it.
#[derive(Default)]
pub struct Identities(Mutex<HashMap<Uuid, (Instant, Identity)>>);

impl Identities {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn find(&self, key: Uuid) -> Option<Identity> {
        let mut identities = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (used_at, identity) = identities.get_mut(&key)?;
        *used_at = Instant::now();
        Some(identity.clone())
    }

    fn keep(&self, key: Uuid, identity: &Identity) {
        let mut identities = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        identities.retain(|_, (used_at, _)| used_at.elapsed() < KEPT);
        identities.insert(key, (Instant::now(), identity.clone()));
    }
}

/// The key with which hosts are reached in a user's name.
///
/// # Errors
/// When the database cannot be read, or the stored key cannot be opened with this master key.
pub async fn identity_of(app: &App, user: UserId) -> Result<Identity, AccountError> {
    let key = app.store.query(move |connection| find_sealed_key(connection, user)).await?;
    open_identity(app, user, key)
}

/// As [`identity_of`], for whoever has read the key already.
///
/// # Errors
/// When there is none, or it cannot be opened with this master key.
pub fn open_identity(app: &App, user: UserId, key: Option<SealedKey>) -> Result<Identity, AccountError> {
    let SealedKey { id, sealed_private } = key.ok_or(AccountError::NoKey)?;
    if let Some(identity) = app.identities.find(id) {
        return Ok(identity);
    }
    let identity = open(&app.master_key, user, &sealed_private)?;
    app.identities.keep(id, &identity);
    Ok(identity)
}

/// A pair that is ready to be stored.
pub(super) struct SealedPair {
    public_line: String,
    fingerprint: String,
    sealed_private: Vec<u8>,
}

impl SealedPair {
    /// Makes a pair for a user. The private half is bound to the user's id: in another's row it does not open.
    pub(super) fn generate(
        master_key: &MasterKey,
        site: &SiteConfig,
        user: UserId,
        user_name: &UserName,
    ) -> Result<Self, AccountError> {
        let identity = Identity::generate();
        let pem = identity.to_openssh_pem().map_err(AccountError::Key)?;
        Ok(Self {
            public_line: identity.public_line(&comment(user_name, &site.name)),
            fingerprint: identity.fingerprint(),
            sealed_private: master_key.seal(SEAL, pem.as_bytes(), user.as_uuid().as_bytes()),
        })
    }

    pub(super) fn insert(
        &self,
        connection: &mut PgConnection,
        user: UserId,
        now: DateTime<Utc>,
    ) -> QueryResult<()> {
        let key = NewSshKey {
            user,
            public_line: &self.public_line,
            fingerprint: &self.fingerprint,
            sealed_private: &self.sealed_private,
        };
        insert_ssh_key(connection, &key, now)
    }
}

fn open(master_key: &MasterKey, user: UserId, sealed: &[u8]) -> Result<Identity, AccountError> {
    let pem = master_key.open(SEAL, sealed, user.as_uuid().as_bytes()).map_err(AccountError::Open)?;
    let pem = std::str::from_utf8(&pem).map_err(AccountError::NotText)?;
    Identity::from_openssh_pem(pem).map_err(AccountError::Key)
}

/// The actor's public key, and how to install it.
///
/// # Errors
/// The database's.
pub async fn get_ssh_key(app: &App, actor: &Actor) -> Result<SshKey, AccountError> {
    let user = actor.user;
    let key = app.store.query(move |connection| find_public_key(connection, user)).await?;
    Ok(show(key.ok_or(AccountError::NoKey)?, app.config.site.ssh_from.as_deref()))
}

/// Replaces the actor's key pair. Hosts take the new key once its line is installed there.
///
/// # Errors
/// The database's.
pub async fn rotate_ssh_key(app: &App, actor: &Actor) -> Result<SshKey, AccountError> {
    let pair = SealedPair::generate(&app.master_key, &app.config.site, actor.user, &actor.user_name)?;
    let actor = actor.clone();
    let key = app
        .store
        .query(move |connection| {
            let now = Utc::now();
            let detail = format!("{}; each host needs the new line", pair.fingerprint);
            retire_ssh_keys(connection, actor.user, now)?;
            pair.insert(connection, actor.user, now)?;
            insert_activity(connection, &actor.deed("ssh_key.rotate", actor.user, detail), now)?;
            find_public_key(connection, actor.user)
        })
        .await?;
    Ok(show(key.ok_or(AccountError::NoKey)?, app.config.site.ssh_from.as_deref()))
}

/// The comment of the public key, by which its owner finds the line again. The site's name is free text.
fn comment(user_name: &UserName, site_name: &str) -> String {
    let site: Vec<String> = site_name
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    format!("pbsweb-{user_name}@{}", site.join("-"))
}

/// The key as the API shows it. The options stand in the line only: they follow the settings, the key does not.
pub(super) fn show(key: PublicKey, from: Option<&str>) -> SshKey {
    let PublicKey { public_line, fingerprint, created_at } = key;
    let from = from.map(|from| format!(",from=\"{from}\"")).unwrap_or_default();
    let authorized_keys_line = format!("restrict{from} {public_line}");
    let install_command = install_command(&authorized_keys_line);
    SshKey { authorized_keys_line, install_command, fingerprint, created_at }
}

/// One line that installs another, pasted into sh, bash, tcsh or zsh.
///
/// The file is touched first, since `>>` does not make one where `noclobber` is set; the empty line keeps apart what
/// was there without an end of line. `!` stands outside the quotes: in tcsh it is special even inside.
fn install_command(line: &str) -> String {
    let quoted = line.replace('\'', r"'\''").replace('!', r"'\!'");
    format!(
        "mkdir -p ~/.ssh && chmod 700 ~/.ssh && touch ~/.ssh/authorized_keys && chmod 600 ~/.ssh/authorized_keys \
         && ( echo ''; echo '{quoted}' ) >> ~/.ssh/authorized_keys"
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn key(from: Option<&str>) -> SshKey {
        let name: UserName = "ada".parse().unwrap();
        let identity = Identity::generate();
        let public = PublicKey {
            public_line: identity.public_line(&comment(&name, "Müller's Computing, Inc!")),
            fingerprint: identity.fingerprint(),
            created_at: Utc::now(),
        };
        show(public, from)
    }

    #[test]
    fn the_line_restricts_the_key_and_tells_whose_it_is() {
        let plain = key(None).authorized_keys_line;
        assert!(plain.starts_with("restrict ssh-ed25519 AAAA"), "{plain}");
        assert!(plain.ends_with(" pbsweb-ada@m-ller-s-computing-inc"), "{plain}");
        let from = key(Some("192.0.2.0/24,!192.0.2.9")).authorized_keys_line;
        assert!(from.starts_with("restrict,from=\"192.0.2.0/24,!192.0.2.9\" ssh-ed25519 AAAA"), "{from}");
    }

    /// Pastes a command into a shell, as a person would, and gives the file it made.
    fn paste(shell: &str, before: Option<&str>, command: &str) -> String {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".ssh/authorized_keys");
        if let Some(before) = before {
            std::fs::create_dir(home.path().join(".ssh")).unwrap();
            std::fs::write(&file, before).unwrap();
        }
        let mut child = Command::new(shell)
            .env("HOME", home.path())
            .current_dir(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let setting = match shell {
            "tcsh" => "set noclobber",
            "bash" => "set -o noclobber -o history -o histexpand",
            _ => "set -C",
        };
        child.stdin.take().unwrap().write_all(format!("{setting}\n{command}\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {output:?}");
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(home.path().join(".ssh")), mode(file.clone())), (0o700, 0o600), "{shell}");
        std::fs::read_to_string(file).unwrap()
    }

    #[test]
    fn the_command_works_where_it_is_pasted() {
        let is_there = |shell: &&str| Command::new(shell).arg("-c").arg("exit 0").output().is_ok();
        let shells: Vec<_> = ["sh", "bash", "tcsh", "zsh", "ksh"].into_iter().filter(is_there).collect();
        assert!(shells.contains(&"sh") && shells.contains(&"bash"), "{shells:?}");
        for shell in shells {
            for from in [None, Some("192.0.2.0/24,!192.0.2.9,*.example.org")] {
                let SshKey { authorized_keys_line: line, install_command, .. } = key(from);
                assert_eq!(paste(shell, None, &install_command).trim_start(), format!("{line}\n"), "{shell}");
                let joined = paste(shell, Some("ssh-rsa AAAA no end of line"), &install_command);
                assert_eq!(joined, format!("ssh-rsa AAAA no end of line\n{line}\n"), "{shell}");
            }
        }
    }

    #[test]
    fn a_sealed_key_opens_for_its_user_only() {
        let master_key = MasterKey::generate().unwrap();
        let (ada, bob) =
            (UserId::from_uuid(uuid::Uuid::from_u128(1)), UserId::from_uuid(uuid::Uuid::from_u128(2)));
        let site = crate::config::Config::default().site;
        let pair = SealedPair::generate(&master_key, &site, ada, &"ada".parse().unwrap()).unwrap();
        let opened = open(&master_key, ada, &pair.sealed_private).unwrap();
        assert_eq!(opened.fingerprint(), pair.fingerprint);
        assert!(open(&master_key, bob, &pair.sealed_private).is_err());
    }
}
