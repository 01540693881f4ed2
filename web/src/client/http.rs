//! One request: its headers, its abortion, its answer or its problem.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use leptos::prelude::{Owner, on_cleanup};
use pbsweb_shared::problem::{Problem, ProblemCode};
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use web_sys::{AbortController, AbortSignal, RequestCredentials};

use super::{Answer, ClientError, json};

/// Where the API begins.
pub(super) const BASE: &str = "/api/v1";

/// The header that a form of another site cannot send.
pub(super) const PAGE_HEADER: (&str, &str) = ("X-PBSWeb", "1");

/// Names one wish of the user: sent again after a lost answer, it does the thing once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A new wish.
    pub(crate) fn random() -> Self {
        let uuid = leptos::prelude::window().crypto().map(|crypto| crypto.random_uuid());
        // Without `crypto` (no browser of today) the clock and Math.random do; the key only has to differ.
        Self(uuid.unwrap_or_else(|_| {
            format!("{:x}-{:x}", js_sys::Date::now() as u64, js_sys::Math::random().to_bits())
        }))
    }

    /// A wish that was kept, so that it is the same one after the page was reloaded.
    pub(crate) const fn kept(key: String) -> Self {
        Self(key)
    }

    /// The key, to keep it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

thread_local! {
    /// Called when the server says that the session is over.
    static SESSION_LOST: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static N_SIGN_INS: Cell<u32> = const { Cell::new(0) };
}

/// How many sign-ins there were when a request went out. What comes back for an earlier one says nothing of this session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SignIns(u32);

impl SignIns {
    pub(super) fn so_far() -> Self {
        Self(N_SIGN_INS.get())
    }
}

/// From now on requests go out in a new session.
pub(crate) fn session_began() {
    N_SIGN_INS.set(N_SIGN_INS.get().wrapping_add(1));
}

/// Sets what happens when an answer says that nobody is signed in.
pub(crate) fn on_session_lost(callback: impl Fn() + 'static) {
    SESSION_LOST.with(|slot| *slot.borrow_mut() = Some(Box::new(callback)));
}

/// Aborts its request when dropped, and when the component that asked goes away.
pub(super) struct AbortGuard(Option<AbortController>);

impl AbortGuard {
    pub(super) fn new() -> Self {
        let controller = AbortController::new().ok();
        if let (Some(controller), Some(_)) = (controller.clone(), Owner::current()) {
            // The browser has one thread; the wrapper says so to the type system.
            let controller = SendWrapper::new(controller);
            on_cleanup(move || controller.abort());
        }
        Self(controller)
    }

    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// The text of an answer that is a success, with its status.
type Text = Pin<Box<dyn Future<Output = Answer<(u16, String)>>>>;

/// A typed answer on its way. Whatever does not depend on the type is compiled once, not once for each type.
pub(crate) struct Reply<T> {
    text: Text,
    typed: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Future for Reply<T> {
    type Output = Answer<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.text.as_mut().poll(context).map(|answer| {
            let (status, text) = answer?;
            // A success may have nothing to say.
            let text = if text.is_empty() { "null" } else { &text };
            json::read(text).map_err(|_| ClientError::Unreadable { status })
        })
    }
}

/// Sends a request, once the answer is waited for. It is aborted with the guard.
fn reply<T>(request: Answer<Request>, guard: Option<AbortGuard>) -> Reply<T> {
    Reply { text: exchange(request, guard), typed: PhantomData }
}

fn exchange(request: Answer<Request>, guard: Option<AbortGuard>) -> Text {
    Box::pin(async move {
        let sign_ins = SignIns::so_far();
        let response = check(request?.send().await, sign_ins).await?;
        let status = response.status();
        let text = response.text().await.map_err(|_| ClientError::Offline)?;
        drop(guard);
        Ok((status, text))
    })
}

/// Reads a resource.
pub(super) fn get<T>(path: &str) -> Reply<T> {
    let guard = AbortGuard::new();
    reply(reading(path, &guard), Some(guard))
}

/// Begins to read; the body is still to come.
pub(super) async fn open(path: &str, guard: &AbortGuard) -> Answer<Response> {
    let sign_ins = SignIns::so_far();
    check(reading(path, guard)?.send().await, sign_ins).await
}

fn reading(path: &str, guard: &AbortGuard) -> Answer<Request> {
    builder(Method::GET, path).abort_signal(guard.signal().as_ref()).build().map_err(refused)
}

/// Sends a body and reads the answer.
pub(super) fn send<B: Serialize, T>(
    method: Method,
    path: &str,
    body: &B,
    key: Option<&IdempotencyKey>,
) -> Reply<T> {
    let body = serde_json::to_string(body).map_err(|error| ClientError::Browser(error.to_string()));
    reply(writing(method, path, body, key), None)
}

fn writing(
    method: Method,
    path: &str,
    body: Answer<String>,
    key: Option<&IdempotencyKey>,
) -> Answer<Request> {
    let mut builder = builder(method, path).header("Content-Type", "application/json");
    if let Some(IdempotencyKey(key)) = key {
        builder = builder.header("Idempotency-Key", key);
    }
    builder.body(body?).map_err(refused)
}

/// Asks for an action that takes no body, and reads the answer.
pub(super) fn act<T>(path: &str) -> Reply<T> {
    reply(builder(Method::POST, path).build().map_err(refused), None)
}

/// Removes a resource.
pub(super) fn delete(path: &str) -> Reply<IgnoredAny> {
    reply(builder(Method::DELETE, path).build().map_err(refused), None)
}

fn builder(method: Method, path: &str) -> RequestBuilder {
    RequestBuilder::new(&format!("{BASE}{path}"))
        .method(method)
        .credentials(RequestCredentials::SameOrigin)
        .header("Accept", "application/json")
        .header(PAGE_HEADER.0, PAGE_HEADER.1)
}

fn refused(error: gloo_net::Error) -> ClientError {
    ClientError::Browser(error.to_string())
}

/// Lets successes through and turns everything else into an error.
async fn check(sent: Result<Response, gloo_net::Error>, sign_ins: SignIns) -> Answer<Response> {
    let response = match sent {
        Ok(response) => response,
        Err(gloo_net::Error::JsError(error)) if error.name == "AbortError" => {
            return Err(ClientError::Aborted);
        }
        Err(_) => return Err(ClientError::Offline),
    };
    if response.ok() {
        return Ok(response);
    }
    let status = response.status();
    let text = response.text().await.map_err(|_| ClientError::Offline)?;
    Err(error_of(status, &text, sign_ins))
}

/// The error in the body of an answer that is no success.
pub(super) fn error_of(status: u16, body: &str, sign_ins: SignIns) -> ClientError {
    let Ok(problem) = json::read::<Problem>(body) else {
        return ClientError::Unreadable { status };
    };
    if problem.code == ProblemCode::NotSignedIn && sign_ins == SignIns::so_far() {
        SESSION_LOST.with(|slot| {
            if let Some(callback) = &*slot.borrow() {
                callback();
            }
        });
    }
    ClientError::Problem(Box::new(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_problem_is_unreadable() {
        assert_eq!(
            error_of(502, "<html>Bad gateway</html>", SignIns::so_far()),
            ClientError::Unreadable { status: 502 }
        );
    }

    #[test]
    fn a_problem_is_read_whole() {
        let body = r#"{"type":"x","title":"Not found","status":404,"instance":"/","code":"not_found","request_id":"1"}"#;
        assert_eq!(error_of(404, body, SignIns::so_far()).code(), Some(ProblemCode::NotFound));
    }
}
