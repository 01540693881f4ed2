//! PBSWeb as its users meet it: the released program as a process of its own, and its public API from outside.
//!
//! The demonstration and the measurements are made of this. It knows the API only by the types of `shared`, and the server
//! only by its command line, its settings file and its signals.

mod client;
mod machine;
mod server;

pub use client::{Client, Http};
pub use machine::{end_politely, is_root, others_may_enter, program_beside};
pub use server::{ServerProcess, ServerSettings};
