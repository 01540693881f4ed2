//! The folder of a simulated host: where everything of it is.
//!
//! ```text
//! DIR/bin/qsub …        the scheduler's commands, links to pbs-sim
//! DIR/home/LOGIN        home folders
//! DIR/host_key          the SSH server's key
//! DIR/site/server.json  name and socket of the scheduler
//! DIR/site/state.json   jobs, queues, nodes
//! DIR/site/spool        scripts and output of running jobs
//! DIR/site/undelivered  output that could not be delivered
//! ```

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The commands that exist in `bin`.
pub const COMMANDS: [&str; 13] = [
    "qsub", "qstat", "qdel", "qhold", "qrls", "qalter", "qsig", "qselect", "pbsnodes", "qmove", "qrerun",
    "qmsg", "qorder",
];

/// Where the commands find their server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ServerAddress {
    pub(crate) name: String,
    pub(crate) socket: PathBuf,
}

/// The folder of a simulated host.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path, which need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The scheduler's commands.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// The key of the SSH server.
    #[must_use]
    pub fn host_key(&self) -> PathBuf {
        self.0.join("host_key")
    }

    /// The home folder of an account that has none given.
    #[must_use]
    pub fn home(&self, login: &str) -> PathBuf {
        self.0.join("home").join(login)
    }

    pub(crate) fn site(&self, name: &str) -> PathBuf {
        self.0.join("site").join(name)
    }

    /// Makes the folders and the links to the commands.
    pub(crate) fn create(&self, binary: &Path) -> io::Result<()> {
        for folder in ["bin", "home", "site/spool", "site/undelivered", "site/tmp"] {
            std::fs::create_dir_all(self.0.join(folder))?;
        }
        for command in COMMANDS {
            let link = self.bin().join(command);
            if std::fs::read_link(&link).is_ok_and(|target| target == binary) {
                continue;
            }
            match std::fs::remove_file(&link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => std::os::unix::fs::symlink(binary, &link)?,
            }
        }
        Ok(())
    }

    /// A path for the socket that is short enough for a socket.
    pub(crate) fn socket(&self) -> PathBuf {
        let inside = self.site("scheduler.sock");
        if inside.as_os_str().len() < 100 {
            return inside;
        }
        let number = rand::random::<u64>();
        std::env::temp_dir().join(format!("pbs-sim-{number:016x}.sock"))
    }

    pub(crate) fn read_address(&self) -> io::Result<ServerAddress> {
        Ok(serde_json::from_slice(&std::fs::read(self.site("server.json"))?)?)
    }

    pub(crate) fn write_address(&self, address: &ServerAddress) -> io::Result<()> {
        write_whole(&self.site("server.json"), &serde_json::to_vec(address)?)
    }
}

/// Writes a file so that nobody ever sees half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("new{:08x}", rand::random::<u32>()));
    let mut file = std::fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    drop(file);
    std::fs::rename(&temporary, path)
}
