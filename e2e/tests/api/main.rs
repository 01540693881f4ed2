//! Whole-system tests over the API: each has its own database, simulated host and server; folders like the routes.

mod admin;
mod applications;
mod archive;
mod bad_input;
mod builds;
mod coverage;
mod events;
mod exactly_once;
mod hosts;
mod jobs;
mod scripts;
mod sessions;
mod stories;
