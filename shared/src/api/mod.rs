//! Bodies of requests and answers, one file for each resource of the API.

pub mod accounts;
pub mod activity;
pub mod applications;
pub mod builds;
pub mod groups;
pub mod hosts;
pub mod job_actions;
pub mod job_sets;
pub mod jobs;
pub mod me;
pub mod scripts;
pub mod searches;
pub mod sessions;
pub mod users;
