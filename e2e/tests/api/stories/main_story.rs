//! The main story, told once and used on the simulated host and behind OpenSSH.

use std::path::Path;

use pbsweb_e2e::{TestApp, User, until};
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::applications::{Application, RecentCommands};
use pbsweb_shared::api::builds::{Build, BuildState};
use pbsweb_shared::api::jobs::{Job, JobFile, JobScriptText};
use pbsweb_shared::api::scripts::{Revision, Script};
use pbsweb_shared::event::Event;
use pbsweb_shared::host::{HostJobs, HostQueues};
use pbsweb_shared::job::{JobState, StateSource};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::{JobScriptDraft, VariableDraft};

use crate::archive::{Tree, hello};

/// A value that no form of `qsub -v` would carry.
const AWKWARD: &str = "it's \"quoted\" \\ $HOME `id` 100%, ü";

#[tokio::test]
async fn from_the_upload_to_the_next_revision() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    tell(&app, &user, &app.sim.home("ada"), "").await;
    assert_eq!(app.sim.jobs().len(), 2);
}

/// `home` is the home folder of the user's account on the user's host, `banner` what its start-up file prints: a job's
/// own login shell prints it too, into the job's output, before the script runs.
pub(super) async fn tell(app: &TestApp, user: &User, home: &Path, banner: &str) {
    let mut events = user.events().await;
    let application = upload_and_build(user, home).await;
    let first = submit_and_read(user, &application, home, banner).await;
    queue_page_shows(user, &first).await;

    // What a page saw meanwhile: the build to its end, then the job through its states.
    let told = events.read_until(|event| matches!(event, Event::Job(job) if job.state.has_ended())).await;
    let numbers: Vec<i64> = told.iter().map(|event| event.id).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let states: Vec<JobState> = told
        .iter()
        .filter_map(|event| match &event.event {
            Event::Job(job) if job.id == first.id => Some(job.state),
            Event::Job(_) | Event::Build(_) | Event::Host { .. } | Event::Snapshot { .. } | Event::Reset => {
                None
            }
        })
        .collect();
    assert_eq!(states.first(), Some(&JobState::Submitting), "{states:?}");
    assert!(states.contains(&JobState::Running), "{states:?}");
    assert!(told.iter().any(|event| matches!(&event.event,
        Event::Build(build) if build.state == BuildState::Succeeded)));

    let second = pick_change_and_submit_again(user, &application, &first).await;
    history_has_all(user, &application, &[&second, &first]).await;
    assert!(app.inside().n_tasks() > 0);
}

async fn upload_and_build(user: &User, home: &Path) -> Application {
    let application = user.upload("hello", hello().tar_gz()).await;
    let [place] = application.hosts.as_slice() else { panic!("{application:?}") };
    assert_eq!(place.host, user.host);
    assert_eq!(Path::new(&place.folder), home.join("pbsweb/hello"));
    assert_eq!(std::fs::read_link(home.join("pbsweb/hello/README")).unwrap(), Path::new("Makefile"));

    let build = user.start_build(application.id).await;
    assert_eq!((build.command.as_str(), &build.digest), ("make", &place.digest));
    let (output, build) = user.follow_build(build.id).await;
    assert!(output.contains("building hello\n") && output.ends_with("built hello\n"), "{output}");
    assert_eq!((build.state, build.exit_status), (BuildState::Succeeded, Some(0)));
    assert_eq!(build.n_output_bytes, i64::try_from(output.len()).unwrap());
    // Kept: the same bytes later, and from any of them on.
    assert_eq!(user.get(&format!("/builds/{}/output", build.id)).await.expect(200).text(), output);
    let rest = user.get(&format!("/builds/{}/output?offset=9", build.id)).await.expect(200).text();
    assert_eq!(rest, output[9..]);

    // Again, with another target.
    let body = serde_json::json!({ "host": user.host, "target": "clean" });
    let clean = user.start_build_of(application.id, body).await;
    let (output, clean) = user.follow_build(clean.id).await;
    assert!(output.ends_with("cleaned\n"), "{output}");
    assert_eq!((clean.command.as_str(), clean.state), ("make clean", BuildState::Succeeded));
    let again = user.start_build(application.id).await;
    assert_eq!(user.follow_build(again.id).await.1.state, BuildState::Succeeded);
    let builds: Page<Build> = user.read(&format!("/applications/{}/builds", application.id)).await;
    let commands: Vec<&str> = builds.items.iter().map(|build| build.command.as_str()).collect();
    assert_eq!(commands, ["make", "make clean", "make"]);
    user.read(&format!("/applications/{}", application.id)).await
}

fn script() -> JobScriptDraft {
    JobScriptDraft {
        name: "hello-7".to_owned(),
        walltime: "00:10:00".to_owned(),
        variables: vec![VariableDraft { name: "AWKWARD".to_owned(), value: AWKWARD.to_owned() }],
        commands: "./hello one two\n\
                   printf '%s\\n' \"$AWKWARD\"\n\
                   echo trouble >&2\n\
                   while [ ! -e go-on ]; do sleep 0.05; done\n\
                   exit 3"
            .to_owned(),
        ..JobScriptDraft::default()
    }
}

async fn submit_and_read(user: &User, application: &Application, home: &Path, banner: &str) -> Job {
    let suggested: JobScriptDraft =
        user.read(&format!("/scripts/suggestion?application={}&host={}", application.id, user.host)).await;
    let mut request = user.job("");
    request.script = JobScriptDraft { chunks: suggested.chunks, ..script() };
    request.application = Some(application.id);
    let job = user.submit_well(&request).await;
    assert_eq!((job.state, job.source), (JobState::Queued, StateSource::Submission));

    let running = user.wait_state(job.id, JobState::Running).await;
    assert_eq!(running.source, StateSource::Listing);
    assert!(running.started_at.is_some() && running.exec_host.is_some(), "{running:?}");
    // Read while it runs, then followed to its end.
    let follower = user.clone();
    let path = format!("/jobs/{}/output/stdout?follow=true", job.id);
    let following = tokio::spawn(async move { follower.get(&path).await.expect(200).text() });
    std::fs::write(home.join("pbsweb/hello/go-on"), "").unwrap();

    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Failed, Some(3)), "{ended:?}");
    assert_eq!(ended.source, StateSource::Epilogue);
    assert!(
        ended.ended_at >= ended.started_at
            && ended.started_at >= Some(ended.submitted_at - chrono::TimeDelta::seconds(2))
    );
    let expected = format!("hello from hello-7: one two\n{AWKWARD}\n");
    let whole = user.stdout_of(job.id).await;
    let before = whole.strip_suffix(&expected).unwrap_or_else(|| panic!("{whole:?}"));
    assert!(if banner.is_empty() { before.is_empty() } else { before.contains(banner) }, "{before:?}");
    assert_eq!(following.await.unwrap(), whole);
    let error = user.get(&format!("/jobs/{}/output/stderr", job.id)).await.expect(200);
    assert!(error.text().ends_with("trouble\n"), "{}", error.text());
    let offset = before.len() + "hello ".len();
    let part = format!("/jobs/{}/output/stdout?offset={offset}&limit=4", job.id);
    let part = user.get(&part).await.expect(200);
    assert_eq!(
        (part.text().as_str(), part.header("x-total-bytes")),
        ("from", whole.len().to_string().as_str())
    );

    let states = user.states_of(job.id).await;
    assert_eq!(states, [JobState::Submitting, JobState::Queued, JobState::Running, JobState::Failed]);
    let text: JobScriptText = user.read(&format!("/jobs/{}/script", job.id)).await;
    assert_eq!(text.draft, request.script);
    assert!(text.submitted_text.contains("./hello one two\n"), "{}", text.submitted_text);
    assert!(text.qsub_arguments.iter().any(|word| word == "-N"), "{:?}", text.qsub_arguments);
    let files: Page<JobFile> = user.read(&format!("/jobs/{}/files", job.id)).await;
    assert!(files.items.iter().any(|file| file.path.ends_with("/stdout")), "{files:?}");
    std::fs::remove_file(home.join("pbsweb/hello/go-on")).unwrap();
    ended
}

async fn queue_page_shows(user: &User, job: &Job) {
    let listed: HostJobs = user.read(&format!("/hosts/{}/jobs", user.host)).await;
    assert!(listed.as_of.is_some());
    assert!(listed.jobs.iter().all(|listed| Some(&listed.pbs_id) != job.pbs_id.as_ref()), "it has ended");
    let queues: HostQueues = user.read(&format!("/hosts/{}/queues", user.host)).await;
    assert!(queues.queues.iter().any(|queue| queue.is_default && Some(&queue.name) == job.queue.as_ref()));
}

async fn pick_change_and_submit_again(user: &User, application: &Application, first: &Job) -> Job {
    let past: Page<Script> = user.read(&format!("/scripts?application={}", application.id)).await;
    let [picked] = past.items.as_slice() else { panic!("{past:?}") };
    assert_eq!((picked.id, picked.revision.id, picked.n_revisions), (first.script, first.revision, 1));
    assert_eq!(picked.last_job.as_ref().map(|job| (job.id, job.exit_status)), Some((first.id, Some(3))));
    // The whole typed script is in the list: nothing else is asked for.
    let mut script = picked.revision.draft.clone();
    assert_eq!(script.variables[0].value, AWKWARD);
    assert_eq!((script.name.as_str(), script.walltime.as_str()), ("hello-7", "00:10:00"));

    script.commands = "echo second; exit 0".to_owned();
    let mut request = user.job("");
    request.application = Some(application.id);
    request.script = script.clone();
    request.script_name = Some(picked.name.clone());
    let job = user.submit_well(&request).await;
    assert_eq!(job.script, first.script);
    assert_ne!(job.revision, first.revision);
    let ended = user.wait_ended(job.id).await;
    assert_eq!((ended.state, ended.exit_status), (JobState::Completed, Some(0)), "{ended:?}");
    assert!(user.stdout_of(job.id).await.ends_with("second\n"));

    let revisions: Page<Revision> = user.read(&format!("/scripts/{}/revisions", job.script)).await;
    let mut numbers: Vec<i32> = revisions.items.iter().map(|revision| revision.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    let newest: Script = user.read(&format!("/scripts/{}", job.script)).await;
    assert_eq!((newest.revision.number, &newest.revision.draft), (2, &script));
    ended
}

async fn history_has_all(user: &User, application: &Application, jobs: &[&Job]) {
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let listed = async |query: &str| {
        let page: Page<Job> = user.read(&format!("/jobs{query}")).await;
        page.items.iter().map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ids);
    assert_eq!(
        listed(&format!("?application={}&state=completed,failed&text=HELLO", application.id)).await,
        ids
    );
    assert_eq!(listed("?state=running").await, []);
    assert_eq!(listed("?text=nothing-like-it").await, []);
    let first: Page<Job> = user.read("/jobs?limit=1").await;
    let token = first.next_page_token.unwrap();
    assert_eq!(listed(&format!("?limit=1&page_token={token}")).await, ids[1..]);

    let commands: Page<RecentCommands> =
        user.read(&format!("/applications/{}/commands", application.id)).await;
    assert_eq!(commands.items.len(), 2);
    assert_eq!(commands.items[0].commands.trim(), "echo second; exit 0");
    let activity: Page<Activity> = user.read("/me/activity?limit=200").await;
    for action in
        ["account.create", "session.sign_in", "host.check", "application.upload", "build.start", "job.submit"]
    {
        assert!(
            activity.items.iter().any(|deed| deed.action == action),
            "no {action} in {:?}",
            activity.items.iter().map(|deed| &deed.action).collect::<Vec<_>>()
        );
    }
    assert!(
        activity.items.iter().filter(|deed| deed.action == "job.submit").all(|deed| deed.session.is_some())
    );
}

/// A follower sees the first line while the build still waits for the second.
#[tokio::test]
async fn the_output_of_a_build_is_streamed_while_it_runs() {
    use futures_util::StreamExt as _;
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let makefile = "all:\n\t@echo first\n\t@while [ ! -e go-on ]; do sleep 0.05; done\n\t@echo second\n";
    let tree = Tree::new().file("Makefile", makefile);
    let application = user.upload("slow", tree.tar_zst()).await;
    let build = user.start_build(application.id).await;
    let path = format!("/builds/{}/output?follow=true", build.id);
    let response = user.open(user.request(reqwest::Method::GET, &path)).await;
    let mut output = response.bytes_stream();
    let mut seen = String::new();
    while !seen.contains("first\n") {
        seen.push_str(std::str::from_utf8(&output.next().await.unwrap().unwrap()).unwrap());
    }
    let running: Build = user.read(&format!("/builds/{}", build.id)).await;
    assert_eq!(running.state, BuildState::Running);
    std::fs::write(app.sim.home("ada").join("pbsweb/slow/go-on"), "").unwrap();
    while let Some(chunk) = output.next().await {
        seen.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    assert_eq!(seen, "first\nsecond\n");
}

/// One application on two hosts: each has its own tree and builds.
#[tokio::test]
async fn the_same_application_on_several_hosts() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let other = pbsweb_sim::SimHost::start(pbsweb_sim::SimConfig::new(app.path("other"))).unwrap();
    let row = app.admin.add_host(&pbsweb_e2e::app::host_create("other", &other)).await;
    other.add_account("ada2", Some(&user.key_line().await), "/bin/tcsh").unwrap();
    other.set_login_banner("ada2", Some("Welcome!\n")).unwrap();
    let there = user.at(row.id);
    there.put_account(row.id, "ada2").await;
    there.check_well(row.id).await;

    let first = user.upload("hello", hello().tar()).await;
    let both = there.upload("hello", hello().tar_gz()).await;
    assert_eq!(first.id, both.id);
    assert_eq!(both.hosts.len(), 2);
    assert_eq!(
        both.hosts[0].digest, both.hosts[1].digest,
        "the digest is of the content, not of the packing"
    );
    for user in [&user, &there] {
        let build = user.start_build(both.id).await;
        assert_eq!(user.follow_build(build.id).await.1.state, BuildState::Succeeded);
        let mut request = user.job("./hello");
        request.application = Some(both.id);
        let job = user.submit_well(&request).await;
        assert_eq!(user.wait_ended(job.id).await.exit_status, Some(0));
        assert!(user.stdout_of(job.id).await.ends_with("hello from job: \n"));
    }
    until("both schedulers had one job", || app.sim.jobs().len() == 1 && other.jobs().len() == 1).await;
}
