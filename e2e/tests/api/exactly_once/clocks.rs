//! Clocks that jump.

use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use pbsweb_sim::Fault;

use super::{by_hand, n_accepted};

/// Whether the scheduler's clock jumps forwards or back: nothing is lost that waits meanwhile, and what only the scheduler knows is
/// found, although it is selected by the time of its making.
#[tokio::test]
async fn a_scheduler_whose_clock_jumps_by_an_hour() {
    let app = TestApp::with(|setup| setup.sim.history = true).await;
    let user = app.ready_user("ada").await;
    for hours in [1, -1, 0] {
        let mut request = user.job("exit 3");
        request.script.hold = true;
        let waiting = user.submit_well(&request).await;
        user.wait_state(waiting.id, JobState::Held).await;
        app.sim.set_clock_ahead(hours * 3600);
        let after = user.submit_well(&user.job("exit 0")).await;
        let n_before = app.sim.jobs().len();
        app.sim.faults().arm_times(Fault::SubmitKilled { accepted: true, whole: true }, 1);
        let unanswered: Job =
            user.try_submit(&format!("killed:{hours}"), 0, &user.job("exit 4")).await.expect(201).json();
        until("the scheduler has the job", || app.sim.jobs().len() == n_before + 1).await;
        by_hand(&app, "ada", "qrls", &[waiting.pbs_id.as_ref().unwrap().as_str()]);
        for (job, state, exit_status) in [
            (&waiting, JobState::Failed, Some(3)),
            (&after, JobState::Completed, Some(0)),
            (&unanswered, JobState::Failed, Some(4)),
        ] {
            let ended = user.wait_ended(job.id).await;
            assert_eq!((ended.state, ended.exit_status), (state, exit_status), "{hours} h: {ended:#?}");
            assert_eq!(n_accepted(&app.sim, job.id), 1, "{hours} h: {ended:#?}");
        }
    }
}
