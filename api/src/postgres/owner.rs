//! Whom the private server runs as. PostgreSQL refuses root, so root lends it a user without rights.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::PrivatePostgresError;

/// A Unix user and group; ourselves when we are not root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Another user than ours: we are root.
    is_lent: bool,
}

impl Owner {
    pub(super) fn find() -> Self {
        let ours = fs::metadata("/proc/self").map(|metadata| (metadata.uid(), metadata.gid()));
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        match ours {
            Ok((0, _)) | Err(_) => ["postgres", "nobody"]
                .iter()
                .find_map(|name| Self::in_passwd(&passwd, name))
                .unwrap_or_else(|| Self { name: "65534".to_owned(), uid: 65534, gid: 65534, is_lent: true }),
            Ok((uid, gid)) => Self { name: uid.to_string(), uid, gid, is_lent: false },
        }
    }

    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name: name.to_owned(), uid, gid, is_lent: true })
    }

    /// A command that will run as this user, apart from our terminal's signals and our variables.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.current_dir("/").process_group(0);
        if self.is_lent {
            // This drops the supplementary groups too.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes a folder that only this user may enter, or makes an existing one so.
    pub(super) fn make_folder(&self, folder: &Path) -> Result<(), PrivatePostgresError> {
        if let Some(parent) = folder.parent() {
            fs::create_dir_all(parent).map_err(PrivatePostgresError::files("make the folder", parent))?;
        }
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            done => done.map_err(PrivatePostgresError::files("make the folder", folder))?,
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(PrivatePostgresError::files("close to others the folder", folder))?;
        self.give(folder)
    }

    /// Hands a file or folder over to this user.
    pub(super) fn give(&self, path: &Path) -> Result<(), PrivatePostgresError> {
        if self.is_lent {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                .map_err(PrivatePostgresError::files("hand over", path))?;
        }
        Ok(())
    }

    /// Whether this user can get to the folder at all: a closed folder above it gives PostgreSQL errors that nobody
    /// understands.
    pub(super) fn check_reach(&self, folder: &Path) -> Result<(), PrivatePostgresError> {
        if !self.is_lent {
            return Ok(());
        }
        for above in folder.ancestors().skip(1) {
            let Ok(metadata) = fs::metadata(above) else { continue };
            let bit = match (metadata.uid() == self.uid, metadata.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & bit == 0 {
                let (folder, user) = (above.to_owned(), self.name.clone());
                return Err(PrivatePostgresError::Unreachable { folder, user });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_read_from_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgresql:x:7:7::/:\npostgres:x:101:104:PG:/var:/bin/sh\nbroken\n";
        let owner = Owner::in_passwd(passwd, "postgres").unwrap();
        assert_eq!((owner.uid, owner.gid), (101, 104));
        assert_eq!(Owner::in_passwd(passwd, "broken"), None);
        assert_eq!(Owner::in_passwd(passwd, "nobody"), None);
    }
}
