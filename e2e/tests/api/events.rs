//! The stream of events: in order, without gaps or repetitions over a resume, and nobody else's.

use pbsweb_e2e::{EventStream, TestApp};
use pbsweb_shared::event::Event;
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::problem::ProblemCode;
use reqwest::Method;

fn has_ended(event: &Event, id: JobId) -> bool {
    matches!(event, Event::Job(job) if job.id == id && job.state.has_ended())
}

#[tokio::test]
async fn a_resumed_stream_has_no_gap_and_no_repetition() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut whole = user.events().await;
    let mut cut = user.events().await;
    let first = user.submit_well(&user.job("true")).await;
    let before =
        cut.read_until(|event| matches!(event, Event::Job(job) if job.state == JobState::Queued)).await;
    drop(cut);
    user.wait_ended(first.id).await;
    let second = user.submit_well(&user.job("exit 2")).await;
    user.wait_ended(second.id).await;

    let mut resumed = user.events_after(before.last().unwrap().id).await;
    let after = resumed.read_until(|event| has_ended(event, second.id)).await;
    let seen: Vec<_> = before.into_iter().chain(after).collect();
    let expected = whole.read_until(|event| has_ended(event, second.id)).await;
    // The other was opened a moment later.
    let expected: Vec<_> = expected.into_iter().skip_while(|event| event.id < seen[0].id).collect();
    let ids = |events: &[pbsweb_e2e::StreamEvent]| events.iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&seen), ids(&expected));
    assert!(ids(&seen).is_sorted_by(|a, b| a < b), "{:?}", ids(&seen));
    assert_eq!(seen, expected);
    // The resumed one is live too.
    let third = user.submit_well(&user.job("true")).await;
    resumed.read_until(|event| has_ended(event, third.id)).await;
}

#[tokio::test]
async fn other_users_jobs_and_builds_are_never_told() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let mut stream = bob.events().await;
    let mut replay_from = app.admin.events().await;
    let application = ada.upload("hello", crate::archive::hello().tar()).await;
    let build = ada.start_build(application.id).await;
    ada.follow_build(build.id).await;
    let hers = ada.submit_well(&ada.job("true")).await;
    ada.wait_ended(hers.id).await;
    let his = bob.submit_well(&bob.job("while [ ! -e go-on ]; do sleep 0.05; done")).await;
    // A listing that shows it is news for everybody.
    bob.wait_state(his.id, JobState::Running).await;
    std::fs::write(app.sim.home("bob").join("go-on"), "").unwrap();
    let told = stream.read_until(|event| has_ended(event, his.id)).await;
    // The same over a resume, which reads the database.
    let oldest = told.first().unwrap().id;
    let again = bob.events_after(oldest - 1).await.read_until(|event| has_ended(event, his.id)).await;
    let shared = replay_from.read_until(|event| matches!(event, Event::Snapshot { .. })).await;
    for event in told.iter().chain(&again).chain(&shared) {
        match &event.event {
            Event::Job(job) => assert_eq!(job.id, his.id),
            Event::Build(build) => panic!("{build:?}"),
            Event::Host { .. } | Event::Snapshot { .. } => {}
            Event::Reset => panic!("nothing was missed"),
        }
    }
}

#[tokio::test]
async fn a_stream_that_missed_too_much_is_told_to_read_again() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut stream = user.events_after(1_000_000_000).await;
    assert_eq!(stream.next().await.unwrap().event, Event::Reset);
    let job = user.submit_well(&user.job("true")).await;
    stream.read_until(|event| has_ended(event, job.id)).await;
    for header in ["soon", "-", "1.5", ""] {
        let request = user.request(Method::GET, "/events").header("Last-Event-ID", header);
        user.send(request).await.problem(ProblemCode::MalformedRequest);
    }
}

async fn ends(mut stream: EventStream) -> usize {
    let mut n_events = 0;
    while stream.next().await.is_some() {
        n_events += 1;
    }
    n_events
}

/// Events keep coming meanwhile: a busy stream must look at its session too.
#[tokio::test]
async fn signing_out_ends_the_stream() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let busy = user.submit_well(&user.job("sleep 600")).await;
    user.wait_state(busy.id, JobState::Running).await;
    let stream = user.events().await;
    let _ = user.delete("/sessions/current").await.expect(204);
    ends(stream).await;
}

#[tokio::test]
async fn a_stop_of_the_server_ends_the_stream() {
    let mut app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let stream = user.events().await;
    let begun = std::time::Instant::now();
    app.stop_server().await;
    ends(stream).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_says_that_it_is_alive() {
    let app = TestApp::start().await;
    // A browser does not show comments to the page, which has to know.
    app.admin.events().await.wait_alive().await;
}
