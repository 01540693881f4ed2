//! Every operation of the document against nobody and against the wrong user. The lists of exceptions only shrink.

use std::collections::BTreeSet;

use pbsweb_e2e::{Answer, Client, TestApp};
use pbsweb_shared::problem::ProblemCode;
use reqwest::Method;
use serde_json::{Value, json};

struct Operation {
    id: String,
    method: Method,
    path: String,
}

/// The API's operations, as the server itself describes them.
async fn operations(client: &Client) -> Vec<Operation> {
    let document: Value = client.read("/openapi.json").await;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.to_owned(),
            });
        }
    }
    assert!(operations.len() > 50, "{}", operations.len());
    operations
}

async fn call(client: &Client, operation: &Operation, path: &str, body: Option<&Value>) -> Answer {
    let mut request = client.request(operation.method.clone(), path);
    if ["submit_job", "submit_job_set"].contains(&operation.id.as_str()) {
        request = request.header("Idempotency-Key", "coverage");
    }
    if operation.id == "upload_application" {
        request = request.multipart(reqwest::multipart::Form::new().text("name", "x"));
    } else if let Some(body) = body {
        request = request.json(body);
    } else if operation.method != Method::GET && operation.method != Method::DELETE {
        request = request.json(&json!({}));
    }
    client.send(request).await
}

/// Whoever asks is not asked who they are.
const PUBLIC: &[&str] = &["create_account", "create_session", "get_openapi", "get_server_info"];

#[tokio::test]
async fn nobody_gets_in_without_credentials() {
    let app = TestApp::start().await;
    let mut open = BTreeSet::new();
    for operation in operations(&app.client).await {
        let mut path = operation.path.replace("{stream}", "stdout");
        while let Some((before, rest)) = path.split_once('{') {
            let (_, after) = rest.split_once('}').unwrap();
            path = format!("{before}{}{after}", uuid::Uuid::new_v4());
        }
        let answer = call(&app.client, &operation, &path, None).await;
        if answer.status == 401 {
            answer.problem(ProblemCode::NotSignedIn);
        } else {
            open.insert(operation.id);
        }
    }
    assert_eq!(open.iter().map(String::as_str).collect::<Vec<_>>(), PUBLIC);
}

/// For administrators: everybody else is told so.
const ADMIN: &[&str] = &[
    "create_host",
    "create_user",
    "delete_host",
    "list_activity",
    "list_users",
    "scan_host_key",
    "update_host",
    "update_user",
];

/// Only ever about the caller, or about what everybody may see: no other user's thing can be named.
const OWN: &[&str] = &[
    "check_host",
    "check_script",
    "create_group",
    "create_job_action",
    "create_script",
    "create_search",
    "create_token",
    "delete_current_session",
    "delete_host_account",
    "export_jobs",
    "get_current_session",
    "get_host",
    "get_host_history",
    "get_me",
    "get_preferences",
    "get_ssh_key",
    "list_applications",
    "list_groups",
    "list_host_jobs",
    "list_hosts",
    "list_job_actions",
    "list_jobs",
    "list_nodes",
    "list_own_activity",
    "list_queues",
    "list_scripts",
    "list_searches",
    "list_sessions",
    "list_tokens",
    "parse_script",
    "preview_job_action",
    "put_host_account",
    "put_preferences",
    "rotate_ssh_key",
    "stream_events",
    "submit_job",
    "submit_job_set",
    "suggest_script",
    "update_me",
    "upload_application",
];

#[tokio::test]
async fn another_users_things_are_not_there() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.ready_user("ada").await, app.ready_user("bob").await);
    let application = ada.upload("hello", crate::archive::hello().tar()).await;
    let build = ada.start_build(application.id).await;
    ada.follow_build(build.id).await;
    let mut request = ada.job("echo secret; while [ ! -e go-on ]; do sleep 0.05; done");
    request.application = Some(application.id);
    let job = ada.submit_well(&request).await;
    let entry = json!({ "label": "secret", "submit": ada.job("echo secret") });
    let request = ada.request(Method::POST, "/job-sets").header("Idempotency-Key", "set");
    let set: pbsweb_shared::api::job_sets::JobSet =
        ada.send(request.json(&json!({ "jobs": [entry] }))).await.expect(201).json();
    let session: pbsweb_shared::api::sessions::Session = ada.read("/sessions/current").await;
    let release = ada.post_empty(&format!("/jobs/{}/release", job.id)).await.expect(202);
    let action = release.json::<pbsweb_shared::api::job_actions::JobActionItem>().action;
    let saved = json!({ "name": "mine", "filter": {} });
    let search: pbsweb_shared::api::searches::SavedSearch =
        ada.post("/me/searches", &saved).await.expect(201).json();
    let group: pbsweb_shared::api::groups::Group =
        ada.post("/groups", &json!({ "name": "secret" })).await.expect(201).json();
    let things = [
        ("{application}", application.id.to_string()),
        ("{build}", build.id.to_string()),
        ("{job}", job.id.to_string()),
        ("{action}", action.to_string()),
        ("{script}", job.script.to_string()),
        ("{session}", session.id.to_string()),
        ("{set}", set.id.to_string()),
        ("{group}", group.id.to_string()),
        ("{host}", ada.host.to_string()),
        ("{member}", "ada".to_owned()),
        ("{user}", ada.me.id.to_string()),
        ("{stream}", "stdout".to_owned()),
        ("{revision}", "1".to_owned()),
        ("{search}", search.id.to_string()),
    ];
    let (mut admins, mut own) = (BTreeSet::new(), BTreeSet::new());
    for operation in
        operations(&app.client).await.into_iter().filter(|one| !PUBLIC.contains(&one.id.as_str()))
    {
        let names_a_thing =
            ["action", "application", "build", "group", "job", "script", "search", "session", "set"]
                .iter()
                .any(|name| operation.path.contains(&format!("{{{name}}}")));
        let path = things.iter().fold(operation.path.clone(), |path, (name, id)| path.replace(name, id));
        let is_admins = ADMIN.contains(&operation.id.as_str());
        if !names_a_thing && !is_admins {
            own.insert(operation.id);
            continue;
        }
        let body = match operation.id.as_str() {
            "create_build" => Some(json!({ "host": bob.host })),
            "message_job" => Some(json!({ "text": "secret" })),
            "move_job" => Some(json!({ "destination": "workq" })),
            "order_job" => Some(json!({ "with": job.id })),
            "pin_commands" | "unpin_commands" => Some(json!({ "commands": "make run" })),
            "put_group_member" => Some(json!({ "role": "edit" })),
            "update_group" => Some(json!({ "name": "mine" })),
            "put_search" => Some(json!({ "name": "theirs", "filter": {} })),
            "save_revision" => Some(json!({ "made_from": 1, "script": {} })),
            "update_revision" => Some(json!({ "label": "mine" })),
            "signal_job" => Some(json!({ "signal": "SIGTERM" })),
            "create_host" => Some(json!({ "name": "evil", "address": "127.0.0.1" })),
            "create_user" => Some(json!({ "user_name": "eve", "password": "correct horse battery" })),
            _ => None,
        };
        let answer = call(&bob, &operation, &path, body.as_ref()).await;
        if is_admins {
            answer.problem(ProblemCode::Forbidden);
            admins.insert(operation.id);
        } else {
            answer.problem(ProblemCode::NotFound);
            assert!(!answer.text().contains("secret"));
        }
    }
    assert_eq!(admins.iter().map(String::as_str).collect::<Vec<_>>(), ADMIN);
    assert_eq!(own.iter().map(String::as_str).collect::<Vec<_>>(), OWN);
    // Named in a query or body instead.
    let _ = bob.get(&format!("/jobs?application={}", application.id)).await.expect(200);
    assert!(
        !bob.get(&format!("/scripts?application={}", application.id))
            .await
            .expect(200)
            .text()
            .contains("secret")
    );
    let suggestion =
        bob.get(&format!("/scripts/suggestion?application={}&host={}", application.id, bob.host)).await;
    assert!(!suggestion.text().contains("secret"), "{}", suggestion.text());
    let mut stolen = bob.job("true");
    stolen.application = Some(application.id);
    bob.try_submit("steal", 0, &stolen).await.field(ProblemCode::Invalid, "/application");
    // And she has what she had.
    std::fs::write(app.sim.home("ada").join("pbsweb/hello/go-on"), "").unwrap();
    assert_eq!(ada.wait_ended(job.id).await.exit_status, Some(0));
}

/// The server's description is the one that is committed.
#[tokio::test]
async fn the_served_document_is_the_programs() {
    let app = TestApp::start().await;
    let served: Value = app.client.read("/openapi.json").await;
    let own = serde_json::to_value(pbsweb::routes::docs::document()).unwrap();
    assert_eq!(served, own);
    let page = app.client.beyond_the_document().get("//api/docs/").await;
    assert!(page.status == 200 || page.status == 302, "{}", page.status);
}

/// Every other test depends on it: what passes through the client is held against the document.
#[tokio::test]
async fn the_client_is_held_to_the_document() {
    let app = TestApp::start().await;
    let is_refused = async |client: Client, path: &'static str| {
        let asked = tokio::spawn(async move { client.get(path).await }).await;
        asked.is_err_and(|error| error.is_panic())
    };
    assert!(!is_refused(app.client.clone(), "/info").await);
    assert!(is_refused(app.client.clone(), "/nothing").await);
    // What nobody checks is only what there is no description of.
    assert!(!is_refused(app.client.beyond_the_document(), "/nothing").await);
    assert!(is_refused(app.client.beyond_the_document(), "/info").await);
}
