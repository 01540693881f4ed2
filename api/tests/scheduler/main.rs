//! The scheduler's dialects and the pure half of the poller, at their boundary: text in, values out, and the programs
//! really run by the shells at hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what it expects, and fails otherwise"
)]

mod diff;
mod fuzz;
mod listings;
mod programs;
mod recording;
mod recordings;
mod refusals;
mod settle;
mod speed;
mod submission;
mod two_steps;
