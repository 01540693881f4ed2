//! Groups: who may do what with what is shared, and from when on no longer.

use pbsweb_e2e::{Answer, PASSWORD, TestApp, User};
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::applications::{Application, RecentCommands};
use pbsweb_shared::api::builds::Build;
use pbsweb_shared::api::groups::{Access, Group, Role};
use pbsweb_shared::api::jobs::{Job, JobOrigin, JobSubmit};
use pbsweb_shared::api::scripts::{Revision, Script};
use pbsweb_shared::ids::{GroupId, ScriptId};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::LearnedDefaults;
use serde_json::json;

use crate::archive::hello;

async fn group(user: &User, name: &str) -> Group {
    user.post("/groups", &json!({ "name": name })).await.expect(201).json()
}

async fn put(manager: &User, group: GroupId, member: &str, role: Role) -> Group {
    let body = json!({ "role": role });
    manager.put(&format!("/groups/{group}/members/{member}"), &body).await.expect(200).json()
}

/// A script of the user's, with one revision.
async fn script(user: &User, name: &str, commands: &str) -> Script {
    let draft = user.job(commands).script;
    user.post("/scripts", &json!({ "name": name, "script": draft })).await.expect(201).json()
}

async fn share(user: &User, script: ScriptId, group: GroupId) -> Answer {
    user.put_empty(&format!("/scripts/{script}/groups/{group}")).await
}

fn of(user: &User, script: &Script, commands: &str) -> JobSubmit {
    let of = Some(JobOrigin { script: script.id, made_from: script.n_revisions });
    JobSubmit { of, ..user.job(commands) }
}

async fn names(user: &User, query: &str) -> Vec<String> {
    let page: Page<Script> = user.read(&format!("/scripts{query}")).await;
    page.items.into_iter().map(|script| script.name).collect()
}

#[tokio::test]
async fn each_role_may_do_what_it_says_and_an_outsider_sees_nothing() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let physics = group(&ada, "Physics").await;
    let mut people = Vec::new();
    for (name, role) in
        [("rea", Some(Role::Read)), ("sue", Some(Role::Submit)), ("edi", Some(Role::Edit)), ("out", None)]
    {
        let user = app.ready_user(name).await;
        if let Some(role) = role {
            put(&ada, physics.id, name, role).await;
        }
        people.push((user, role));
    }
    for (user, role) in &people {
        // Each its own, so that what one saves is no conflict for the next.
        let script = script(&ada, &format!("for {}", user.name), "echo one").await;
        let _ = share(&ada, script.id, physics.id).await.expect(204);
        let path = format!("/scripts/{}", script.id);
        let draft = |commands: &str| user.job(commands).script;
        let change = json!({ "made_from": 1, "script": draft("echo two") });
        let answers = [
            // What, the least role for it, the answer's status if it may.
            (user.get(&path).await, Role::Read, 200),
            (user.get(&format!("{path}/revisions")).await, Role::Read, 200),
            (user.get(&format!("{path}/revisions/1")).await, Role::Read, 200),
            (user.get(&format!("{path}/difference")).await, Role::Read, 200),
            (user.post(&format!("{path}/copy"), &json!({})).await, Role::Read, 201),
            (user.try_submit("as-it-is", 60, &of(user, &script, "echo one")).await, Role::Submit, 201),
            (user.patch(&format!("{path}/revisions/1"), &json!({ "label": "x" })).await, Role::Edit, 200),
            (user.post(&format!("{path}/revisions"), &change).await, Role::Edit, 201),
            (user.post_empty(&format!("{path}/revisions/1/restore")).await, Role::Edit, 201),
        ];
        for (place, (answer, least, status)) in answers.into_iter().enumerate() {
            match role {
                None => drop(answer.problem(ProblemCode::NotFound)),
                Some(role) if *role < least => {
                    let problem = answer.problem(ProblemCode::Forbidden);
                    assert!(problem.detail.unwrap().contains(&format!("is {role}")), "{place}");
                }
                Some(_) => drop(answer.expect(status)),
            }
        }
        // What is changed is no longer what it was: that needs the right to change it.
        let now: Script = ada.read(&path).await;
        let changed = of(user, &now, "echo three");
        let answer = user.try_submit("changed", 60, &changed).await;
        match role {
            None => drop(answer.problem(ProblemCode::NotFound)),
            Some(Role::Read | Role::Submit) => drop(answer.problem(ProblemCode::Forbidden)),
            Some(Role::Edit) => {
                let job: Job = answer.expect(201).json();
                assert_eq!(job.script, script.id);
                let latest: Script = user.read(&path).await;
                assert_eq!((latest.revision.id, latest.n_revisions), (job.revision, 4));
                assert_eq!((latest.revision.by.as_str(), latest.access), ("edi", Access::Edit));
                assert_eq!(latest.last_job.unwrap().id, job.id);
                let own: Script = ada.read(&path).await;
                assert!(own.last_job.is_none(), "the jobs of others are not the owner's");
                user.wait_ended(job.id).await;
            }
        }
        // Only the owner shares, and only managers say who is in the group.
        if role.is_some() {
            share(user, script.id, physics.id).await.problem(ProblemCode::NotFound);
            let mine = format!("/groups/{}/members/{}", physics.id, user.name);
            user.put(&mine, &json!({ "role": "edit" })).await.problem(ProblemCode::Forbidden);
            user.patch(&format!("/groups/{}", physics.id), &json!({ "name": "x" }))
                .await
                .problem(ProblemCode::Forbidden);
            user.delete(&format!("/groups/{}", physics.id)).await.problem(ProblemCode::Forbidden);
            user.delete(&format!("/groups/{}/members/ada", physics.id)).await.problem(ProblemCode::Forbidden);
        }
    }
    let (outsider, _) = people.pop().unwrap();
    let path = format!("/groups/{}", physics.id);
    outsider.get(&path).await.problem(ProblemCode::NotFound);
    outsider.delete(&path).await.problem(ProblemCode::NotFound);
    outsider.patch(&path, &json!({ "name": "x" })).await.problem(ProblemCode::NotFound);
    outsider
        .put(&format!("{path}/members/out"), &json!({ "role": "edit" }))
        .await
        .problem(ProblemCode::NotFound);
    outsider.delete(&format!("{path}/members/ada")).await.problem(ProblemCode::NotFound);
    let own = script(&outsider, "own", "true").await;
    share(&outsider, own.id, physics.id).await.problem(ProblemCode::NotFound);
    for query in ["?shared=true".to_owned(), format!("?group={}", physics.id)] {
        assert_eq!(names(&outsider, &query).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_shared_is_listed_with_whose_it_is_and_found() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let (physics, maths) = (group(&ada, "Physics").await, group(&ada, "Maths").await);
    for (group, role) in [(&physics, Role::Read), (&maths, Role::Submit)] {
        put(&ada, group.id, "bob", role).await;
    }
    let heat = script(&ada, "heat", "echo warm").await;
    let _ = script(&ada, "secret", "echo warm").await;
    let theirs = script(&bob, "bob's", "echo warm").await;
    for (user, script, group) in [(&ada, &heat, &physics), (&ada, &heat, &maths), (&bob, &theirs, &maths)] {
        let _ = share(user, script.id, group.id).await.expect(204);
        // Twice is as once.
        let _ = share(user, script.id, group.id).await.expect(204);
    }
    assert_eq!(names(&bob, "").await, ["bob's"]);
    assert_eq!(names(&bob, "?shared=true").await, ["heat"]);
    assert_eq!(names(&bob, &format!("?group={}", maths.id)).await, ["bob's", "heat"]);
    assert_eq!(names(&bob, &format!("?group={}&text=WARM", physics.id)).await, ["heat"]);
    assert_eq!(names(&bob, "?shared=true&text=cold").await, Vec::<String>::new());
    let seen: Page<Script> = bob.read("/scripts?shared=true&limit=1").await;
    let seen = &seen.items[0];
    assert_eq!((seen.owner.as_ref().unwrap().as_str(), seen.access), ("ada", Access::Submit));
    let groups: Vec<&str> = seen.shared_with.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(groups, ["Maths", "Physics"]);
    let own: Script = ada.read(&format!("/scripts/{}", heat.id)).await;
    assert_eq!((own.owner, own.access, own.shared_with.len()), (None, Access::Own, 2));

    // One's own job of it is found by its words, and is nobody else's.
    let job: Job = bob.submit_well(&of(&bob, &heat, "echo warm")).await;
    let found: Page<Job> = bob.read("/jobs?text=WARM").await;
    assert_eq!(found.items.iter().map(|job| job.id).collect::<Vec<_>>(), [job.id]);
    let found: Page<Job> = bob.read(&format!("/jobs?script={}", heat.id)).await;
    assert_eq!(found.items.len(), 1);
    ada.get(&format!("/jobs/{}", job.id)).await.problem(ProblemCode::NotFound);
    let found: Page<Job> = ada.read(&format!("/jobs?script={}", heat.id)).await;
    assert!(found.items.is_empty());
    bob.wait_ended(job.id).await;
    // So it is by a label that its revision got later, until that is taken away.
    for (label, n_found) in [("From the Paper", 1), ("", 0)] {
        let revision = format!("/scripts/{}/revisions/1", heat.id);
        let _ = ada.patch(&revision, &json!({ "label": label })).await.expect(200);
        let found: Page<Job> = bob.read("/jobs?text=the%20paper").await;
        assert_eq!(found.items.len(), n_found, "{label}");
    }

    // A copy is one's own, whatever becomes of the original.
    let copy: Script = bob
        .post(&format!("/scripts/{}/copy", heat.id), &json!({ "name": "my heat" }))
        .await
        .expect(201)
        .json();
    assert_eq!((copy.access, copy.n_revisions, copy.owner), (Access::Own, 1, None));
    assert_eq!(copy.revision.draft, heat.revision.draft);
    bob.post(&format!("/scripts/{}/copy", heat.id), &json!({ "name": "my heat" }))
        .await
        .problem(ProblemCode::AlreadyExists);
    bob.post(&format!("/scripts/{}/copy", heat.id), &json!({ "revision": 7 }))
        .await
        .problem(ProblemCode::NotFound);

    let groups: Page<Group> = bob.read("/groups").await;
    let told: Vec<_> =
        groups.items.iter().map(|group| (group.name.as_str(), group.role, group.n_scripts)).collect();
    assert_eq!(told, [("Maths", Role::Submit, 2), ("Physics", Role::Read, 1)]);
    let members: Vec<_> =
        groups.items[0].members.iter().map(|one| (one.user_name.as_str(), one.is_manager)).collect();
    assert_eq!(members, [("ada", true), ("bob", false)]);
    let record: Page<Activity> = ada.read("/me/activity").await;
    let done: Vec<_> = record.items.iter().map(|deed| (deed.action.as_str(), deed.detail.as_str())).collect();
    for deed in [
        ("group.create", "Physics"),
        ("group.member", "bob in Maths: submit"),
        ("script.share", "with Physics"),
    ] {
        assert!(done.contains(&deed), "{deed:?} in {done:?}");
    }
    let record: Page<Activity> = bob.read("/me/activity").await;
    let deed = record.items.iter().find(|deed| deed.action == "script.copy").unwrap();
    assert!(
        deed.detail.starts_with("my heat, from revision 1 of heat") && deed.session.is_some(),
        "{deed:?}"
    );
}

#[tokio::test]
async fn whoever_leaves_and_whatever_is_deleted_is_gone_at_once() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let physics = group(&ada, "Physics").await;
    put(&ada, physics.id, "bob", Role::Edit).await;
    let heat = script(&ada, "heat", "echo one").await;
    let theirs = script(&bob, "bob's", "echo one").await;
    let _ = share(&ada, heat.id, physics.id).await.expect(204);
    let _ = share(&bob, theirs.id, physics.id).await.expect(204);
    let (path, member) = (format!("/scripts/{}", heat.id), format!("/groups/{}/members/bob", physics.id));
    let change = json!({ "made_from": 1, "script": bob.job("echo by bob").script });
    let saved: Revision = bob.post(&format!("{path}/revisions"), &change).await.expect(201).json();
    assert_eq!(saved.by.as_str(), "bob");

    // A smaller role counts from the next request on.
    put(&ada, physics.id, "bob", Role::Read).await;
    bob.post(&format!("{path}/revisions"), &change).await.problem(ProblemCode::Forbidden);
    let _ = ada.delete(&member).await.expect(204);
    bob.get(&path).await.problem(ProblemCode::NotFound);
    bob.get(&format!("/groups/{}", physics.id)).await.problem(ProblemCode::NotFound);
    bob.try_submit("gone", 0, &of(&bob, &heat, "echo one")).await.problem(ProblemCode::NotFound);
    assert_eq!(names(&bob, "?shared=true").await, Vec::<String>::new());
    // What was theirs went with them; what they did stays.
    ada.get(&format!("/scripts/{}", theirs.id)).await.problem(ProblemCode::NotFound);
    assert_eq!(names(&ada, &format!("?group={}", physics.id)).await, ["heat"]);
    let kept: Script = ada.read(&path).await;
    assert_eq!((kept.n_revisions, kept.revision.by.as_str()), (2, "bob"));
    ada.delete(&member).await.problem(ProblemCode::NotFound);

    // One who comes back has to share again.
    put(&ada, physics.id, "bob", Role::Edit).await;
    assert_eq!(names(&ada, &format!("?group={}", physics.id)).await, ["heat"]);
    let _ = share(&bob, theirs.id, physics.id).await.expect(204);
    // A manager takes out what others shared, too; the owner what is theirs.
    let _ = ada.delete(&format!("/scripts/{}/groups/{}", theirs.id, physics.id)).await.expect(204);
    bob.delete(&format!("/scripts/{}/groups/{}", theirs.id, physics.id)).await.problem(ProblemCode::NotFound);
    bob.delete(&format!("{path}/groups/{}", physics.id)).await.problem(ProblemCode::NotFound);
    let _ = ada.delete(&format!("{path}/groups/{}", physics.id)).await.expect(204);
    bob.get(&path).await.problem(ProblemCode::NotFound);
    let _ = share(&ada, heat.id, physics.id).await.expect(204);

    // The last manager stays until there is another who can sign in.
    let ada_there = format!("/groups/{}/members/ada", physics.id);
    ada.delete(&ada_there).await.problem(ProblemCode::StateForbids);
    ada.put(&ada_there, &json!({ "role": "edit" })).await.problem(ProblemCode::StateForbids);
    let _ = ada.put(&member, &json!({ "role": "edit", "is_manager": true })).await.expect(200);
    let admin = &app.admin;
    let enabled = async |is_enabled: bool| {
        let change = json!({ "is_enabled": is_enabled });
        let _ = admin.patch(&format!("/users/{}", bob.me.id), &change).await.expect(200);
    };
    enabled(false).await;
    ada.delete(&ada_there).await.problem(ProblemCode::StateForbids);
    bob.get(&path).await.problem(ProblemCode::NotSignedIn);
    enabled(true).await;
    let bob = User::sign_in(&app.client, "bob", PASSWORD, bob.host).await;
    let _ = bob.get(&path).await.expect(200);
    let _ = ada.delete(&ada_there).await.expect(204);
    bob.get(&path).await.problem(ProblemCode::NotFound);

    // With the group, only the sharing ends.
    put(&bob, physics.id, "ada", Role::Read).await;
    let _ = share(&bob, theirs.id, physics.id).await.expect(204);
    let _ = ada.get(&format!("/scripts/{}", theirs.id)).await.expect(200);
    let _ = bob.delete(&format!("/groups/{}", physics.id)).await.expect(204);
    ada.get(&format!("/scripts/{}", theirs.id)).await.problem(ProblemCode::NotFound);
    ada.get(&format!("/groups/{}", physics.id)).await.problem(ProblemCode::NotFound);
    let _ = bob.get(&format!("/scripts/{}", theirs.id)).await.expect(200);
}

#[tokio::test]
async fn a_shared_application_shows_its_commands_and_how_its_builds_went() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let application = ada.upload("hello", hello().tar()).await;
    let build = ada.start_build(application.id).await;
    ada.follow_build(build.id).await;
    let job = ada.submit_well(&JobSubmit { application: Some(application.id), ..ada.job("./hello 1") }).await;
    ada.wait_ended(job.id).await;
    let physics = group(&ada, "Physics").await;
    put(&ada, physics.id, "bob", Role::Edit).await;
    let path = format!("/applications/{}", application.id);
    let shared = format!("{path}/groups/{}", physics.id);
    bob.put_empty(&shared).await.problem(ProblemCode::NotFound);
    let _ = ada.put_empty(&shared).await.expect(204);

    let listed: Page<Application> = bob.read("/applications").await;
    assert!(listed.items.is_empty());
    for query in ["shared=true".to_owned(), format!("group={}", physics.id)] {
        let listed: Page<Application> = bob.read(&format!("/applications?{query}")).await;
        let seen = &listed.items[0];
        assert_eq!((seen.id, seen.owner.as_ref().unwrap().as_str()), (application.id, "ada"));
        assert_eq!(seen.last_build.as_ref().unwrap().id, build.id);
    }
    // Whoever may change it pins, for everybody.
    let pin = json!({ "commands": "./hello --careful" });
    let _ = bob.post(&format!("{path}/commands/pin"), &pin).await.expect(204);
    for user in [&ada, &bob] {
        let commands: Page<RecentCommands> = user.read(&format!("{path}/commands")).await;
        let told: Vec<_> =
            commands.items.iter().map(|block| (block.commands.as_str(), block.is_pinned)).collect();
        assert_eq!(told, [("./hello --careful", true), ("./hello 1", false)]);
    }
    let _ = bob.post(&format!("{path}/commands/unpin"), &pin).await.expect(204);
    let commands: Page<RecentCommands> = bob.read(&format!("{path}/commands")).await;
    assert_eq!(commands.items[0].commands, "./hello 1");
    let builds: Page<Build> = bob.read(&format!("{path}/builds")).await;
    assert_eq!(builds.items[0].exit_status, Some(0));
    // What they use it with is where others begin, with the very application and with one of the same name or content.
    let same = bob.upload("another", hello().tar()).await;
    let other = bob.upload("other", crate::archive::Tree::new().file("a", "b").tar()).await;
    let defaults = async |id| {
        bob.read::<LearnedDefaults>(&format!("/applications/{id}/defaults?host={}", bob.host)).await
    };
    for id in [application.id, same.id] {
        let learned = defaults(id).await;
        assert_eq!(learned.from, "ada's last job of this application on this host, shared in your groups");
        assert_eq!(learned.draft.commands, "./hello 1");
        assert_eq!(learned.draft.name, "", "what is only theirs is not taken");
    }
    assert_eq!(defaults(other.id).await.from, "your preferences");
    let mine = bob.submit_well(&JobSubmit { application: Some(same.id), ..bob.job("./hello 2") }).await;
    bob.wait_ended(mine.id).await;
    assert_eq!(defaults(same.id).await.draft.commands, "./hello 2", "one's own comes first");
    // What is the owner's stays so.
    bob.get(&format!("/builds/{}/output", build.id)).await.problem(ProblemCode::NotFound);
    bob.post(&format!("{path}/builds"), &json!({ "host": bob.host })).await.problem(ProblemCode::Forbidden);
    for role in [Role::Submit, Role::Read] {
        put(&ada, physics.id, "bob", role).await;
        for verb in ["pin", "unpin"] {
            bob.post(&format!("{path}/commands/{verb}"), &pin).await.problem(ProblemCode::Forbidden);
        }
    }
    let stolen = JobSubmit { application: Some(application.id), ..bob.job("true") };
    bob.try_submit("steal", 0, &stolen).await.field(ProblemCode::Invalid, "/application");
    let _ = ada.delete(&shared).await.expect(204);
    bob.get(&path).await.problem(ProblemCode::NotFound);
    bob.get(&format!("{path}/commands")).await.problem(ProblemCode::NotFound);
    bob.get(&format!("{path}/defaults")).await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn two_who_change_a_shared_script_lose_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let physics = group(&ada, "Physics").await;
    put(&ada, physics.id, "bob", Role::Edit).await;
    let heat = script(&ada, "heat", "echo one").await;
    let _ = share(&ada, heat.id, physics.id).await.expect(204);
    let path = format!("/scripts/{}/revisions", heat.id);
    let body = |commands: &str| json!({ "made_from": 1, "script": ada.job(commands).script });
    let first: Revision = bob.post(&path, &body("echo by bob")).await.expect(201).json();
    let problem = ada.post(&path, &body("echo by ada")).await.problem(ProblemCode::RevisionConflict);
    assert_eq!(problem.current.as_deref(), Some(&first));
    assert_eq!(first.by.as_str(), "bob");
    // A submission writes over nothing either, and is not sent.
    let stale = of(&ada, &heat, "echo by ada");
    let problem = ada.try_submit("stale", 60, &stale).await.problem(ProblemCode::RevisionConflict);
    assert_eq!(problem.current.as_deref(), Some(&first));
    let jobs: Page<Job> = ada.read("/jobs").await;
    assert!(jobs.items.is_empty());
    // As it was, an older revision may still be submitted.
    let job = ada.submit_well(&of(&ada, &heat, "echo one")).await;
    assert_eq!(job.revision, heat.revision.id);
    ada.wait_ended(job.id).await;
}

#[tokio::test]
async fn odd_groups_are_refused() {
    let app = TestApp::start().await;
    let ada = app.ready_user("ada").await;
    let physics = group(&ada, " Physics ").await;
    assert_eq!((physics.name.as_str(), physics.role, physics.is_manager), ("Physics", Role::Edit, true));
    ada.post("/groups", &json!({ "name": "Physics" })).await.problem(ProblemCode::AlreadyExists);
    // Somebody else's is another one, and nobody learns of it.
    let bob = app.ready_user("bob").await;
    let others = group(&bob, "Physics").await;
    assert_ne!(others.id, physics.id);
    for name in ["", " ", "a\tb", &"x".repeat(101), "a\0b"] {
        let answer = ada.post("/groups", &json!({ "name": name })).await;
        assert_eq!(answer.field(ProblemCode::Invalid, "/name").code, "name.syntax");
        let answer = ada.patch(&format!("/groups/{}", physics.id), &json!({ "name": name })).await;
        assert_eq!(answer.field(ProblemCode::Invalid, "/name").code, "name.syntax");
    }
    let renamed: Group = ada
        .patch(&format!("/groups/{}", physics.id), &json!({ "name": "Chemistry" }))
        .await
        .expect(200)
        .json();
    assert_eq!(renamed.name, "Chemistry");
    let members = format!("/groups/{}/members", physics.id);
    for name in ["nobody-here", "NOT A NAME", "%00"] {
        ada.put(&format!("{members}/{name}"), &json!({ "role": "read" }))
            .await
            .problem(ProblemCode::NotFound);
        ada.delete(&format!("{members}/{name}")).await.problem(ProblemCode::NotFound);
    }
    for body in [json!({}), json!({ "role": "own" }), json!({ "role": "read", "more": 1 })] {
        ada.put(&format!("{members}/bob"), &body).await.problem(ProblemCode::MalformedRequest);
    }
    ada.get("/groups/not-an-id").await.problem(ProblemCode::NotFound);
    ada.get("/scripts?group=not-an-id").await.problem(ProblemCode::MalformedRequest);
}
