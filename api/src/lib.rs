//! PBSWeb's server: the JSON API, the PostgreSQL history and the SSH dispatch.
//!
//! A request walks routes → services → scheduler (pure), transport (SSH), store (SQL). What hosts say comes back through
//! the poller: transport → scheduler → diff → store → events. `ARCHITECTURE.md` follows both walks by file.

pub mod app;
pub mod config;
pub mod error;
pub mod events;
pub mod page;
pub mod poller;
pub mod postgres;
pub mod replica;
pub mod routes;
pub mod scheduler;
pub mod secret;
pub mod server;
pub mod services;
pub mod store;
pub mod telemetry;
pub mod transport;
