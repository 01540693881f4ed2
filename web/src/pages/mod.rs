//! One page for each route of `app`: it fetches what it shows and composes `components` and `ui`.

pub(crate) mod admin;
mod application;
mod applications;
mod compose;
mod create_account;
mod home;
mod hosts;
mod job;
mod jobs;
mod nodes;
mod queues;
mod settings;
mod sign_in;

pub(crate) use application::Application;
pub(crate) use applications::Applications;
pub(crate) use compose::Compose;
pub(crate) use create_account::CreateAccount;
pub(crate) use home::Home;
pub(crate) use hosts::Hosts;
pub(crate) use job::Job;
pub(crate) use jobs::Jobs;
pub(crate) use nodes::Nodes;
pub(crate) use queues::Queues;
pub(crate) use settings::Settings;
pub(crate) use sign_in::SignIn;
