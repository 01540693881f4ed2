//! Uploads that are cut off when they have arrived: unpacked on the host or not, nobody is told of a success that is not stored, and
//! a repeat settles it.

use std::os::unix::fs::PermissionsExt as _;

use pbsweb_e2e::app::host_create;
use pbsweb_e2e::proxy::Proxy;
use pbsweb_e2e::{TestApp, User, until};
use pbsweb_shared::api::applications::Application;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;

use super::database_away::psql;
use crate::archive::Tree;

/// One version is there, whole, on the host and in the database; nothing is left of the tries.
async fn assert_settled(app: &TestApp, user: &User, application: &Application) {
    let listed: Page<Application> = user.read("/applications").await;
    assert_eq!(listed.items, std::slice::from_ref(application));
    let home = app.sim.home("ada").join("pbsweb");
    assert_eq!(std::fs::read_to_string(home.join("code/new")).unwrap(), "new");
    assert!(!home.join("code/old").exists());
    until("nothing is left of the tries", || {
        std::fs::read_dir(home.join(".uploads")).is_ok_and(|mut left| left.next().is_none())
    })
    .await;
}

#[tokio::test]
async fn an_upload_whose_answer_is_cut_off() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let proxy = Proxy::start(app.sim.address()).await.unwrap();
    let mut row = host_create("far", &app.sim);
    row.port = Some(proxy.address().port());
    let user = user.at(app.admin.add_host(&row).await.id);
    user.put_account(user.host, "ada").await;
    user.check_well(user.host).await;
    let first = user.upload("code", Tree::new().file("old", "old").tar()).await;

    // Unpacking takes as long as this test wants.
    let home = app.sim.home("ada");
    std::fs::create_dir(home.join("bin")).unwrap();
    let tar = home.join("bin/tar");
    let slow = "#!/bin/sh\n: >~/begun\nwhile [ ! -e ~/go-on ]; do sleep 0.05; done\nPATH=/usr/bin:/bin exec tar \"$@\"\n";
    std::fs::write(&tar, slow).unwrap();
    std::fs::set_permissions(&tar, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(home.join(".bashrc"), "export PATH=~/bin:$PATH\n").unwrap();
    let new = || Tree::new().file("new", "new").tar();
    let uploading = tokio::spawn({
        let user = user.clone();
        async move { user.try_upload("code", new()).await }
    });
    until("the host unpacks", || home.join("begun").exists()).await;
    proxy.cut_all();
    let answer = uploading.await.unwrap();
    assert!(answer.status >= 400, "{}", answer.text());
    std::fs::write(home.join("go-on"), "").unwrap();
    until("the host has it all the same", || home.join("pbsweb/code/new").exists()).await;
    let known: Application = user.read(&format!("/applications/{}", first.id)).await;
    assert_eq!(known, first, "what is not known is not said");

    let again = user.upload("code", new()).await;
    assert_eq!(again.id, first.id);
    assert_settled(&app, &user, &again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_unpacked_and_cannot_be_stored() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let url = app.database_url().to_owned();
    psql(
        &url,
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; \
         END $$; \
         CREATE TRIGGER no_room BEFORE INSERT ON application_hosts EXECUTE FUNCTION no_room()",
    );
    let new = || Tree::new().file("new", "new").tar();
    user.try_upload("code", new()).await.problem(ProblemCode::DatabaseFull);
    assert!(app.sim.home("ada").join("pbsweb/code/new").exists(), "the host has it");
    assert!(user.read::<Page<Application>>("/applications").await.items.is_empty());
    psql(&url, "DROP TRIGGER no_room ON application_hosts");
    let again = user.upload("code", new()).await;
    assert_settled(&app, &user, &again).await;
}
