//! Each action on one job, as its owner and as an operator, and what the scheduler refuses.

use pbsweb_e2e::TestApp;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::job_actions::{ActionOutcome, JobActionItem, JobAttributes, PastAction};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::steering::{Attribute, Meaning};
use serde_json::json;

use super::{act, ask, ask_with_key, at_scheduler, wait_running, with_operator};

const WAIT: &str = "while [ ! -e go-on ]; do sleep 0.05; done";

#[tokio::test]
async fn holds_of_each_kind_are_set_and_taken_away() {
    let (app, user) = with_operator().await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    for kind in ["user", "operator", "system"] {
        act(&user, job.id, "hold", json!({ "kind": kind })).await;
        user.wait_state(job.id, JobState::Held).await;
        act(&user, job.id, "release", json!({ "kind": kind })).await;
        user.wait_state(job.id, JobState::Queued).await;
    }
    // Each is in the record, with its session.
    let record: Page<Activity> = user.read("/me/activity").await;
    let about: Vec<_> =
        record.items.iter().filter(|one| one.subject.as_deref() == Some(&job.id.to_string())).collect();
    assert_eq!(about.iter().filter(|one| one.action == "job.hold").count(), 3);
    assert!(about.iter().all(|one| one.session.is_some()));
    assert!(about.iter().any(|one| one.detail.ends_with("on cluster: hold (system)")), "{about:?}");
}

#[tokio::test]
async fn an_owner_is_refused_what_operators_may_word_for_word() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let waiting = user.submit_well(&user.job("true")).await;
    let id = waiting.pbs_id.clone().unwrap();
    let refused = |code, words: String, answer: pbsweb_e2e::Answer| {
        assert_eq!(answer.problem(code).detail, Some(words));
    };
    let answer = ask(&user, waiting.id, "hold", json!({ "kind": "system" })).await;
    refused(ProblemCode::Forbidden, format!("qhold: Unauthorized Request  {id}"), answer);
    let answer = ask(&user, waiting.id, "move", json!({ "destination": "nowhere" })).await;
    refused(ProblemCode::HostCommandFailed, format!("qmove: Unknown queue {id}"), answer);
    let answer = ask(&user, waiting.id, "move", json!({ "destination": "workq@elsewhere" })).await;
    let words = format!("qmove: Access from host not allowed, or unknown host {id}");
    refused(ProblemCode::HostCommandFailed, words, answer);
    let answer =
        user.patch(&format!("/jobs/{}", waiting.id), &json!({ "resources": { "nosuch": "1" } })).await;
    let words = format!("qalter: Unknown resource Resource_List.nosuch {id}");
    refused(ProblemCode::HostCommandFailed, words, answer);

    app.sim.set_scheduling(true);
    let running = user.submit_well(&user.job(WAIT)).await;
    wait_running(&app, &user, &running).await;
    let id = running.pbs_id.clone().unwrap();
    let answer = ask(&user, running.id, "rerun", json!({})).await;
    refused(ProblemCode::Forbidden, format!("qrerun: Unauthorized Request  {id}"), answer);
    let answer = ask(&user, running.id, "signal", json!({ "signal": "NOSUCH" })).await;
    refused(ProblemCode::HostCommandFailed, format!("qsig: Unknown/illegal signal name {id}"), answer);
    let longer = json!({ "resources": { "walltime": "100:00:00" } });
    let answer = user.patch(&format!("/jobs/{}", running.id), &longer).await;
    refused(ProblemCode::Forbidden, format!("qalter: Unauthorized Request  {id}"), answer);
    // What its state forbids does not reach the scheduler.
    let served = app.sim.command_count("qmove");
    ask(&user, running.id, "move", json!({ "destination": "workq" }))
        .await
        .problem(ProblemCode::StateForbids);
    assert_eq!(app.sim.command_count("qmove"), served);
    // The refusal stays, with the exit status and what it means.
    let runs: Page<pbsweb_shared::api::job_actions::JobActionRun> = user.read("/job-actions").await;
    let refused = super::items(&user, runs.items[0].id).await.remove(0);
    assert_eq!((refused.outcome, refused.status), (ActionOutcome::Refused, Some(159)), "{refused:#?}");
    assert_eq!(refused.meaning, Some(Meaning::NotAllowed));
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
}

#[tokio::test]
async fn what_was_done_to_a_job_is_listed_with_what_came_of_it() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let (job, other) = (user.submit_well(&user.job("true")).await, user.submit_well(&user.job("true")).await);
    let past = async |id: JobId, rest: &str| {
        user.read::<Page<PastAction>>(&format!("/jobs/{id}/actions{rest}")).await
    };
    assert_eq!(past(job.id, "").await, Page::whole(Vec::new()));
    act(&user, job.id, "hold", json!({})).await;
    act(&user, job.id, "release", json!({})).await;
    let _ = ask(&user, job.id, "move", json!({ "destination": "nowhere" })).await.expect(502);
    let both = json!({ "action": { "type": "hold" }, "jobs": [other.id, job.id] });
    let many = super::act_on_many(&user, &both).await;

    let all = past(job.id, "").await.items;
    let words: Vec<&str> = all.iter().map(|past| past.words.as_str()).collect();
    assert_eq!(words, ["hold (user)", "move to nowhere", "release (user hold)", "hold (user)"]);
    assert!(all.iter().all(|past| past.result.job == job.id && past.user_name == "ada"));
    assert_eq!((all[0].result.action, all[0].result.position), (many.id, 1));
    assert_eq!(all[0].session, job.session);
    let refused = &all[1].result;
    assert_eq!(
        (refused.outcome, refused.meaning),
        (ActionOutcome::Refused, Some(Meaning::BadRequest)),
        "{refused:?}"
    );
    assert!(
        refused.words.as_ref().is_some_and(|words| words.starts_with("qmove: Unknown queue")),
        "{refused:?}"
    );
    let first = past(job.id, "?limit=3").await;
    let rest = past(job.id, &format!("?limit=3&page_token={}", first.next_page_token.unwrap())).await;
    assert_eq!(rest, Page::whole(all[3..].to_vec()));
    assert_eq!(past(other.id, "").await.items.len(), 1);
}

#[tokio::test]
async fn a_waiting_job_is_altered_from_its_own_values() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    let path = format!("/jobs/{}/attributes", job.id);
    let before: JobAttributes = user.read(&path).await;
    let value = |of: &JobAttributes, attribute| {
        of.attributes.iter().find(|one| one.attribute == attribute).unwrap().value.clone()
    };
    assert_eq!(value(&before, Attribute::Name), "job");
    assert_eq!(before.resources["walltime"], "00:05:00");
    assert!(!before.is_running);
    let changes = json!({
        "attributes": { "name": "renamed", "priority": "10", "mail_events": "ae", "account": "it's \"ours\"",
            "start_after": "2031-01-02T03:04", "rerunnable": "n" },
        "resources": { "walltime": "0:10:00" },
    });
    let item: JobActionItem = user.patch(&format!("/jobs/{}", job.id), &changes).await.expect(202).json();
    assert_eq!(item.outcome, ActionOutcome::Done, "{item:#?}");
    let after: JobAttributes = user.read(&path).await;
    assert_eq!(value(&after, Attribute::Name), "renamed");
    assert_eq!(value(&after, Attribute::Priority), "10");
    assert_eq!(value(&after, Attribute::Account), "it's \"ours\"");
    assert_eq!(value(&after, Attribute::StartAfter), "2031-01-02T03:04");
    assert_eq!(value(&after, Attribute::Rerunnable), "n");
    assert_eq!(after.resources["walltime"], "00:10:00");
    let known =
        user.wait_for("waiting under its new name", job.id, |job| job.state == JobState::Waiting).await;
    assert_eq!((known.name.as_str(), known.walltime_seconds), ("renamed", Some(600)));
    // What cannot be is said at its field, and nothing is sent.
    let path = format!("/jobs/{}", job.id);
    let wrong = json!({ "attributes": { "name": "a b" } });
    user.patch(&path, &wrong).await.field(ProblemCode::Invalid, "/attributes/name");
    user.patch(&path, &json!({})).await.field(ProblemCode::Invalid, "/attributes");
    user.patch(&path, &json!({ "attributes": { "comment": "x" } }))
        .await
        .problem(ProblemCode::MalformedRequest);
}

#[tokio::test]
async fn output_that_goes_elsewhere_since_an_alteration_is_read_there() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("echo out; echo err >&2")).await;
    let there = app.sim.home("ada").join("there");
    let changes = json!({ "attributes": { "output_path": there, "join": "oe" } });
    let _ = user.patch(&format!("/jobs/{}", job.id), &changes).await.expect(202);
    app.sim.set_scheduling(true);
    user.wait_ended(job.id).await;
    assert_eq!(user.stdout_of(job.id).await, "out\nerr\n");
    let problem = user.get(&format!("/jobs/{}/output/stderr", job.id)).await.problem(ProblemCode::NotFound);
    assert_eq!(problem.detail.as_deref(), Some("standard error is joined to standard output"));
}

#[tokio::test]
async fn a_running_job_gets_less_time_signals_and_messages() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job(&format!("trap 'echo signalled' CONT; echo ready\n{WAIT}"))).await;
    wait_running(&app, &user, &job).await;
    pbsweb_e2e::eventually("the script runs", || async {
        let output = user.get(&format!("/jobs/{}/output/stdout", job.id)).await;
        (output.status == 200 && output.text().contains("ready")).then_some(())
    })
    .await;
    let attributes: JobAttributes = user.read(&format!("/jobs/{}/attributes", job.id)).await;
    assert!(attributes.is_running);
    let path = format!("/jobs/{}", job.id);
    let less = json!({ "resources": { "walltime": "0:04:00" } });
    let _ = user.patch(&path, &less).await.expect(202);
    // What does not decide where it runs may change all the same.
    let mail = json!({ "attributes": { "name": "late", "mail_events": "e", "priority": "3" } });
    let _ = user.patch(&path, &mail).await.expect(202);
    let attributes: JobAttributes = user.read(&format!("/jobs/{}/attributes", job.id)).await;
    let mail = attributes.attributes.iter().find(|one| one.attribute == Attribute::MailEvents).unwrap();
    assert_eq!(mail.value, "e");
    for more in [json!({ "account": "other" }), json!({ "name": "later", "join": "oe" })] {
        user.patch(&path, &json!({ "attributes": more })).await.problem(ProblemCode::StateForbids);
    }
    act(&user, job.id, "signal", json!({ "signal": "SIGCONT" })).await;
    let text = "-n it's \"half\" done\n`id` $HOME";
    act(&user, job.id, "message", json!({ "text": text })).await;
    act(&user, job.id, "message", json!({ "text": "to the errors", "to_stderr": true })).await;
    act(&user, job.id, "signal", json!({ "signal": "0" })).await;
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    assert_eq!(user.wait_ended(job.id).await.exit_status, Some(0));
    let output = user.stdout_of(job.id).await;
    assert!(output.contains(text) && output.contains("signalled"), "{output}");
    let errors = user.get(&format!("/jobs/{}/output/stderr", job.id)).await.expect(200).text();
    assert!(errors.contains("to the errors"), "{errors}");
    ask(&user, job.id, "message", json!({ "text": "too late" })).await.problem(ProblemCode::StateForbids);
}

#[tokio::test]
async fn jobs_are_moved_and_change_places() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    app.sim.set_scheduling(false);
    let first = user.submit_well(&user.job("true")).await;
    let second = user.submit_well(&user.job("true")).await;
    let rank = |job| at_scheduler(&app.sim, job).rank;
    assert!(rank(&first) < rank(&second));
    act(&user, first.id, "order", json!({ "with": second.id })).await;
    assert!(rank(&first) > rank(&second));
    act(&user, first.id, "move", json!({ "destination": "sequential" })).await;
    user.wait_for("moved", first.id, |job| job.queue.as_deref() == Some("sequential")).await;
    act(&user, first.id, "move", json!({ "destination": "workq@sim" })).await;
    user.wait_for("moved back", first.id, |job| job.queue.as_deref() == Some("workq")).await;
    let with = |job: pbsweb_shared::ids::JobId| json!({ "with": job });
    ask(&user, first.id, "order", with(first.id)).await.field(ProblemCode::Invalid, "/with");
    let nobody = pbsweb_shared::ids::JobId::from_uuid(uuid::Uuid::new_v4());
    ask(&user, first.id, "order", with(nobody)).await.field(ProblemCode::Invalid, "/with");
}

#[tokio::test]
async fn an_operator_runs_a_job_again_and_deletes_by_force() {
    let (app, user) = with_operator().await;
    let mut request = user.job(&format!("echo run >> runs; {WAIT}"));
    request.script.rerunnable = "y".to_owned();
    let job = user.submit_well(&request).await;
    let runs = || {
        let text = std::fs::read_to_string(app.sim.home("ada").join("runs")).unwrap_or_default();
        text.lines().count()
    };
    pbsweb_e2e::until("it runs", || runs() == 1).await;
    wait_running(&app, &user, &job).await;
    act(&user, job.id, "rerun", json!({})).await;
    pbsweb_e2e::until("it runs again", || runs() == 2).await;
    wait_running(&app, &user, &job).await;
    act(&user, job.id, "signal", json!({ "signal": "suspend" })).await;
    user.wait_state(job.id, JobState::Suspended).await;
    act(&user, job.id, "signal", json!({ "signal": "resume" })).await;
    user.wait_state(job.id, JobState::Running).await;
    act(&user, job.id, "delete", json!({ "force": true })).await;
    assert_eq!(user.wait_ended(job.id).await.state, JobState::Deleted);
}

#[tokio::test]
async fn subjobs_of_an_array_are_meant_one_by_one_and_in_ranges() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job(WAIT);
    request.script.array = "1-9".to_owned();
    let job = user.submit_well(&request).await;
    user.wait_state(job.id, JobState::Running).await;
    let item = act(&user, job.id, "delete", json!({ "subjobs": "2-3,5" })).await;
    let ids: Vec<String> = item.pbs_ids.iter().map(ToString::to_string).collect();
    let (number, server) = job.pbs_id.as_ref().unwrap().as_str().split_once("[]").unwrap();
    assert_eq!(ids, ["2-3", "5"].map(|part| format!("{number}[{part}]{server}")));
    assert!(!user.find_job(job.id).await.is_delete_requested, "the array goes on");
    let open = || {
        let array = at_scheduler(&app.sim, &job).array.unwrap();
        let open = array.subjobs.iter().filter(|(_, run)| !run.is_over());
        open.map(|(index, _)| *index).collect::<Vec<_>>()
    };
    pbsweb_e2e::until("three are gone", || open() == [1, 4, 6, 7, 8, 9]).await;
    let item = act(&user, job.id, "delete", json!({ "subjobs": "7-9:2" })).await;
    assert_eq!(item.pbs_ids[0].as_str(), format!("{number}[7-9:2]{server}"));
    pbsweb_e2e::until("every second is gone", || open() == [1, 4, 6, 8]).await;
    // What does not exist is refused in the scheduler's words.
    let problem = ask(&user, job.id, "delete", json!({ "subjobs": "77" })).await;
    let problem = problem.problem(ProblemCode::HostCommandFailed);
    assert_eq!(problem.detail, Some(format!("qdel: Invalid request {number}[77]{server}")));
    ask(&user, job.id, "message", json!({ "text": "x" })).await.problem(ProblemCode::StateForbids);
    ask(&user, job.id, "delete", json!({ "subjobs": "x" })).await.field(ProblemCode::Invalid, "/subjobs");
    act(&user, job.id, "delete", json!({})).await;
    user.wait_for("over", job.id, |job| job.state.has_ended()).await;
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_does_nothing() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job(WAIT)).await;
    wait_running(&app, &user, &job).await;
    let path = format!("/jobs/{}/message", job.id);
    let body = json!({ "text": "only once" });
    let send = |body: serde_json::Value| {
        let (user, path) = (user.clone(), path.clone());
        async move { ask_with_key(&user, "wish-1", &path, &body).await }
    };
    let (one, other) = tokio::join!(send(body.clone()), send(body.clone()));
    let [one, other]: [JobActionItem; 2] = [one, other].map(|answer| answer.expect(202).json());
    assert_eq!(one.action, other.action);
    send(json!({ "text": "something else" })).await.problem(ProblemCode::IdempotencyKeyReused);
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
    user.wait_ended(job.id).await;
    // Also when the job has gone its way.
    let again: JobActionItem = send(body).await.expect(202).json();
    assert_eq!((again.action, again.outcome), (one.action, ActionOutcome::Done));
    assert_eq!(app.sim.command_count("qmsg"), 1);
    assert_eq!(user.stdout_of(job.id).await.matches("only once").count(), 1);
    // A refusal is repeated as well.
    app.sim.set_scheduling(false);
    let job = user.submit_well(&user.job("true")).await;
    let path = format!("/jobs/{}/hold", job.id);
    let system = json!({ "kind": "system" });
    for _ in 0..2 {
        ask_with_key(&user, "wish-2", &path, &system).await.problem(ProblemCode::Forbidden);
    }
    assert_eq!(app.sim.command_count("qhold"), 1);
}
