//! The way to a host: programs and files over SSH, as the user's own account there.
//!
//! [`Transport`] runs small shell programs ([`Program`]), follows long ones as they speak, and moves files, over
//! one multiplexed connection per host account that is kept, paced, watched and closed when idle. [`archive`]
//! checks an uploaded source tree on its way through. Services and the poller call it; it calls nobody.
//!
//! What is deliberately absent: schedulers (it does not know what a program does or what its output means), the
//! database (host keys to trust and the identity to use come in with each call), retries of anything that may have
//! had an effect, and acceptance of a host key nobody confirmed.

pub mod archive;
mod client;
mod connection;
mod dial;
mod endpoint;
mod error;
mod exchange;
mod frame;
mod gate;
mod handler;
mod identity;
mod path;
mod pool;
mod program;
mod settings;
mod sftp;

pub use client::Transport;
pub use endpoint::{Endpoint, HostKey, HostKeyError, JumpHost};
pub use error::{Step, TransportError, UnreachableCause};
pub use exchange::{Output, ProgramEvent, RunningProgram};
pub use gate::HostHealth;
pub use identity::{Identity, IdentityError, IdentityId};
pub use path::{RemotePath, RemotePathError};
pub use program::{Program, ProgramError};
pub use settings::{RunLimits, TransferLimits, TransportSettings};
pub use sftp::{DirEntry, Download, FileKind, FileRange, FileSize, FileStat, SftpFailure};
