//! Past scripts: what a new one starts with, what the picker lists, and text that becomes fields again.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use pbsweb_e2e::TestApp;
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::jobs::Job;
use pbsweb_shared::api::scripts::{Revision, Script, ScriptChecked, ScriptParsed};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::{JobScriptDraft, ScriptDifference, Severity, VariableDraft};
use serde_json::json;

use crate::archive::hello;

#[tokio::test]
async fn a_new_script_starts_with_the_last_one_or_with_the_preferences() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let preferences = json!({ "mail_users": "ada@example.org", "mail_events": "ae", "account": "physics-7" });
    let _ = user.put("/me/preferences", &preferences).await.expect(200);
    let application = user.upload("hello", hello().tar()).await;
    let path = format!("/scripts/suggestion?application={}&host={}", application.id, user.host);
    let fresh: JobScriptDraft = user.read(&path).await;
    assert_eq!(
        (fresh.mail_users.as_str(), fresh.mail_events.as_str(), fresh.account.as_str()),
        ("ada@example.org", "ae", "physics-7")
    );
    let mut request = user.job("./hello 42");
    request.application = Some(application.id);
    let job = user.submit_well(&request).await;
    let next: JobScriptDraft = user.read(&path).await;
    assert_eq!(next.commands, "./hello 42");
    user.wait_ended(job.id).await;
}

#[tokio::test]
async fn a_script_that_was_used_just_now_is_used_again_without_waiting_for_its_row() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let first = user.submit_well(&user.job("true")).await;
    let mut other = PgConnection::establish(app.database_url()).unwrap();
    other.batch_execute("UPDATE scripts SET used_at = now() + interval '1 minute'").unwrap();
    // As another submission of it would that is not committed yet.
    other.batch_execute("BEGIN; UPDATE scripts SET used_at = used_at").unwrap();
    let again = user.submit_well(&user.job("true")).await;
    assert_eq!((again.script, again.revision), (first.script, first.revision));
    other.batch_execute("COMMIT").unwrap();
    let changed = user.submit_well(&user.job("false")).await;
    assert_eq!(changed.script, first.script);
    assert_ne!(changed.revision, first.revision);
    let back = user.submit_well(&user.job("true")).await;
    assert!(![first.revision, changed.revision].contains(&back.revision), "the latest says something else");
}

#[tokio::test]
async fn an_unchanged_script_is_no_new_revision_and_a_changed_one_is() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    for commands in ["echo one", "echo one", "echo two", "echo one"] {
        let job = user.submit_well(&user.job(commands)).await;
        user.wait_ended(job.id).await;
    }
    let mut other = user.job("echo other");
    other.script_name = Some("Another script".to_owned());
    let other = user.submit_well(&other).await;
    user.wait_ended(other.id).await;
    let scripts: Page<Script> = user.read("/scripts").await;
    let seen: Vec<_> =
        scripts.items.iter().map(|script| (script.name.as_str(), script.n_revisions)).collect();
    assert_eq!(seen, [("Another script", 1), ("job", 3)], "the one used last comes first");
    let found: Page<Script> = user.read("/scripts?text=ANOTHER").await;
    assert_eq!(found.items.len(), 1);
    let first: Page<Script> = user.read("/scripts?limit=1").await;
    let next: Page<Script> =
        user.read(&format!("/scripts?limit=1&page_token={}", first.next_page_token.unwrap())).await;
    assert_eq!(next.items[0].name, "job");
}

#[tokio::test]
async fn the_text_of_a_script_reads_back_into_its_fields() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut draft = user.job("./run --deep\nexit 0").script;
    draft.chunks[0].count = "1".to_owned();
    draft.walltime = "26:00:00".to_owned();
    draft.mail_users = "ada@example.org".to_owned();
    draft.mail_events = "be".to_owned();
    draft.join = "oe".to_owned();
    draft.priority = "-5".to_owned();
    draft.array = "1-9:2".to_owned();
    draft.variables = vec![VariableDraft { name: "A".to_owned(), value: "it's $HOME".to_owned() }];
    draft.umask = "022".to_owned();
    draft.extra_directives = "-l software=x".to_owned();
    let checked: ScriptChecked =
        user.post("/scripts/check", &json!({ "script": draft })).await.expect(200).json();
    assert!(
        checked.diagnostics.iter().all(|finding| finding.severity != Severity::Error),
        "{:#?}",
        checked.diagnostics
    );
    let parsed = user.post("/scripts/parse", &json!({ "text": checked.text })).await.expect(200);
    let parsed: ScriptParsed = parsed.json();
    assert_eq!(parsed.draft, draft, "{}", checked.text);
}

#[tokio::test]
async fn two_revisions_are_compared_by_field_and_by_line() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let mut request = user.job("echo one\necho same");
    request.script.walltime = "60".to_owned();
    let job = user.submit_well(&request).await;
    request.script.walltime = "00:02:00".to_owned();
    request.script.commands = "echo two\necho same".to_owned();
    let _ = user.submit_well(&request).await;
    let path = format!("/scripts/{}/difference", job.script);
    let latest: ScriptDifference = user.read(&path).await;
    let fields: Vec<_> = latest
        .fields
        .iter()
        .map(|change| (change.field.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(fields, [("walltime", Some("00:01:00"), Some("00:02:00"))]);
    let line = |text: &str| latest.lines.iter().find(|line| line.text == text).map(|line| line.is_new);
    assert_eq!((line("echo one"), line("echo two"), line("echo same")), (Some(false), Some(true), None));
    let back: ScriptDifference = user.read(&format!("{path}?from=2&to=1")).await;
    assert_eq!(back.fields[0].after.as_deref(), Some("00:01:00"));
    let same: ScriptDifference = user.read(&format!("{path}?from=1&to=1")).await;
    assert_eq!(same, ScriptDifference::default());
    user.get(&format!("{path}?from=1&to=3")).await.problem(ProblemCode::NotFound);
}

#[tokio::test]
async fn revisions_know_where_they_come_from_are_labelled_restored_and_found() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let draft = |commands: &str| json!({ "name": "heat", "commands": commands });
    let script: Script = user
        .post("/scripts", &json!({ "name": " Heat ", "script": draft("echo paper") }))
        .await
        .expect(201)
        .json();
    assert_eq!((script.name.as_str(), script.revision.number, script.revision.parent), ("Heat", 1, None));
    let path = format!("/scripts/{}/revisions", script.id);
    let second =
        user.post(&path, &json!({ "made_from": 1, "script": draft("echo other") })).await.expect(201);
    assert_eq!(second.header("Location"), format!("/api/v1{path}/2"));
    let second: Revision = second.json();
    assert_eq!((second.number, second.parent), (2, Some(1)));
    let session: pbsweb_shared::api::sessions::Session = user.read("/sessions/current").await;
    assert_eq!(second.session, session.id);

    let labelled: Revision = user
        .patch(&format!("{path}/1"), &json!({ "label": "The one from the PAPER" }))
        .await
        .expect(200)
        .json();
    assert_eq!(labelled.label.as_deref(), Some("The one from the PAPER"));
    let n_found =
        async |text: &str| user.read::<Page<Script>>(&format!("/scripts?text={text}")).await.items.len();
    assert_eq!(
        n_found("from%20the%20paper").await,
        1,
        "a label is found, though the revision is not the latest"
    );
    let restored: Revision = user.post_empty(&format!("{path}/1/restore")).await.expect(201).json();
    assert_eq!((restored.number, restored.parent, restored.label), (3, Some(1), None));
    assert_eq!(restored.draft.commands, "echo paper");
    let _ = user.patch(&format!("{path}/1"), &json!({ "label": "" })).await.expect(200);
    assert_eq!(n_found("from%20the%20paper").await, 0);

    // A submission of another script under the name is the next revision, and its jobs are found by it and by its label.
    let mut request = user.job("echo last");
    request.script_name = Some("Heat".to_owned());
    let job = user.submit_well(&request).await;
    let all: Page<Revision> = user.read(&path).await;
    let parents: Vec<_> = all.items.iter().map(|revision| (revision.number, revision.parent)).collect();
    assert_eq!(parents, [(4, Some(3)), (3, Some(1)), (2, Some(1)), (1, None)]);
    let _ = user.patch(&format!("{path}/4"), &json!({ "label": "zebra" })).await.expect(200);
    for query in
        [format!("revision={}", job.revision), "text=ZEBRA".to_owned(), format!("script={}", script.id)]
    {
        let found: Page<Job> = user.read(&format!("/jobs?{query}")).await;
        assert_eq!(found.items.iter().map(|job| job.id).collect::<Vec<_>>(), [job.id], "{query}");
    }
    let found: Page<Job> = user.read(&format!("/jobs?revision={}", second.id)).await;
    assert!(found.items.is_empty());
    let record: Page<Activity> = user.read("/me/activity").await;
    let done: Vec<_> = record
        .items
        .iter()
        .map(|deed| deed.action.as_str())
        .filter(|action| action.starts_with("script."))
        .collect();
    assert_eq!(
        done,
        ["script.label", "script.label", "script.restore", "script.label", "script.save", "script.create"]
    );
    user.wait_ended(job.id).await;
}

#[tokio::test]
async fn what_was_saved_meanwhile_is_not_written_over() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let draft = |commands: &str| json!({ "commands": commands });
    let script: Script = user
        .post("/scripts", &json!({ "name": "shared", "script": draft("echo one") }))
        .await
        .expect(201)
        .json();
    let path = format!("/scripts/{}/revisions", script.id);
    // Both began with the first revision.
    let bodies: Vec<_> =
        (0..8).map(|n| json!({ "made_from": 1, "script": draft(&format!("echo by {n}")) })).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| user.post(&path, body))).await;
    let saved: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(saved.len(), 1, "one of them was first");
    let first: Revision = saved[0].json();
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let problem = answer.problem(ProblemCode::RevisionConflict);
        assert_eq!(problem.current.as_deref(), Some(&first), "the others get what was saved");
    }
    // Merged, it is made from the current one.
    let merged: Revision =
        user.post(&path, &json!({ "made_from": 2, "script": draft("echo merged") })).await.expect(201).json();
    assert_eq!((merged.number, merged.parent), (3, Some(2)));
    // The same again is no new one.
    let again: Revision =
        user.post(&path, &json!({ "made_from": 3, "script": draft("echo merged") })).await.expect(201).json();
    assert_eq!(again, merged);
}

#[tokio::test]
async fn odd_revisions_and_names_are_refused() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let kept = json!({ "name": "kept", "script": { "walltime": "not a time" } });
    let script: Script = user.post("/scripts", &kept).await.expect(201).json();
    assert_eq!(script.revision.draft.walltime, "not a time", "mistakes are kept, to be mended later");
    user.post("/scripts", &kept).await.problem(ProblemCode::AlreadyExists);
    for (name, code) in [
        ("", "name.missing"),
        ("  ", "name.missing"),
        ("a\tb", "name.syntax"),
        (&"x".repeat(201), "name.syntax"),
    ] {
        let answer = user.post("/scripts", &json!({ "name": name, "script": {} })).await;
        assert_eq!(answer.field(ProblemCode::Invalid, "/name").code, code);
    }
    // What only looks like one is text as any other.
    let looks = json!({ "name": "looks like nul", "script": { "commands": "printf '\\u0000'" } });
    let kept: Script = user.post("/scripts", &looks).await.expect(201).json();
    assert_eq!(kept.revision.draft.commands, "printf '\\u0000'");
    let nul = json!({ "name": "nul", "script": { "commands": "a\u{0}b" } });
    assert_eq!(user.post("/scripts", &nul).await.field(ProblemCode::Invalid, "/script").code, "script.nul");
    let path = format!("/scripts/{}/revisions", script.id);
    for number in ["0", "2", "-1", "99999999999", "x", "1%2F..", "%00"] {
        user.get(&format!("{path}/{number}")).await.problem(ProblemCode::NotFound);
        user.post_empty(&format!("{path}/{number}/restore")).await.problem(ProblemCode::NotFound);
        user.patch(&format!("{path}/{number}"), &json!({ "label": "x" }))
            .await
            .problem(ProblemCode::NotFound);
    }
    for made_from in [0, 2, -1, i32::MAX] {
        let body = json!({ "made_from": made_from, "script": {} });
        user.post(&path, &body).await.problem(ProblemCode::RevisionConflict);
    }
    let long = json!({ "label": "é".repeat(101) });
    assert_eq!(
        user.patch(&format!("{path}/1"), &long).await.field(ProblemCode::Invalid, "/label").code,
        "label.syntax"
    );
    user.patch(&format!("{path}/1"), &json!({})).await.problem(ProblemCode::MalformedRequest);
    user.post(&path, &json!({ "script": {} })).await.problem(ProblemCode::MalformedRequest);
}
