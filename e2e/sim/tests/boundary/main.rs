//! The simulated host from outside: its commands against the recordings, its jobs, its SSH server, its faults.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "in a test a panic is a failure that says where"
)]

mod faults;
mod host;
mod jobs;
mod recordings;
mod restart;
mod sftp;
mod ssh;
