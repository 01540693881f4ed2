//! Sessions and tokens: several at once, ended at once, and the cookie of browsers.

use pbsweb_e2e::{Client, PASSWORD, TestApp, User};
use pbsweb_shared::api::activity::Activity;
use pbsweb_shared::api::me::TokenCreated;
use pbsweb_shared::api::sessions::{Session, SessionKind, SignedIn};
use pbsweb_shared::api::users::User as Listed;
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::ProblemCode;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

async fn is_signed_in(client: &Client) -> bool {
    let answer = client.get("/me").await;
    if answer.status == 200 {
        return true;
    }
    answer.problem(ProblemCode::NotSignedIn);
    false
}

#[tokio::test]
async fn several_at_once_and_each_ends_by_itself() {
    let app = TestApp::start().await;
    let first = app.sign_up("ada").await;
    let second = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    let third = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    let sessions: Page<Session> = first.read("/sessions").await;
    assert_eq!(sessions.items.len(), 3);
    assert_eq!(sessions.items.iter().filter(|session| session.is_current).count(), 1);
    assert!(sessions.items.iter().all(|session| session.kind == SessionKind::SignIn));

    let _ = second.delete("/sessions/current").await.expect(204);
    assert!(is_signed_in(&first).await && !is_signed_in(&second).await && is_signed_in(&third).await);
    let current: Session = third.read("/sessions/current").await;
    let _ = first.delete(&format!("/sessions/{}", current.id)).await.expect(204);
    assert!(is_signed_in(&first).await && !is_signed_in(&third).await);
    first.delete(&format!("/sessions/{}", current.id)).await.problem(ProblemCode::NotFound);
    let sessions: Page<Session> = first.read("/sessions").await;
    assert_eq!(sessions.items.len(), 1);

    // Every deed names its session.
    let activity: Page<Activity> = first.read("/me/activity").await;
    let sign_ins = activity.items.iter().filter(|deed| deed.action == "session.sign_in");
    assert_eq!(sign_ins.filter(|deed| deed.session.is_some()).count(), 3, "{activity:#?}");
}

#[tokio::test]
async fn another_users_session_cannot_be_ended() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.sign_up("ada").await, app.sign_up("bob").await);
    let session: Session = ada.read("/sessions/current").await;
    bob.delete(&format!("/sessions/{}", session.id)).await.problem(ProblemCode::NotFound);
    assert!(is_signed_in(&ada).await);
}

#[tokio::test]
async fn a_token_for_programs_lives_until_it_is_revoked() {
    let app = TestApp::start().await;
    let user = app.ready_user("ada").await;
    let body = json!({ "name": "nightly", "expires_in_days": 30 });
    let made: TokenCreated = user.post("/me/tokens", &body).await.expect(201).json();
    assert_eq!((made.session.kind, made.session.name.as_deref()), (SessionKind::Token, Some("nightly")));
    let program = app.client.with_token(Some(&made.token));
    assert!(is_signed_in(&program).await);
    // Signing out does not end it.
    let _ = user.delete("/sessions/current").await.expect(204);
    assert!(is_signed_in(&program).await);
    let user = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    let tokens: Page<Session> = user.read("/me/tokens").await;
    assert_eq!(tokens.items.iter().map(|token| token.id).collect::<Vec<_>>(), [made.session.id]);
    assert!(!user.get("/me/tokens").await.text().contains(&made.token), "it is shown once");
    let _ = user.delete(&format!("/sessions/{}", made.session.id)).await.expect(204);
    assert!(!is_signed_in(&program).await);
}

#[tokio::test]
async fn forged_tokens_are_nobody() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let token = user.token().unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    for forged in ["", "x", "a.b.c", signed, &format!("{signed}."), &format!("{signed}.{reversed}")] {
        assert!(!is_signed_in(&app.client.with_token(Some(forged))).await, "{forged:?}");
    }
    for header in ["Basic YWRhOnBhc3N3b3Jk", "Bearer", token] {
        let request = app.client.request(Method::GET, "/me").header("authorization", header);
        app.client.send(request).await.problem(ProblemCode::NotSignedIn);
    }
    // Never in a URL.
    app.client.get(&format!("/me?token={token}")).await.problem(ProblemCode::NotSignedIn);
    // Another site's key signs nothing here.
    let other = TestApp::start().await;
    let stranger = other.sign_up("ada").await;
    assert!(!is_signed_in(&app.client.with_token(stranger.token())).await);
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let body = json!({ "name": "ci", "expires_in_days": 1 });
    let made: TokenCreated = user.post("/me/tokens", &body).await.expect(201).json();
    let path = format!("/users/{}", user.me.id);
    let changed: Listed = app.admin.patch(&path, &json!({ "is_enabled": false })).await.expect(200).json();
    assert!(!changed.is_enabled);
    assert!(!is_signed_in(&user).await);
    assert!(!is_signed_in(&app.client.with_token(Some(&made.token))).await);
    let sign_in = json!({ "user_name": "ada", "password": PASSWORD });
    app.client.post("/sessions", &sign_in).await.problem(ProblemCode::Forbidden);
    let _ = app.admin.patch(&path, &json!({ "is_enabled": true })).await.expect(200);
    let user = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    assert!(is_signed_in(&user).await);
    // Somebody has to be left to enable users.
    let own = format!("/users/{}", app.admin.me.id);
    app.admin.patch(&own, &json!({ "is_enabled": false })).await.problem(ProblemCode::StateForbids);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let user = app.sign_up("ada").await;
    let other = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
    let change =
        |current: &str| json!({ "password": { "current": current, "new": "another horse battery" } });
    let wrong = user.patch("/me", &change("wrong horse battery")).await;
    wrong.field(ProblemCode::Invalid, "/password/current");
    let _ = user.patch("/me", &change(PASSWORD)).await.expect(200);
    assert!(is_signed_in(&user).await && !is_signed_in(&other).await);
    let sign_in = json!({ "user_name": "ada", "password": PASSWORD });
    app.client.post("/sessions", &sign_in).await.problem(ProblemCode::WrongPassword);
    let _ = User::sign_in(&app.client, "ada", "another horse battery", app.host.id).await;
}

#[tokio::test]
async fn the_cookie_is_for_the_page_alone() {
    let app = TestApp::start().await;
    let _ = app.sign_up("ada").await;
    let body = json!({ "user_name": "ada", "password": PASSWORD });
    let answer = app.client.post("/sessions", &body).await.expect(201);
    let set = answer.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    let cookie = set.split(';').next().unwrap().to_owned();
    assert_eq!(cookie, format!("pbsweb_session={}", answer.json::<SignedIn>().token));
    let with_cookie = |method: Method, path: &str| app.client.request(method, path).header(COOKIE, &cookie);
    let _ = app.client.send(with_cookie(Method::GET, "/me")).await.expect(200);
    // What changes something needs the header that other sites' pages cannot set.
    let change = json!({ "display_name": "Ada" });
    let bare = with_cookie(Method::PATCH, "/me").json(&change);
    app.client.send(bare).await.problem(ProblemCode::Forbidden);
    let from_page = with_cookie(Method::PATCH, "/me").header("X-PBSWeb", "1").json(&change);
    let _ = app.client.send(from_page).await.expect(200);
    let sign_out = with_cookie(Method::DELETE, "/sessions/current").header("X-PBSWeb", "1");
    let answer = app.client.send(sign_out).await.expect(204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
    app.client.send(with_cookie(Method::GET, "/me")).await.problem(ProblemCode::NotSignedIn);
}

#[tokio::test]
async fn accounts_are_closed_where_the_site_says_so() {
    use pbsweb_shared::api::accounts::{AccountPolicy, ServerInfo};
    let app = TestApp::with(|setup| setup.config.site.account_policy = AccountPolicy::Closed).await;
    assert_eq!(app.client.read::<ServerInfo>("/info").await.account_policy, AccountPolicy::Closed);
    let body = json!({ "user_name": "ada", "password": PASSWORD });
    app.client.post("/accounts", &body).await.problem(ProblemCode::Forbidden);
    let _ = app.admin.post("/users", &body).await.expect(201);
    let _ = User::sign_in(&app.client, "ada", PASSWORD, app.host.id).await;
}
