//! A home folder without room: over quota, or a full disk.

use pbsweb_e2e::TestApp;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::job::JobState;
use pbsweb_shared::problem::ProblemCode;

use crate::archive::Tree;

#[tokio::test]
async fn a_home_without_room_refuses_in_clear_words_and_loses_nothing() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first = user.upload("code", Tree::new().file("v1", "one").tar()).await;
    // No file of the account may be longer: writing fails as it does over quota.
    let rc = app.sim.home("ada").join(".bashrc");
    std::fs::write(&rc, "trap '' XFSZ; ulimit -f 16\n").unwrap();

    let refused: Job = user.try_submit("full", 60, &user.job("exit 0")).await.expect(201).json();
    assert_eq!(refused.state, JobState::Rejected, "{refused:#?}");
    assert!(refused.reason.as_ref().is_some_and(|words| words.contains("quota")), "{refused:#?}");
    assert_eq!((app.sim.command_count("qsub"), app.sim.jobs().len()), (0, 0));
    let upload = user.try_upload("code", Tree::new().zeros("v2", 1 << 20).tar()).await;
    let problem = upload.problem(ProblemCode::HostCommandFailed);
    assert!(problem.detail.as_ref().is_some_and(|words| words.contains("quota")), "{problem:#?}");
    let home = app.sim.home("ada").join("pbsweb");
    assert!(home.join("code/v1").exists() && !home.join("code/v2").exists());
    assert_eq!(std::fs::read_dir(home.join(".uploads")).unwrap().count(), 0, "nothing is left behind");
    let known: pbsweb_shared::api::applications::Application =
        user.read(&format!("/applications/{}", first.id)).await;
    assert_eq!(known, first);

    std::fs::remove_file(&rc).unwrap();
    let again: Job = user.try_submit("full", 60, &user.job("exit 0")).await.expect(201).json();
    assert_eq!((again.id, again.state), (refused.id, JobState::Rejected), "a repeat gets the first answer");
    let job = user.submit_well(&user.job("exit 0")).await;
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Completed);
    user.upload("code", Tree::new().file("v2", "two").tar()).await;
    assert!(home.join("code/v2").exists());
}
