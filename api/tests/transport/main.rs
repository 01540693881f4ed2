//! The transport against a real OpenSSH server, which each test starts for itself on a port of its own.
//!
//! Needs `sshd` (the package `openssh-server`), as root or as an ordinary user; the account that runs the tests is
//! the account that is logged in to.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

mod archive;
mod files;
mod keys;
mod run;
mod sshd;
