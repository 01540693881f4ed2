//! Archives that are not taken, and what stays when one is refused.

use pbsweb_e2e::{Answer, TestApp, User};
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::problem::ProblemCode;
use reqwest::Method;
use reqwest::multipart::{Form, Part};

use super::still_serves;
use crate::archive::{Tree, hello};

async fn refused(user: &User, what: &str, archive: Vec<u8>, word: &str) {
    let answer = user.try_upload("hello", archive).await;
    assert_eq!(answer.status, 422, "{what}: {}", answer.text());
    let error = answer.field(ProblemCode::BadArchive, "/archive");
    assert_eq!(error.code, "archive.unsafe_or_damaged");
    assert!(error.message.contains(word), "{what}: {}", error.message);
}

#[tokio::test]
async fn unsafe_and_damaged_archives_leave_everything_as_it_was() {
    let app = TestApp::with(|setup| {
        setup.config.upload.max_unpacked_bytes = 1 << 20;
        setup.config.upload.max_entries = 50;
    })
    .await;
    let user = app.ready_user("ada").await;
    let before: Application = user.upload("hello", hello().tar_gz()).await;
    let home = app.sim.home("ada");

    let climbs = Tree::new().file("a/Makefile", "all:\n").file("a/../../evil", "x");
    refused(&user, "climbs", climbs.tar(), "'..'").await;
    let absolute = Tree::new().file("/tmp/pbsweb-evil", "x");
    refused(&user, "absolute", absolute.tar_gz(), "absolute path").await;
    let link = Tree::new().link("a/link", "../../.ssh/authorized_keys");
    refused(&user, "link out", link.tar(), "outside").await;
    let link = Tree::new().link("a/link", "/etc/passwd");
    refused(&user, "absolute link", link.tar(), "outside").await;
    let through = Tree::new().link("a/link", "b").file("a/link/file", "x");
    refused(&user, "through a link", through.tar(), "below a symbolic link").await;
    let hard = Tree::new().hard_link("a/link", "/etc/passwd");
    refused(&user, "hard link", hard.tar(), "outside").await;
    refused(&user, "device", Tree::new().device("a/null").tar(), "only files, folders and links").await;
    refused(&user, "bomb", Tree::new().zeros("a/zeros", 4 << 20).tar_zst(), "more than 1048576 bytes").await;
    let many = (0..60).fold(Tree::new(), |tree, i| tree.file(&format!("a/{i}"), ""));
    refused(&user, "many", many.tar(), "more than 50 entries").await;

    let mut cut = hello().tar();
    cut.truncate(700);
    refused(&user, "truncated", cut, "cut short").await;
    let mut cut = hello().tar_gz();
    cut.truncate(cut.len() / 2);
    refused(&user, "truncated gzip", cut, "").await;
    let mut cut = hello().tar_zst();
    cut.truncate(cut.len() / 2);
    refused(&user, "truncated zstd", cut, "").await;
    // The header says more than there is.
    let mut lies = Tree::new().file("a/file", "short").tar();
    lies[124..135].copy_from_slice(b"00077777777");
    fix_checksum(&mut lies[..512]);
    refused(&user, "lies about its size", lies, "").await;
    let mut damaged = hello().tar();
    damaged[148..156].copy_from_slice(b"0000000\0");
    refused(&user, "wrong checksum", damaged, "").await;
    refused(&user, "not a tar", b"#!/bin/sh\necho this is a script\n".repeat(100), "not a tar").await;
    refused(&user, "empty", Vec::new(), "empty").await;
    refused(&user, "a zip", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(), "").await;

    // What was there is there, nothing else is, and it still builds.
    let after: Application = user.read(&format!("/applications/{}", before.id)).await;
    assert_eq!(after, before);
    still_serves(&user, 1, 0).await;
    assert!(!home.join("evil").exists() && !home.join("pbsweb/evil").exists());
    assert!(!std::path::Path::new("/tmp/pbsweb-evil").exists());
    let left: Vec<_> = std::fs::read_dir(home.join("pbsweb/.uploads")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    let build = user.start_build(before.id).await;
    assert_eq!(user.follow_build(build.id).await.1.exit_status, Some(0));
}

fn fix_checksum(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[tokio::test]
async fn an_archive_that_is_too_large_is_stopped_while_it_comes() {
    let app = TestApp::with(|setup| setup.config.upload.max_archive_bytes = 100_000).await;
    let user = app.ready_user("ada").await;
    let archive = Tree::new().zeros("a/zeros", 8 << 20).tar();
    user.try_upload("hello", archive).await.problem(ProblemCode::TooLarge);
    still_serves(&user, 0, 0).await;
    let _ = user.upload("hello", hello().tar()).await;
}

async fn upload(user: &User, form: Form) -> Answer {
    user.send(user.request(Method::POST, "/applications").multipart(form)).await
}

#[tokio::test]
async fn forms_that_are_not_what_they_should_be() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let archive = || Part::bytes(hello().tar());
    let host = user.host.to_string();
    for name in ["", "..", "a/b", ".jobs", "two words", "a\nb", &"x".repeat(200)] {
        let form =
            Form::new().text("name", name.to_owned()).text("host", host.clone()).part("archive", archive());
        upload(&user, form).await.field(ProblemCode::Invalid, "/name");
    }
    let form = Form::new().text("name", "hello").text("host", "cluster").part("archive", archive());
    upload(&user, form).await.field(ProblemCode::Invalid, "/host");
    let form = Form::new().text("name", "hello").part("archive", archive());
    upload(&user, form).await.field(ProblemCode::Invalid, "/host");
    let form = Form::new().text("host", host.clone()).part("archive", archive());
    upload(&user, form).await.field(ProblemCode::Invalid, "/name");
    let form = Form::new().text("name", "hello").text("host", host.clone());
    upload(&user, form).await.field(ProblemCode::Invalid, "/archive");
    let form = Form::new().text("surprise", "hello");
    upload(&user, form).await.problem(ProblemCode::MalformedRequest);
    user.post("/applications", &serde_json::json!({ "name": "hello" }))
        .await
        .problem(ProblemCode::MalformedRequest);
    let broken = user
        .request(Method::POST, "/applications")
        .header("content-type", "multipart/form-data; boundary=abc")
        .body("--abc\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nhel");
    user.send(broken).await.problem(ProblemCode::MalformedRequest);
    still_serves(&user, 0, 0).await;
}
