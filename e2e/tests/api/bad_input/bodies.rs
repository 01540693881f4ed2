//! Requests that cannot be read: not JSON, too large, unknown fields, wrong methods and paths.

use pbsweb_e2e::TestApp;
use pbsweb_shared::problem::ProblemCode;
use reqwest::Method;
use serde_json::json;

use super::still_serves;

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let app = TestApp::with(|setup| setup.config.http.max_body_bytes = 64 << 10).await;
    let user = app.ready_user("ada").await;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = user.request(Method::POST, "/jobs").header("Idempotency-Key", "key");
        user.send(request.header("content-type", content_type).body(body)).await
    };
    let good = serde_json::to_vec(&user.job("true")).unwrap();
    send("text/plain", good.clone()).await.problem(ProblemCode::MalformedRequest);
    for body in [&b""[..], b"{", b"null", b"[]", b"\xff\xfe", b"{\"host\": 7}", b"not json at all"] {
        send("application/json", body.to_vec()).await.problem(ProblemCode::MalformedRequest);
    }
    let deep = "[".repeat(50_000);
    send("application/json", deep.into_bytes()).await.problem(ProblemCode::MalformedRequest);
    let large = user.job(&"#".repeat(70_000));
    send("application/json", serde_json::to_vec(&large).unwrap()).await.problem(ProblemCode::TooLarge);
    let mut wrong = serde_json::to_value(user.job("true")).unwrap();
    wrong["script"]["chunks"] = json!([{}, { "ncpus": 4 }]);
    let answer = user.post("/scripts/check", &json!({ "script": wrong["script"] })).await;
    answer.field(ProblemCode::MalformedRequest, "/script/chunks/1/ncpus");
    let mut unknown = serde_json::to_value(user.job("true")).unwrap();
    unknown["script"]["wall_time"] = json!("1");
    let problem = send("application/json", serde_json::to_vec(&unknown).unwrap()).await;
    let problem = problem.problem(ProblemCode::MalformedRequest);
    assert!(problem.detail.unwrap().contains("wall_time"), "the unknown field is named");
    still_serves(&user, 0, 0).await;
    let _ = send("application/json", good).await.expect(201);
}

#[tokio::test]
async fn paths_methods_and_queries_that_are_not_there() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    for path in ["/jobs/7", "/jobs/%00", "/builds/00000000-0000-0000-0000-00000000000g"] {
        user.get(path).await.problem(ProblemCode::NotFound);
    }
    let beyond = user.beyond_the_document();
    for path in ["/nothing", "/jobs/../..//x"] {
        beyond.get(path).await.problem(ProblemCode::NotFound);
    }
    beyond.delete("/jobs").await.problem(ProblemCode::MethodNotAllowed);
    beyond.put("/info", &json!({})).await.problem(ProblemCode::MethodNotAllowed);
    user.get("/jobs?colour=red").await.problem(ProblemCode::MalformedRequest);
    user.get("/jobs?limit=many").await.problem(ProblemCode::MalformedRequest);
    user.get("/jobs?state=gone").await.field(ProblemCode::Invalid, "/state");
    for list in ["/jobs", "/scripts", "/me/activity", "/sessions"] {
        user.get(&format!("{list}?page_token=forged")).await.field(ProblemCode::Invalid, "/page_token");
    }
    let _ = user.get("/jobs?text=%00").await.expect(200);
    let huge = user.get(&format!("/jobs?text={}", "x".repeat(5000))).await;
    assert!(huge.status < 500, "{}", huge.text());
    let _ = user.get("/jobs?limit=100000").await.expect(200);
    still_serves(&user, 0, 0).await;
}

#[tokio::test]
async fn accounts_users_and_preferences_name_the_field() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let good = json!({ "user_name": "bob", "password": "correct horse battery" });
    for (field, value) in [
        ("user_name", json!("")),
        ("user_name", json!("../etc")),
        ("user_name", json!("bob\0")),
        ("password", json!("short")),
        ("email", json!("no address\n")),
        ("display_name", json!("a\0b")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = app.client.post("/accounts", &body).await;
        answer.field(ProblemCode::Invalid, &format!("/{field}"));
        app.admin.post("/users", &body).await.field(ProblemCode::Invalid, &format!("/{field}"));
    }
    let taken = json!({ "user_name": "ada", "password": "correct horse battery" });
    app.client.post("/accounts", &taken).await.field(ProblemCode::AlreadyExists, "/user_name");
    for (field, value) in [
        ("theme", json!("purple")),
        ("mail_events", json!("xyz")),
        ("mail_users", json!("ada@example.org, b@@c")),
        ("mail_users", json!("ada@example.org\0")),
        ("shell", json!("bash")),
    ] {
        let answer = user.put("/me/preferences", &json!({ field: value })).await;
        answer.field(ProblemCode::Invalid, &format!("/{field}"));
    }
    user.post("/me/tokens", &json!({ "name": "", "expires_in_days": 1 }))
        .await
        .field(ProblemCode::Invalid, "/name");
    user.post("/me/tokens", &json!({ "name": "ci", "expires_in_days": 0 }))
        .await
        .field(ProblemCode::Invalid, "/expires_in_days");
    still_serves(&user, 0, 0).await;
}

#[tokio::test]
async fn host_rows_name_the_field() {
    let app = TestApp::start().await;
    let good = json!({ "name": "other", "address": "127.0.0.1" });
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("two words")),
        ("address", json!("")),
        ("address", json!("-oProxyCommand=x")),
        ("port", json!(0)),
        ("bin_folder", json!("relative/bin")),
        ("host_keys", json!(["ssh-rsa nonsense"])),
        ("offered_queues", json!(["a b"])),
        ("description", json!("a\0b")),
        ("jump_host", json!(uuid::Uuid::new_v4())),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let problem = app.admin.post("/hosts", &body).await.problem(ProblemCode::Invalid);
        assert!(
            problem.errors.len() == 1 && problem.errors[0].pointer.starts_with(&format!("/{field}")),
            "{field}: {value}: {:?}",
            problem.errors
        );
    }
    let name = json!({ "name": "cluster", "address": "127.0.0.1" });
    app.admin.post("/hosts", &name).await.problem(ProblemCode::AlreadyExists);
    let hosts: pbsweb_shared::page::Page<pbsweb_shared::api::hosts::Host> = app.admin.read("/hosts").await;
    assert_eq!(hosts.items.len(), 1);
}
