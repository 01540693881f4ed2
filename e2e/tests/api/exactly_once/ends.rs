//! How jobs end, and what is known of it on a scheduler that forgets them at once.

use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::job_actions::JobAttributes;
use pbsweb_shared::job::{EndCause, JobState, StateSource};
use pbsweb_shared::problem::ProblemCode;

#[tokio::test]
async fn a_forgotten_job_is_known_by_what_its_script_left() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    for (commands, state, exit_status) in
        [("true", JobState::Completed, 0), ("exit 41", JobState::Failed, 41), ("false", JobState::Failed, 1)]
    {
        let job = user.submit_well(&user.job(commands)).await;
        let ended = user.wait_ended(job.id).await;
        assert_eq!((ended.state, ended.exit_status), (state, Some(exit_status)), "{commands}: {ended:#?}");
        assert_eq!((ended.source, ended.end_cause), (StateSource::Epilogue, Some(EndCause::Exit)));
        assert_eq!((ended.run_count, ended.looking), (1, None));
        assert_eq!(ended.queue.as_deref(), Some("workq"), "also of a job that no listing has seen");
        assert_eq!(app.sim.job_state(job.pbs_id.unwrap().as_str()), None, "the scheduler has forgotten it");
    }
}

#[tokio::test]
async fn a_kept_job_is_known_by_the_schedulers_own_record() {
    let app = TestApp::with(|setup| setup.sim.history = true).await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("exit 9");
    request.script.without_epilogue = true;
    let job = user.submit_well(&request).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(9)), "{ended:#?}");
    assert_ne!(ended.source, StateSource::Epilogue);
}

#[tokio::test]
async fn a_job_that_leaves_no_trace_is_lost_and_never_completed() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("exit 0");
    request.script.without_epilogue = true;
    let job = user.submit_well(&request).await;
    let lost = user.wait_state(job.id, JobState::Lost).await;
    assert_eq!((lost.exit_status, lost.ended_at), (None, None), "{lost:#?}");
    assert!(lost.reason.as_ref().is_some_and(|reason| reason.contains("last seen")), "{lost:#?}");
    let looking = lost.looking.clone().expect("it says that it looks for it");
    assert!(looking.tries >= 2 && looking.since <= looking.last_try_at, "{looking:#?}");
    assert!(looking.next_try_at.is_some_and(|next| next > looking.last_try_at), "{looking:#?}");
    assert!(looking.last_try.contains("does not know the job"), "{looking:#?}");
    let states = user.states_of(job.id).await;
    assert!(!states.contains(&JobState::Completed), "{states:?}");
}

#[tokio::test]
async fn a_running_job_that_is_deleted() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("sleep 600")).await;
    user.wait_state(job.id, JobState::Running).await;
    let _ = user.post_empty(&format!("/jobs/{}/delete", job.id)).await.expect(202);
    assert!(user.find_job(job.id).await.is_delete_requested);
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.end_cause), (JobState::Deleted, Some(EndCause::Deleted)), "{ended:#?}");
    until("its processes are gone", || app.sim.is_idle()).await;
    user.post_empty(&format!("/jobs/{}/delete", job.id)).await.problem(ProblemCode::StateForbids);
}

#[tokio::test]
async fn a_waiting_job_that_is_held_released_and_deleted() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    let _ = user.post_empty(&format!("/jobs/{}/hold", job.id)).await.expect(202);
    user.wait_state(job.id, JobState::Held).await;
    let _ = user.post_empty(&format!("/jobs/{}/release", job.id)).await.expect(202);
    user.wait_state(job.id, JobState::Queued).await;
    let _ = user.post_empty(&format!("/jobs/{}/delete", job.id)).await.expect(202);
    let ended = user.wait_ended(job.id).await;
    assert_eq!(
        (ended.state, ended.started_at, ended.exit_status),
        (JobState::Deleted, None, None),
        "{ended:#?}"
    );
}

#[tokio::test]
async fn a_job_over_its_walltime_is_expired() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("sleep 600");
    request.script.walltime = "2".to_owned();
    let job = user.submit_well(&request).await;
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.end_cause), (JobState::Expired, Some(EndCause::Walltime)), "{ended:#?}");
}

#[tokio::test]
async fn somebody_else_on_the_host_deletes_the_job() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job("sleep 600")).await;
    user.wait_state(job.id, JobState::Running).await;
    let id = job.pbs_id.clone().unwrap();
    let status = std::process::Command::new(app.sim.bin_dir().join("qdel"))
        .arg(id.as_str())
        .env("USER", "ada")
        .env("LOGNAME", "ada")
        .status()
        .unwrap();
    assert!(status.success());
    let ended = user.wait_ended(job.id).await;
    assert!(matches!(ended.state, JobState::Deleted | JobState::Failed), "{ended:#?}");
    assert_ne!(ended.exit_status, Some(0));
}

#[tokio::test]
async fn a_job_is_looked_up_with_the_login_name_that_submitted_it() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let go = app.path("go");
    let script = format!("until [ -e '{}' ]; do sleep 0.05; done; echo well; exit 7", go.display());
    let job = user.submit_well(&user.job(&script)).await;
    user.wait_state(job.id, JobState::Running).await;
    app.sim.add_account("ada2", Some(&user.key_line().await), "/bin/bash").unwrap();
    user.put_account(user.host, "ada2").await;
    user.check_well(user.host).await;
    std::fs::write(&go, "").unwrap();
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(7)), "{ended:#?}");
    assert_eq!(user.stdout_of(job.id).await, "well\n");
}

#[tokio::test]
async fn a_job_of_an_account_that_is_shut_says_so() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let go = app.path("go");
    let script = format!("until [ -e '{}' ]; do sleep 0.05; done", go.display());
    let job = user.submit_well(&user.job(&script)).await;
    user.wait_state(job.id, JobState::Running).await;
    let line = user.key_line().await;
    app.sim.add_account("ada2", Some(&line), "/bin/bash").unwrap();
    user.put_account(user.host, "ada2").await;
    user.check_well(user.host).await;
    app.sim.set_authorized_keys("ada", &[]).unwrap();
    app.inside().transport.forget(user.host).await;
    std::fs::write(&go, "").unwrap();
    let shut = user
        .wait_for("it is said that nobody can ask", job.id, |job| {
            job.reason.as_ref().is_some_and(|reason| reason.contains("cannot be asked"))
        })
        .await;
    assert!(!shut.state.has_ended(), "{shut:#?}");
}

/// The job's own server keeps only that it went; without history its commands follow the job, with it they are told where: its
/// queue says so, and what is done to it is done there.
#[tokio::test]
async fn a_job_that_is_moved_to_another_server_is_followed_there() {
    for history in [false, true] {
        let app = TestApp::with(|setup| setup.sim.history = history).await;
        let user = app.ready_user("ada").await;
        let mut request = user.job("exit 7");
        request.script.hold = true;
        let job = user.submit_well(&request).await;
        user.wait_state(job.id, JobState::Held).await;
        let body = serde_json::json!({ "destination": "workq@other" });
        let _ = user.post(&format!("/jobs/{}/move", job.id), &body).await.expect(202);
        let pbs_id = job.pbs_id.clone().unwrap();
        let by_itself =
            std::process::Command::new(app.sim.bin_dir().join("qstat")).arg(pbs_id.as_str()).output();
        assert_eq!(
            by_itself.unwrap().status.success(),
            !history,
            "only without history qstat follows by itself"
        );
        user.wait_for("the other server tells of it", job.id, |job| {
            job.state == JobState::Held
                && job.queue.as_deref() == Some(if history { "workq@other" } else { "workq" })
        })
        .await;
        let attributes: JobAttributes = user.get(&format!("/jobs/{}/attributes", job.id)).await.json();
        assert!(!attributes.is_running);
        let _ = user.post_empty(&format!("/jobs/{}/release", job.id)).await.expect(202);
        let ended = user.wait_ended(job.id).await;
        assert_eq!(
            (ended.state, ended.exit_status),
            (JobState::Failed, Some(7)),
            "history {history}: {ended:#?}"
        );
        assert_eq!(ended.pbs_id, Some(pbs_id));
        assert!(!user.states_of(job.id).await.contains(&JobState::Lost));
        assert_eq!(app.sim.jobs().len(), 1, "history {history}");
    }
}
