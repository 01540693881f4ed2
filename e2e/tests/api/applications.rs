//! Uploads: all packings, a new version in place of the old one, and one that breaks off.

use diesel::{Connection as _, PgConnection, RunQueryDsl as _};
use futures_util::stream;
use pbsweb_e2e::{TestApp, until};
use pbsweb_shared::api::applications::{Application, RecentCommands};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::LearnedDefaults;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::archive::{Tree, hello};

#[tokio::test]
async fn every_packing_gives_the_same_tree() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let packed = [("a", hello().tar()), ("b", hello().tar_gz()), ("c", hello().tar_zst())];
    let mut digests = Vec::new();
    for (name, archive) in packed {
        let application = user.upload(name, archive).await;
        let place = &application.hosts[0];
        assert_eq!((place.n_entries, application.name.as_str()), (3, name), "{place:?}");
        digests.push(place.digest.clone());
        use std::os::unix::fs::PermissionsExt as _;
        let program = app.sim.home("ada").join(format!("pbsweb/{name}/hello.sh"));
        assert_eq!(std::fs::metadata(program).unwrap().permissions().mode() & 0o111, 0o111);
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    let listed: Page<Application> = user.read("/applications").await;
    assert_eq!(listed.items.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_new_version_takes_the_place_and_the_old_one_is_kept_aside() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first = user.upload("hello", Tree::new().file("v1", "one").tar()).await;
    let home = app.sim.home("ada").join("pbsweb");
    std::fs::write(home.join("hello/results"), "days of work").unwrap();
    let second = user.upload("hello", Tree::new().file("v2", "two").tar()).await;
    assert_eq!(second.id, first.id);
    assert_ne!(second.hosts[0].digest, first.hosts[0].digest);
    assert!(home.join("hello/v2").exists() && !home.join("hello/v1").exists());
    let aside: Vec<_> =
        std::fs::read_dir(home.join(".replaced")).unwrap().map(|one| one.unwrap().path()).collect();
    assert_eq!(std::fs::read_to_string(aside[0].join("results")).unwrap(), "days of work");
}

#[tokio::test]
async fn a_large_tree_arrives_whole() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    // Larger than any window or buffer on the way.
    let tree = (0..40).fold(Tree::new(), |tree, i| tree.zeros(&format!("big/{i}"), 1 << 20));
    let application = user.upload("big", tree.file("big/end", "the end").tar_gz()).await;
    assert_eq!(application.hosts[0].n_bytes, (40 << 20) + 7);
    let home = app.sim.home("ada").join("pbsweb/big");
    assert_eq!(std::fs::read_to_string(home.join("end")).unwrap(), "the end");
    assert_eq!(std::fs::metadata(home.join("39")).unwrap().len(), 1 << 20);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_the_old_version_and_nothing_else() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first = user.upload("hello", hello().tar()).await;
    let mut half = Tree::new().zeros("other/zeros", 4 << 20).tar();
    half.truncate(2 << 20);
    let body = stream::iter([Ok(half), Err(std::io::Error::other("the network is gone"))]);
    let form = Form::new()
        .text("name", "hello")
        .text("host", user.host.to_string())
        .part("archive", Part::stream(reqwest::Body::wrap_stream(body)));
    let request = user.request(Method::POST, "/applications").multipart(form);
    assert!(user.try_send(request).await.is_err());
    let home = app.sim.home("ada").join("pbsweb");
    until("what had arrived is cleared away", || {
        std::fs::read_dir(home.join(".uploads")).is_ok_and(|mut left| left.next().is_none())
    })
    .await;
    assert_eq!(user.read::<Application>(&format!("/applications/{}", first.id)).await, first);
    assert!(home.join("hello/Makefile").exists());
    let again = user.upload("hello", Tree::new().file("other", "x").tar()).await;
    assert_eq!(again.id, first.id);
}

#[tokio::test]
async fn commands_are_pinned_on_top_and_no_longer() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", hello().tar()).await;
    let mut request = user.job("./hello 1");
    request.application = Some(application.id);
    let job = user.submit_well(&request).await;
    let path = format!("/applications/{}/commands", application.id);
    let listed = async || {
        let page: Page<RecentCommands> = user.read(&path).await;
        let told = |block: &RecentCommands| (block.commands.clone(), block.is_pinned, block.n_uses);
        page.items.iter().map(told).collect::<Vec<_>>()
    };
    let block = |text: &str, is_pinned, n_uses| (text.to_owned(), is_pinned, n_uses);
    for commands in ["make check", "./hello 1", "make check"] {
        let _ = user.post(&format!("{path}/pin"), &json!({ "commands": commands })).await.expect(204);
    }
    assert_eq!(listed().await, [block("./hello 1", true, 1), block("make check", true, 0)]);
    for _ in 0..2 {
        let _ = user.post(&format!("{path}/unpin"), &json!({ "commands": "./hello 1" })).await.expect(204);
    }
    assert_eq!(listed().await, [block("make check", true, 0), block("./hello 1", false, 1)]);
    for (commands, code) in [
        (" \n".to_owned(), "commands.missing"),
        ("a\0".to_owned(), "commands.syntax"),
        ("x".repeat(65_537), "commands.syntax"),
    ] {
        let answer = user.post(&format!("{path}/pin"), &json!({ "commands": commands })).await;
        assert_eq!(answer.field(ProblemCode::Invalid, "/commands").code, code);
    }
    let _ = user.post(&format!("{path}/unpin"), &json!({ "commands": "a\0" })).await.expect(204);
    for n in 1..50 {
        let _ =
            user.post(&format!("{path}/pin"), &json!({ "commands": format!("make {n}") })).await.expect(204);
    }
    let one_more = user.post(&format!("{path}/pin"), &json!({ "commands": "make 50" })).await;
    assert_eq!(one_more.field(ProblemCode::Invalid, "/commands").code, "commands.too_many");
    user.wait_ended(job.id).await;
}

#[tokio::test]
async fn defaults_are_learned_from_good_runs_with_reasons() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let application = user.upload("hello", hello().tar()).await;
    let path = format!("/applications/{}/defaults", application.id);
    let here = format!("{path}?host={}", user.host);
    let fresh: LearnedDefaults = user.read(&here).await;
    assert_eq!(fresh.from, "your preferences");

    let mut request = user.job("echo hello");
    request.application = Some(application.id);
    request.script.walltime = "9:00:00".to_owned();
    let job = user.submit_well(&request).await;
    user.wait_ended(job.id).await;
    // What the scheduler would say of a real job.
    let database = app.database_url().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut connection = PgConnection::establish(&database).unwrap();
        let used = "UPDATE jobs SET used_walltime_seconds = 4320, used_memory_bytes = 1 << 30";
        diesel::sql_query(used).execute(&mut connection).unwrap()
    })
    .await
    .unwrap();
    for path in [&here, &path] {
        let learned: LearnedDefaults = user.read(path).await;
        assert_eq!(
            (learned.draft.commands.as_str(), learned.draft.walltime.as_str()),
            ("echo hello", "01:30:00")
        );
        let walltime = learned.reasons.iter().find(|reason| reason.field == "walltime").unwrap();
        assert_eq!(walltime.reason, "the last good run used 01:12:00; 25 % more");
    }
    // On another host only the fields count.
    let elsewhere: LearnedDefaults =
        user.read(&format!("{path}?host=00000000-0000-0000-0000-000000000000")).await;
    assert_eq!((elsewhere.draft.walltime.as_str(), elsewhere.reasons.len()), ("09:00:00", 0));
    assert_eq!(elsewhere.from, "your last job of this application");
    user.get(&format!("{path}?host=x")).await.problem(ProblemCode::MalformedRequest);
}
