//! The sections of the form, in its order: what most jobs need first.

mod advanced;
mod array;
mod chunks;
mod commands;
mod common;
mod dependencies;
mod mail;
mod output;
mod queue;
mod rare;
mod schedule;
mod section;
mod variables;

pub(super) use advanced::Advanced;
pub(super) use array::Array;
pub(super) use commands::Commands;
pub(super) use common::Common;
pub(super) use dependencies::Dependencies;
pub(super) use mail::Mail;
pub(super) use output::Output;
pub(super) use rare::Rare;
pub(super) use schedule::Schedule;
pub(super) use variables::Variables;
