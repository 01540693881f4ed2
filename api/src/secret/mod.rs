//! The master key: the one secret that is not in the database, and what protects the secrets that are.
//!
//! From it come, by label, the key that signs session tokens and the keys that seal users' private SSH keys. A
//! stolen database without this file gives neither. It stands in the data folder (`master.key`) or in a file of its
//! own (`PBSWEB_MASTER_KEY_FILE`); all replicas of a site share one. It is never logged and prints nothing.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
/// XChaCha20's nonce is long enough to be drawn at random for every message.
const NONCE_BYTES: usize = 24;

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("cannot use the master key {}", path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// The file can be read by others.
    #[error("the master key {} may be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    ReadableByOthers {
        /// Where it is.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds something else.
    #[error("{} is not a master key: it holds one line, 32 bytes in base64", path.display())]
    NotAKey {
        /// Where it is.
        path: PathBuf,
    },
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[source] rand::rand_core::OsError),
    /// What was sealed was changed, belongs elsewhere, or was sealed with another master key.
    #[error("a stored secret cannot be opened: it was changed, or sealed with another master key")]
    CannotOpen,
}

/// The master key.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<Self, SecretError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        OsRng.try_fill_bytes(key.as_mut_slice()).map_err(SecretError::Random)?;
        Ok(Self(key))
    }

    /// Reads the key, or makes it where there is none. Two servers that start at once on one folder get the same one.
    ///
    /// # Errors
    ///
    /// When the file cannot be used; a key that others can read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretError> {
        match Self::load(path) {
            Err(SecretError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
        let key = Self::generate()?;
        key.store(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
        // Whoever came first has won; what the file says counts.
        Self::load(path)
    }

    /// Reads the key from a file that must exist.
    ///
    /// # Errors
    ///
    /// When the file cannot be used; a key that others can read is refused.
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let cannot = |source| SecretError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(cannot)?;
        let mode = file.metadata().map_err(cannot)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::ReadableByOthers { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(io::read_to_string(io::Read::take(file, 4096)).map_err(cannot)?);
        let bytes = BASE64.decode(text.trim()).map(Zeroizing::new).ok();
        let key = bytes.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok());
        key.map(|key| Self(Zeroizing::new(key))).ok_or_else(|| SecretError::NotAKey { path: path.to_owned() })
    }

    /// Written beside and linked into place, so that nobody ever reads half a key and none is replaced.
    fn store(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension(format!("new.{}", uuid::Uuid::new_v4().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let line = Zeroizing::new(format!("{}\n", BASE64.encode(self.0.as_slice())));
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&beside, path));
        fs::remove_file(&beside)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    /// The key for one purpose. The same label always gives the same key.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; KEY_BYTES]> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_slice()).expect("a key of any length");
        mac.update(b"pbsweb/v1/");
        mac.update(label.as_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Names the key without telling it, so that a server can see that a database was written with another one.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.derive("fingerprint").iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Encrypts for storage. `associated` ties the result to its place (a row's id, say): it opens nowhere else.
    #[must_use]
    pub fn seal(&self, label: &str, plaintext: &[u8], associated: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        #[expect(
            clippy::expect_used,
            reason = "the system's generator worked at start, when the key was made or read"
        )]
        OsRng.try_fill_bytes(&mut nonce).expect("random bytes");
        let payload = Payload { msg: plaintext, aad: associated };
        #[expect(clippy::expect_used, reason = "fails only for a message of more than 256 GiB")]
        let sealed =
            self.cipher(label).encrypt(XNonce::from_slice(&nonce), payload).expect("a short message");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what `seal` made with the same label and place.
    ///
    /// # Errors
    ///
    /// When it was changed, moved, or sealed with another key.
    pub fn open(
        &self,
        label: &str,
        sealed: &[u8],
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES).ok_or(SecretError::CannotOpen)?;
        self.cipher(label)
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: associated })
            .map(Zeroizing::new)
            .map_err(|_| SecretError::CannotOpen)
    }

    fn cipher(&self, label: &str) -> XChaCha20Poly1305 {
        let key = self.derive(&format!("seal/{label}"));
        XChaCha20Poly1305::new(key.as_slice().into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let read = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(made.derive("x"), read.derive("x"));
        assert_ne!(made.derive("x"), made.derive("y"));
        assert_ne!(made.fingerprint(), MasterKey::generate().unwrap().fingerprint());
        assert_eq!(format!("{made:?}"), "MasterKey");
    }

    #[test]
    fn many_starts_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let prints: Vec<String> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap().fingerprint()))
                .collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(prints.windows(2).all(|pair| pair[0] == pair[1]), "{prints:?}");
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = MasterKey::load_or_create(&path).unwrap_err();
            assert!(matches!(error, SecretError::ReadableByOthers { .. }), "{error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        MasterKey::load(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "short", "AAAA", &"A".repeat(2000), "\u{0}"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(MasterKey::load_or_create(&path), Err(SecretError::NotAKey { .. })), "{text:?}");
        }
        let absent = MasterKey::load(&folder.path().join("absent"));
        assert!(matches!(absent, Err(SecretError::File { .. })));
    }

    #[test]
    fn what_was_sealed_opens_only_unchanged_and_in_its_place() {
        let key = MasterKey::generate().unwrap();
        let sealed = key.seal("ssh-key", b"private", b"user-1");
        assert_eq!(key.open("ssh-key", &sealed, b"user-1").unwrap().as_slice(), b"private");
        assert_ne!(sealed, key.seal("ssh-key", b"private", b"user-1"), "the nonce is new each time");
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(key.open("ssh-key", &changed, b"user-1").is_err(), "byte {i}");
        }
        for length in 0..sealed.len() {
            assert!(key.open("ssh-key", &sealed[..length], b"user-1").is_err(), "{length} bytes");
        }
        assert!(key.open("ssh-key", &sealed, b"user-2").is_err());
        assert!(key.open("other", &sealed, b"user-1").is_err());
        assert!(MasterKey::generate().unwrap().open("ssh-key", &sealed, b"user-1").is_err());
    }
}
