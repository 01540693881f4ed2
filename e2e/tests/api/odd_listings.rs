//! Listings that are slow, that have a job that cannot be read, or lack one that is there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pbsweb_e2e::{TestApp, eventually};
use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostJobs, HostStatus};
use pbsweb_shared::job::JobState;
use pbsweb_sim::{Fault, SimHost};

/// Puts a program in place of `qstat` that runs the real one, `$QSTAT`, by these lines.
fn wrap_qstat(sim: &SimHost, lines: &str) {
    let (bin, real) = (sim.bin_dir().join("qstat"), sim.dir().join("real"));
    fs::create_dir(&real).unwrap();
    fs::rename(&bin, real.join("qstat")).unwrap();
    let program = format!(
        "#!/bin/sh\nexport PBS_SIM_DIR='{}'\nQSTAT='{}'\n{lines}\n",
        sim.dir().display(),
        real.join("qstat").display(),
    );
    fs::write(&bin, program).unwrap();
    fs::set_permissions(&bin, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_listed_and_hides_no_other() {
    let app = TestApp::start().await;
    app.sim.add_held_jobs("eve", 2);
    // As the scheduler's own, with one job more that has neither owner nor state.
    wrap_qstat(
        &app.sim,
        "\"$QSTAT\" \"$@\" || exit\n\
         [ \"$*\" != -f ] || printf 'Job Id: 4242.cluster\\n    Job_Name = broken\\n\\n'",
    );
    let ada = app.ready_user("ada").await;
    let listed = eventually("all are listed", || async {
        let listed: HostJobs = ada.read(&format!("/hosts/{}/jobs", ada.host)).await;
        (listed.jobs.len() == 3).then_some(listed)
    })
    .await;
    assert_eq!(listed.health.status, HostStatus::Up);
    let told: Vec<_> = listed.jobs.iter().map(|job| (job.owner.as_str(), job.state)).collect();
    assert_eq!(told, [("eve", Some(JobState::Held)), ("eve", Some(JobState::Held)), ("", None)]);
    assert_eq!(listed.jobs[2].pbs_id.as_str(), "4242.cluster");
    assert!(listed.jobs[2].comment.as_ref().is_some_and(|words| words.contains("could not be read")));
}

#[tokio::test]
async fn the_schedulers_estimate_of_the_start_is_told() {
    let app = TestApp::start().await;
    app.sim.add_held_jobs("eve", 1);
    // As its servers print it (`estimated`, pbs_job_attributes(7B)); one that is not known yet is 0.
    wrap_qstat(
        &app.sim,
        "\"$QSTAT\" \"$@\" || exit\n[ \"$*\" = -f ] || exit 0\n\
         for n in 'Sun Nov 29 20:42:19 2026' 0; do\n\
         printf 'Job Id: 42%s.cluster\\n    Job_Name = heat\\n    Job_Owner = eve@cluster\\n    job_state = Q\\n    queue = workq\\n    estimated.start_time = %s\\n\\n' \"${#n}\" \"$n\"\n\
         done",
    );
    let ada = app.ready_user("ada").await;
    let listed = eventually("all are listed", || async {
        let listed: HostJobs = ada.read(&format!("/hosts/{}/jobs", ada.host)).await;
        (listed.jobs.len() == 3).then_some(listed)
    })
    .await;
    let told: Vec<_> =
        listed.jobs.iter().map(|job| job.estimated_start_at.map(|at| at.to_rfc3339())).collect();
    assert_eq!(told, [None, Some("2026-11-29T20:42:19+00:00".to_owned()), None]);
}

/// When each command of a listing began and ended, in nanoseconds, by the host's clock.
fn listings(log: &Path) -> Vec<(u64, u64)> {
    let mut listings: Vec<(u64, u64)> = Vec::new();
    let mut open = None;
    for line in fs::read_to_string(log).unwrap_or_default().lines() {
        let mut words = line.split(' ');
        let (Some(at), Some(what), Some(option)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let at: u64 = at.parse().unwrap();
        match what {
            "begin" => {
                assert_eq!(open.replace(option.to_owned()), None, "two commands at once");
                if option == "-f" {
                    listings.push((at, at));
                }
            }
            _ => {
                assert_eq!(open.take().as_deref(), Some(option));
                // The program may have been put there in the middle of a listing.
                if let Some(last) = listings.last_mut() {
                    last.1 = at;
                }
            }
        }
    }
    listings
}

#[tokio::test]
async fn a_host_that_answers_slowly_is_left_alone_as_long_as_it_took() {
    const LATE: u64 = 250;

    let app = TestApp::start().await;
    app.sim.add_held_jobs("eve", 2);
    let ada = app.ready_user("ada").await;
    let listed = async || ada.read::<HostJobs>(&format!("/hosts/{}/jobs", ada.host)).await;
    eventually("all are listed", || async { (listed().await.jobs.len() == 2).then_some(()) }).await;
    let log = app.path("listings");
    wrap_qstat(
        &app.sim,
        &format!(
            "log={}\necho \"$(date +%s%N) begin $1\" >>\"$log\"\n\"$QSTAT\" \"$@\"\nstatus=$?\n\
             echo \"$(date +%s%N) end $1\" >>\"$log\"\nexit $status",
            log.display()
        ),
    );
    app.sim.faults().arm(Fault::Delay { command: Some("qstat".to_owned()), ms: LATE });
    let seen = eventually("five listings", || async {
        // Whoever looks meanwhile sees what was known, and that the host is up.
        let now = listed().await;
        assert_eq!((now.health.status, now.jobs.len()), (HostStatus::Up, 2));
        Some(listings(&log)).filter(|seen| seen.len() > 5)
    })
    .await;
    // The first may have begun before its host was slow, and the last may not have ended.
    for pair in seen[1..5].windows(2) {
        let &[(begun, ended), (next, _)] = pair else { unreachable!() };
        let (took, pause) = (ended - begun, next - ended);
        assert!(took >= 3 * LATE * 1_000_000, "three commands: {took}");
        assert!(pause >= took, "after {took} ns it was asked again within {pause} ns");
    }
    let now = listed().await.health;
    assert!(now.latency_ms.is_some_and(|ms| u64::from(ms) >= 3 * LATE), "{now:?}");
    assert!(now.calls_last_minute <= 3 * now.listings_last_minute, "{now:?}");
}

#[tokio::test]
async fn a_job_that_vanishes_and_comes_back_has_not_ended() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let job = ada.submit_well(&ada.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    let running = ada.wait_state(job.id, JobState::Running).await;
    let mut events = ada.events().await;
    let id = running.pbs_id.unwrap().to_string();
    app.sim.faults().arm(Fault::JobHidden { id: id.split('.').next().unwrap().to_owned() });
    let missing = ada.wait_state(job.id, JobState::Lost).await;
    assert!(missing.looking.is_some());
    assert_eq!((missing.ended_at, missing.exit_status, missing.end_cause), (None, None, None));
    app.sim.faults().clear();
    let back = ada.wait_state(job.id, JobState::Running).await;
    assert_eq!((back.run_count, back.started_at), (1, running.started_at));
    ada.wait_for("found", job.id, |job| job.looking.is_none()).await;
    fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(ada.wait_ended(job.id).await.exit_status, Some(0));

    let states = ada.states_of(job.id).await;
    let ends = states.iter().filter(|state| state.has_ended());
    assert_eq!(ends.collect::<Vec<_>>(), [&JobState::Completed], "{states:?}");
    // Nor was anything else told to those who watched.
    let told =
        events.read_until(|event| matches!(event, Event::Job(job) if job.state == JobState::Completed)).await;
    let states: Vec<JobState> = told
        .into_iter()
        .filter_map(|told| match told.event {
            Event::Job(job) => Some(job.state),
            Event::Build(_) | Event::Host { .. } | Event::Snapshot { .. } | Event::Reset => None,
        })
        .collect();
    let n_ends = states.iter().filter(|state| state.has_ended()).count();
    assert_eq!(n_ends, 1, "{states:?}");
}
