//! Whole-system tests over the API: each has its own database, simulated host and server; folders like the routes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod admin;
mod applications;
mod archive;
mod bad_input;
mod builds;
mod coverage;
mod events;
mod exactly_once;
mod following;
mod groups;
mod hosts;
mod jobs;
mod odd_listings;
mod proxies;
mod replicas;
mod scripts;
mod searching;
mod sessions;
mod steering;
mod stories;
mod watching;
