//! How long a kill -9 of the server is felt: until it answers again, and until every submission that was under way is settled.
//!
//! One server with its own PostgreSQL, as shipped, which is started again at once, as a service manager would. When it is
//! killed, the scheduler has its submissions and has not answered yet: nobody is left who waits for those answers.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use pbsweb_e2e::live::Client;
use pbsweb_shared::api::hosts::Host;
use pbsweb_shared::api::jobs::Job;
use pbsweb_sim::{Fault, SimHost};
use reqwest::Method;
use uuid::Uuid;

use crate::report::{Times, head, say};
use crate::stand::Stand;
use crate::submissions::{delete, wish};

/// Kills.
pub(crate) const TURNS: usize = 5;

/// Submissions that are under way at each.
pub(crate) const UNDER_WAY: usize = 8;

/// So late does the scheduler answer.
const ANSWER_DELAY_MS: u64 = 1_000;

/// Longer than any recovery.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

/// Prints the table; the server is another process afterwards.
pub(crate) async fn measure(stand: &mut Stand) -> anyhow::Result<()> {
    let (mut answering, mut settled) = (Times::default(), Times::default());
    for _ in 0..TURNS {
        let jobs = put_under_way(&stand.user, &stand.sim, &stand.simulated).await?;
        let killed = Instant::now();
        stand.kill_server().await?;
        stand.start_server().await?;
        answering.push(killed.elapsed());
        settled.push(settle(&stand.user, &jobs, killed).await?);
        for job in &jobs {
            delete(&stand.user, job).await?;
        }
    }
    head(&format!("After kill -9 of the server with {UNDER_WAY} submissions under way ({TURNS} times)"));
    answering.tell("until it answers again, PostgreSQL's recovery included");
    settled.tell("until every submission is settled");
    say("  Aim: settled within 10,000 ms.");
    Ok(())
}

/// Submits jobs, and returns when the scheduler has all of them and has answered none.
pub(crate) async fn put_under_way(user: &Client, sim: &SimHost, host: &Host) -> anyhow::Result<Vec<Job>> {
    let late = Fault::Delay { command: Some("qsub".to_owned()), ms: ANSWER_DELAY_MS };
    sim.faults().arm_times(late, u32::try_from(UNDER_WAY)?);
    let n_before = sim.command_count("qsub");
    let jobs = try_join_all((0..UNDER_WAY).map(|_| submit(user, host))).await?;
    let asked = |sim: &SimHost| sim.command_count("qsub") == n_before + UNDER_WAY as u64;
    ensure!(sim.wait_until(LIMIT, asked).await, "the submissions never reached the scheduler");
    Ok(jobs)
}

async fn submit(user: &Client, host: &Host) -> anyhow::Result<Job> {
    let request = user
        .request(Method::POST, "/jobs?wait=0")
        .header("Idempotency-Key", Uuid::new_v4().to_string())
        .json(&wish(host));
    user.answer(request).await.context("a submission was not accepted")
}

/// How long after the kill every job has its id.
pub(crate) async fn settle(user: &Client, jobs: &[Job], killed: Instant) -> anyhow::Result<Duration> {
    for job in jobs {
        while user.get::<Job>(&format!("/jobs/{}", job.id)).await?.pbs_id.is_none() {
            ensure!(killed.elapsed() < LIMIT, "the job {} is not settled", job.id);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(killed.elapsed())
}
