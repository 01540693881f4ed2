//! The connection is cut before, during and after `qsub`.

use pbsweb_e2e::TestApp;
use pbsweb_shared::job::JobState;
use pbsweb_sim::{CutPoint, Fault};

use super::n_accepted;

async fn runs_once_when_cut(at: CutPoint) {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    // The poller's exchanges are on the same connection: only the submission is to be hit.
    let matching = match at {
        CutPoint::BeforeExec | CutPoint::AfterExecStart | CutPoint::BeforeAnswer => {
            Some("marker-7f3a".to_owned())
        }
        CutPoint::BeforeSubmit | CutPoint::AfterSubmit => None,
    };
    app.sim.faults().arm_times(Fault::Cut { at, matching }, 1);
    let job = user.submit(&user.job("echo marker-7f3a")).await;
    assert!(app.sim.faults().armed().is_empty(), "the cut never happened");
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Completed, Some(0)), "{ended:#?}");
    assert_eq!(n_accepted(&app.sim, job.id), 1, "{at:?}");
    assert_eq!(user.stdout_of(job.id).await, "marker-7f3a\n");
    let states = user.states_of(job.id).await;
    assert_eq!(states.first(), Some(&JobState::Submitting));
    let known: Vec<_> = states
        .iter()
        .filter(|state| matches!(state, JobState::Rejected | JobState::Lost | JobState::Failed))
        .collect();
    assert!(known.is_empty(), "{states:?}");
}

#[tokio::test]
async fn a_cut_before_the_exchange() {
    runs_once_when_cut(CutPoint::BeforeExec).await;
}

#[tokio::test]
async fn a_cut_while_the_script_travels() {
    runs_once_when_cut(CutPoint::AfterExecStart).await;
}

#[tokio::test]
async fn a_cut_before_the_scheduler_takes_the_job() {
    runs_once_when_cut(CutPoint::BeforeSubmit).await;
}

#[tokio::test]
async fn a_cut_after_the_scheduler_took_the_job() {
    runs_once_when_cut(CutPoint::AfterSubmit).await;
}

#[tokio::test]
async fn a_cut_that_swallows_the_answer() {
    runs_once_when_cut(CutPoint::BeforeAnswer).await;
}
