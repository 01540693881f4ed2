//! Administration: users, hosts, activity. The server lets only administrators do any of it.

mod activity;
mod hosts;
mod users;

pub(crate) use activity::Activity;
pub(crate) use hosts::Hosts;
pub(crate) use users::Users;
