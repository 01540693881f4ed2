//! Parts of pages that know the domain: hosts, jobs, keys. They are given what they show; what they change goes through
//! `client`, and what they share through `state`.

mod activity_table;
mod changed_lines;
mod check_report;
mod header;
mod host_account;
mod host_state;
mod job_state;
mod job_words;
mod key_install;
mod live_banner;
mod live_text;
mod program_name;
mod sharing;
mod steer;
mod upload_form;

pub(crate) use activity_table::ActivityTable;
pub(crate) use changed_lines::{ChangedLines, changed_line};
pub(crate) use check_report::CheckFindings;
pub(crate) use header::Header;
pub(crate) use host_account::{AccountBadge, HostAccountForm, HostAccounts};
pub(crate) use host_state::{HostStatusBadge, HostTrouble, host_choice};
pub(crate) use job_state::{BuildStateBadge, JobStateBadge, job_state_label};
pub(crate) use job_words::{
    end_cause_words, ending_words, exit_meaning, exit_words, next_try_words, source_words, telling_moment,
    walltime_words,
};
pub(crate) use key_install::KeyInstall;
pub(crate) use live_banner::{LiveBanner, LiveMark};
pub(crate) use live_text::LiveText;
pub(crate) use program_name::program_name;
pub(crate) use sharing::Sharing;
pub(crate) use steer::{
    ActionButtons, SteerDialog, SteerWish, Targets, action_label, outcome_badge, refusal, refusal_of,
    result_words,
};
pub(crate) use upload_form::UploadForm;
