//! A wrong password, and a session whose time is over.

use std::time::Duration;

use pbsweb_e2e::{PASSWORD, TestApp, User, eventually};
use pbsweb_shared::problem::ProblemCode;
use serde_json::json;

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let sign_in = async |name: &str, password: &str| {
        app.client.post("/sessions", &json!({ "user_name": name, "password": password })).await
    };
    let wrong = sign_in("ada", "wrong horse battery").await.problem(ProblemCode::WrongPassword);
    for (name, password) in [
        ("nobody", PASSWORD),
        ("", ""),
        ("ada\0", PASSWORD),
        ("ADA'; --", "x"),
        ("ada", &"x".repeat(100_000)),
    ] {
        let other = sign_in(name, password).await.problem(ProblemCode::WrongPassword);
        assert_eq!(other.detail, wrong.detail, "{name:?}");
    }
    let _ = user.get("/me").await.expect(200);
    let _ = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = TestApp::with(|setup| setup.config.sessions.max_failed_sign_ins = 3).await;
    let _ = app.sign_up("ada").await;
    let guess = json!({ "user_name": "ada", "password": "wrong horse battery" });
    for _ in 0..3 {
        app.client.post("/sessions", &guess).await.problem(ProblemCode::WrongPassword);
    }
    let answer = app.client.post("/sessions", &guess).await;
    answer.problem(ProblemCode::TooManyRequests);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    let right = json!({ "user_name": "ada", "password": PASSWORD });
    app.client.post("/sessions", &right).await.problem(ProblemCode::TooManyRequests);
    let _ = app.client.get("/info").await.expect(200);
}

#[tokio::test]
async fn an_expired_session_is_no_session() {
    let app = TestApp::with(|setup| setup.config.sessions.lifetime = Duration::from_secs(10)).await;
    let user = app.sign_up("ada").await;
    let _ = user.get("/me").await.expect(200);
    eventually("the session is over", || async {
        let answer = user.get("/me").await;
        (answer.status == 401).then_some(answer)
    })
    .await
    .problem(ProblemCode::NotSignedIn);
    user.try_submit("key", 0, &user.job("true")).await.problem(ProblemCode::NotSignedIn);
    // Signed in again, everything is there.
    let user = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    super::still_serves(&user, 0, 0).await;
}
