//! What routes unpack: the actor, typed ids of the path, and bodies whose errors are problems.

mod body;
pub mod client;
pub mod page;

use std::future::{Ready, ready};
use std::str::FromStr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::error::{PathError, QueryPayloadError};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use pbsweb_shared::problem::ProblemCode;
use serde::de::DeserializeOwned;

pub use body::Body;

use super::problem::ApiProblem;
use crate::app::App;
use crate::services::actor::Actor;
use crate::services::sessions::{NamedSession, authenticate, read_token};

/// The cookie that carries a browser's token.
pub const COOKIE: &str = "pbsweb_session";

/// Header without which a request that changes something is not taken with a cookie: other sites' pages cannot set it.
pub const PAGE_HEADER: &str = "x-pbsweb";

/// Makes the framework's own refusals problems.
pub fn configure(config: &mut ServiceConfig, max_body_bytes: usize) {
    config
        .app_data(web::PayloadConfig::new(max_body_bytes))
        .app_data(web::QueryConfig::default().error_handler(|error, _| from_query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| from_path(&error).into()));
}

fn from_query(error: &QueryPayloadError) -> ApiProblem {
    ApiProblem::new(ProblemCode::MalformedRequest, format!("the query cannot be read: {error}"))
}

fn from_path(_: &PathError) -> ApiProblem {
    ApiProblem::new(ProblemCode::NotFound, "there is nothing at this path; see /api/docs")
}

/// An id of the path: what is no id names nothing.
///
/// # Errors
/// A problem of code `not_found`.
pub fn path_id<T: FromStr>(text: &str, what: &str) -> Result<T, ApiProblem> {
    text.parse().map_err(|_| ApiProblem::not_found(what))
}

/// A body that may be left out.
///
/// # Errors
/// It is there and cannot be read.
pub fn optional_body<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, ApiProblem> {
    if bytes.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice::<Option<T>>(bytes).map(Option::unwrap_or_default).map_err(|error| {
        ApiProblem::new(ProblemCode::MalformedRequest, format!("the body cannot be read: {error}"))
    })
}

/// The running server.
pub type AppData = Data<Arc<App>>;

fn app_of(request: &HttpRequest) -> Result<Arc<App>, ApiProblem> {
    request
        .app_data::<AppData>()
        .map(|app| Arc::clone(app.get_ref()))
        .ok_or_else(|| ApiProblem::new(ProblemCode::Internal, "the server is not set up"))
}

fn token_of(request: &HttpRequest) -> Result<String, ApiProblem> {
    let missing =
        || ApiProblem::new(ProblemCode::NotSignedIn, "sign in, or send a token as `Authorization: Bearer …`");
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let text = header.to_str().map_err(|_| missing())?;
        let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
        return if scheme.eq_ignore_ascii_case("bearer") {
            Ok(token.trim().to_owned())
        } else {
            Err(missing())
        };
    }
    let cookie = request.cookie(COOKIE).ok_or_else(missing)?;
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_reading && !request.headers().contains_key(PAGE_HEADER) {
        return Err(ApiProblem::new(
            ProblemCode::Forbidden,
            "with a cookie, a request that changes something needs the header X-PBSWeb; programs use a token instead",
        ));
    }
    Ok(cookie.value().to_owned())
}

/// Who asks, by the word of a good token: for a route that looks up what was asked for while the session is checked.
pub struct Named(pub NamedSession);

impl FromRequest for Named {
    type Error = ApiProblem;
    type Future = Ready<Result<Self, ApiProblem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = || Ok(Self(read_token(&*app_of(request)?, &token_of(request)?)?));
        ready(named())
    }
}

impl FromRequest for Actor {
    type Error = ApiProblem;
    type Future = LocalBoxFuture<'static, Result<Self, ApiProblem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (app, named) = (app_of(request), Named::from_request(request, payload));
        Box::pin(async move { Ok(authenticate(&*app?, named.await?.0).await?) })
    }
}

/// An actor who is an administrator.
pub struct Admin(pub Actor);

impl FromRequest for Admin {
    type Error = ApiProblem;
    type Future = LocalBoxFuture<'static, Result<Self, ApiProblem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let actor = Actor::from_request(request, payload);
        Box::pin(async move {
            let actor = actor.await?;
            if actor.is_admin {
                Ok(Self(actor))
            } else {
                Err(ApiProblem::new(ProblemCode::Forbidden, "this is for administrators"))
            }
        })
    }
}

/// Most characters of an Idempotency-Key.
const MOST_KEY_CHARACTERS: usize = 200;

/// The header `Idempotency-Key`, which has to be there.
///
/// # Errors
/// It is missing, or not text.
pub fn needed_idempotency_key(request: &HttpRequest) -> Result<String, ApiProblem> {
    idempotency_key(request)?.ok_or_else(|| {
        ApiProblem::field(
            "/headers/Idempotency-Key",
            "idempotency_key.missing",
            "the header Idempotency-Key is needed: a new one for each job, the same one when you repeat a request",
        )
    })
}

/// The header `Idempotency-Key`, if it is there.
///
/// # Errors
/// It is not text.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, ApiProblem> {
    let Some(header) = request.headers().get("Idempotency-Key") else { return Ok(None) };
    let key = header.to_str().ok().filter(|key| {
        (1..=MOST_KEY_CHARACTERS).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic())
    });
    let key = key.ok_or_else(|| {
        ApiProblem::field(
            "/headers/Idempotency-Key",
            "idempotency_key.syntax",
            "needs 1 to 200 visible ASCII characters: make a new one for each thing you want",
        )
    })?;
    Ok(Some(key.to_owned()))
}
