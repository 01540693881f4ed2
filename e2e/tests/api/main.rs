//! Whole-system tests over the API: each has its own database, simulated host and server; folders like the routes.

mod archive;
mod bad_input;
mod coverage;
mod events;
mod exactly_once;
mod sessions;
mod stories;
