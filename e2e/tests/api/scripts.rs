//! Past scripts: what a new one starts with, what the picker lists, and text that becomes fields again.

use pbsweb_e2e::TestApp;
use pbsweb_shared::api::scripts::{Script, ScriptChecked, ScriptParsed};
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
