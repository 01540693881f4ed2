//! Behind a proxy: whose word about the caller's address is taken.

use pbsweb_e2e::{Answer, TestApp};
use reqwest::Method;
use serde_json::json;

async fn metrics(app: &TestApp, forwarded_for: Option<&str>) -> Answer {
    let mut request = app.client.request(Method::GET, "//metrics");
    if let Some(addresses) = forwarded_for {
        request = request.header("X-Forwarded-For", addresses);
    }
    app.client.send(request).await
}

#[tokio::test]
async fn metrics_are_for_the_machine_itself() {
    let app = TestApp::start().await;
    let text = metrics(&app, None).await.expect(200).text();
    assert!(text.contains("pbsweb_database_statements_total"), "{text}");
    // A proxy on this machine that nobody has named may pass on anybody.
    let _ = metrics(&app, Some("127.0.0.1")).await.expect(403);
    let _ = metrics(&app, Some("192.0.2.7")).await.expect(403);
}

#[tokio::test]
async fn metrics_are_for_the_addresses_that_are_named() {
    let app = TestApp::with(|setup| {
        setup.config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        setup.config.http.metrics_from = vec!["192.0.2.0/24".parse().unwrap()];
    })
    .await;
    let _ = metrics(&app, None).await.expect(403);
    let _ = metrics(&app, Some("192.0.2.7")).await.expect(200);
    let _ = metrics(&app, Some("192.0.2.7, 198.51.100.1")).await.expect(403);
}

async fn sign_in_badly(app: &TestApp, name: &str, forwarded_for: &str) -> u16 {
    let body = json!({ "user_name": name, "password": "not the right one" });
    let request = app.client.request(Method::POST, "/sessions").header("X-Forwarded-For", forwarded_for);
    app.client.send(request.json(&body)).await.status
}

#[tokio::test]
async fn failed_sign_ins_are_counted_for_who_is_behind_a_trusted_proxy() {
    let app = TestApp::with(|setup| {
        setup.config.sessions.max_failed_sign_ins = 2;
        setup.config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    for (name, expected) in [("one", 401), ("two", 401), ("three", 429)] {
        assert_eq!(sign_in_badly(&app, name, "192.0.2.7").await, expected, "{name}");
    }
    // What the client itself wrote before the proxy's word changes nothing.
    assert_eq!(sign_in_badly(&app, "four", "192.0.2.9, 192.0.2.7").await, 429);
    assert_eq!(sign_in_badly(&app, "five", "192.0.2.8").await, 401);
}

#[tokio::test]
async fn without_a_trusted_proxy_nobodys_word_is_taken() {
    let app = TestApp::with(|setup| setup.config.sessions.max_failed_sign_ins = 2).await;
    for (name, from, expected) in
        [("one", "192.0.2.1", 401), ("two", "192.0.2.2", 401), ("three", "192.0.2.3", 429)]
    {
        assert_eq!(sign_in_badly(&app, name, from).await, expected, "{name}");
    }
}
