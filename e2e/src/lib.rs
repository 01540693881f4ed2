//! The harness of the whole-system tests: a server, a database and a simulated host for each test, and helpers named as
//! what a user means.
//!
//! Everything is real but the cluster: PostgreSQL, TLS, HTTP, SSH. Nothing here sleeps and hopes; conditions are waited
//! for, with a limit that only a failure reaches. A harness fails by panicking: its callers are tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness fails by panicking: its callers are tests"
)]

pub mod app;
pub mod client;
pub mod contract;
pub mod database;
pub mod live;
pub mod openssh;
pub mod proxy;
pub mod server;
pub mod stream;
pub mod user;
pub mod wait;

pub use app::{Replica, Setup, TestApp};
pub use client::{Answer, Client};
pub use openssh::{LoginShell, OpenSsh};
pub use stream::{EventStream, StreamEvent};
pub use user::{PASSWORD, User};
pub use wait::{PATIENCE, eventually, eventually_within, until};
