//! A simulated OpenPBS host that really runs jobs.
//!
//! One program, `pbs-sim`, is the scheduler with an SSH and SFTP server (`pbs-sim serve`), and it is also the
//! scheduler's commands when it is called `qsub`, `qstat` and so on. Tests start a host in their own process by
//! [`SimHost::start`]. What it prints follows recordings of a real OpenPBS; what it leaves out is accounting,
//! reservations, hooks, memory limits and more than one user id.
//!
//! ```text
//! ssh ─▶ ssh (sign-in, remote commands, SFTP) ─▶ sh ─▶ qsub ─▶ commands ─▶ socket ─▶ scheduler ─▶ site (the rules)
//! ```

pub mod account;
pub mod commands;
pub mod faults;
pub mod folder;
mod host;
pub mod protocol;
mod scheduler;
pub mod serve;
pub mod site;
mod ssh;

pub use commands::send_fault;
pub use faults::{CutPoint, Fault, FaultChange, Faults};
pub use host::{SimConfig, SimHost, accepted_jobs, sim_binary};
pub use site::Accepted;
pub use site::job::{Job, State};
pub use site::queue::Queue;

/// The version that the commands claim.
pub const PBS_VERSION: &str = "23.06.06";
