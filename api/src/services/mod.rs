//! Services decide: each function takes the app, the actor, what identifies the thing, and the request.
//!
//! They call the store, the transport and the scheduler's dialect, and know nothing of HTTP. Called by routes, by the
//! command line and by the reconcilers.

pub mod accounts;
pub mod actor;
pub mod applications;
pub mod builds;
pub mod groups;
pub mod hosts;
pub mod jobs;
pub mod reach;
pub mod scripts;
pub mod searches;
pub mod sessions;
pub mod steering;
pub mod submission;
pub mod users;
