//! Output that is followed: one reader for many followers, and files that change under their eyes.

use std::io::Write as _;
use std::path::PathBuf;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use pbsweb_e2e::{TestApp, User, eventually, until};
use pbsweb_shared::ids::JobId;
use pbsweb_shared::job::JobState;
use pbsweb_shared::problem::ProblemCode;
use reqwest::{Method, Response};
use serde_json::json;

const WAITS: &str = "while [ ! -e go-on ]; do sleep 0.05; done";

async fn running(app: &TestApp, commands: &str) -> (User, JobId, PathBuf) {
    let user = app.ready_user("ada").await;
    let job = user.submit_well(&user.job(commands)).await;
    user.wait_state(job.id, JobState::Running).await;
    let path = app.sim.home("ada").join(format!("pbsweb/.jobs/{}/stdout", job.id));
    until("the output is there", || path.exists()).await;
    (user, job.id, path)
}

async fn follow(user: &User, job: JobId, offset: u64) -> Response {
    let path = format!("/jobs/{job}/output/stdout?follow=true&offset={offset}");
    user.open(user.request(Method::GET, &path)).await
}

fn go_on(app: &TestApp) {
    std::fs::write(app.sim.home("ada").join("go-on"), "").unwrap();
}

#[tokio::test]
async fn many_followers_have_one_reader_and_see_every_byte() {
    let app = TestApp::start().await;
    let (ada, job, path) = running(&app, &format!("echo begun; {WAITS}; echo ended")).await;
    let followers: Vec<_> = join_all((0..20).map(|_| follow(&ada, job, 0))).await;
    eventually("they are read for", || async { (app.inside().tails.n_open() == 1).then_some(()) }).await;
    // Colours, a progress bar, and bytes that are no text: as they are.
    let raw = b"\x1b[32mgreen\x1b[0m\r10%\r20%\n\xff\xfe\n";
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(raw).unwrap();
    let mut one = follow(&ada, job, 6).await.bytes_stream();
    let first = one.next().await.unwrap().unwrap();
    assert!(raw.starts_with(&first), "{first:?}");
    // Somebody who leaves takes nothing from the others.
    drop(one);
    go_on(&app);
    let expected = [b"begun\n".as_slice(), raw, b"ended\n"].concat();
    for bytes in join_all(followers.into_iter().map(Response::bytes)).await {
        assert_eq!(bytes.unwrap(), expected);
    }
    eventually("nobody reads any more", || async { (app.inside().tails.n_open() == 0).then_some(()) }).await;
    assert_eq!(follow(&ada, job, 0).await.bytes().await.unwrap(), expected);
}

#[tokio::test]
async fn a_long_file_is_followed_from_its_beginning_and_from_its_end() {
    let app = TestApp::start().await;
    let (ada, job, path) = running(&app, WAITS).await;
    let line = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\n\n".repeat(16 * 1024);
    for _ in 0..6 {
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&line).unwrap();
    }
    let total = std::fs::metadata(&path).unwrap().len();
    let whole = follow(&ada, job, 0).await;
    assert_eq!(whole.headers()["x-total-bytes"], total.to_string());
    let end = follow(&ada, job, total - 10).await;
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"the end").unwrap();
    go_on(&app);
    assert_eq!(whole.bytes().await.unwrap().len() as u64, total + 7);
    assert!(end.bytes().await.unwrap().ends_with(b"\nthe end"));
}

#[tokio::test]
async fn a_file_that_becomes_another_one_ends_the_following() {
    type Change = fn(&std::path::Path);
    let changes: [(&str, Change); 3] = [
        ("cut short", |path| std::fs::write(path, "a").unwrap()),
        ("replaced", |path| std::fs::write(path, "b".repeat(200)).unwrap()),
        ("deleted", |path| std::fs::remove_file(path).unwrap()),
    ];
    for (what, change) in changes {
        let app = TestApp::start().await;
        let (ada, job, path) = running(&app, &format!("echo {}; {WAITS}", "a".repeat(100))).await;
        let mut followed = follow(&ada, job, 0).await.bytes_stream();
        let mut seen = 0;
        while seen < 101 {
            seen += followed.next().await.unwrap().unwrap().len();
        }
        change(&path);
        // The body breaks off: an end in order would say that the job has ended.
        let broken = loop {
            match followed.next().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => break true,
                None => break false,
            }
        };
        assert!(broken, "{what}");
        if what != "deleted" {
            let mut again = follow(&ada, job, 0).await.bytes_stream();
            assert_eq!(again.next().await.unwrap().unwrap()[0], std::fs::read(&path).unwrap()[0], "{what}");
        }
        go_on(&app);
        ada.wait_ended(job).await;
    }
}

#[tokio::test]
async fn output_that_stays_on_the_node_is_not_waited_for_in_silence() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let in_place = json!({ "keeps_output_in_place": false });
    let _ = app.admin.patch(&format!("/hosts/{}", ada.host), &in_place).await.expect(200);
    app.sim.set_scheduling(false);
    let job = ada.submit_well(&ada.job(&format!("echo at last; {WAITS}"))).await.id;
    // Who follows it from the queue on is sent away when it runs, and told why when he comes again.
    let mut followed = follow(&ada, job, 0).await.bytes_stream();
    app.sim.set_scheduling(true);
    assert!(followed.next().await.unwrap().is_err());
    ada.wait_state(job, JobState::Running).await;
    let path = format!("/jobs/{job}/output/stdout?follow=true");
    let problem = ada.get(&path).await.problem(ProblemCode::NotFound);
    assert!(problem.detail.unwrap().starts_with("this host keeps the output of a running job on its node"));
    go_on(&app);
    ada.wait_ended(job).await;
    assert_eq!(ada.get(&path).await.expect(200).text(), "at last\n");
}

#[tokio::test]
async fn output_that_could_not_be_delivered_is_said_to_be_on_the_node() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let mut request = ada.job("echo lost");
    request.script.output_path = "/no/such/folder/out".to_owned();
    let job = ada.submit_well(&request).await;
    ada.wait_ended(job.id).await;
    let problem = ada.get(&format!("/jobs/{}/output/stdout", job.id)).await.problem(ProblemCode::NotFound);
    let left = format!("/var/spool/pbs/undelivered/{}.OU", job.pbs_id.unwrap());
    let words = problem.detail.unwrap();
    assert!(words.contains(&left), "{words}");
}
