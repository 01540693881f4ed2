//! Where errors become problems (RFC 9457): the only place that knows which error has which HTTP status.
//!
//! A problem carries two texts: what the caller may know, and the chain of causes for the log. The second has no path into
//! an answer.

use std::error::Error;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use pbsweb_shared::api::scripts::Revision;
use pbsweb_shared::problem::{FieldError, Problem, ProblemCode};

use crate::error::chain;
use crate::services::accounts::AccountError;
use crate::services::sessions::SessionError;
use crate::services::sessions::passwords::PasswordError;
use crate::services::users::UserError;
use crate::store::StoreError;
use crate::store::page::BadPageToken;

/// A problem on its way out. The middleware [`super::finish_problems`] adds path and request id.
#[derive(Debug, Clone)]
pub struct ApiProblem {
    /// What programs switch on.
    pub code: ProblemCode,
    /// What happened this time, and what to do.
    pub detail: Option<String>,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
    /// The revision that was saved meanwhile.
    pub current: Option<Box<Revision>>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
    /// For the log only.
    pub cause: Option<String>,
}

impl ApiProblem {
    /// A problem with a detail for the caller.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: Some(detail.into()),
            errors: Vec::new(),
            current: None,
            retry_after: None,
            cause: None,
        }
    }

    /// One wrong field.
    #[must_use]
    pub fn field(pointer: &str, code: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.into(),
        }])
    }

    /// Wrong fields; none would be a mistake of ours.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields need attention", many.len()),
        };
        Self { errors, ..Self::new(ProblemCode::Invalid, detail) }
    }

    /// It does not exist, or the caller may not know that it does.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemCode::NotFound, format!("there is no such {what}"))
    }

    /// Keeps the chain of causes for the log.
    #[must_use]
    pub fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        self.cause = Some(chain(cause));
        self
    }

    /// Says when another try makes sense.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body for a request.
    #[must_use]
    pub fn body(&self, instance: &str, request_id: &str) -> Problem {
        Problem {
            kind: format!("/api/docs/errors#{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            current: self.current.clone(),
        }
    }
}

impl fmt::Display for ApiProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.title())
    }
}

impl ResponseError for ApiProblem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code()).finish();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<StoreError> for ApiProblem {
    fn from(error: StoreError) -> Self {
        let problem = if error.is_full() {
            Self::new(
                ProblemCode::DatabaseFull,
                "nothing can be stored until an administrator makes room for the database; what was stored is safe",
            )
            .retry_after(30)
        } else if error.is_retryable() {
            Self::new(ProblemCode::Busy, "the database is busy or being restarted; try again in a moment")
                .retry_after(2)
        } else {
            Self::new(ProblemCode::Internal, "the server's log tells more under this request id")
        };
        problem.because(&error)
    }
}

impl From<BadPageToken> for ApiProblem {
    fn from(error: BadPageToken) -> Self {
        Self::field("/page_token", "page_token.unknown", error.to_string())
    }
}

const SEE_LOG: &str = "the server's log tells more under this request id";

fn throttled(seconds: u64) -> ApiProblem {
    ApiProblem::new(
        ProblemCode::TooManyRequests,
        format!("there were too many wrong passwords; try again in {seconds} s"),
    )
    .retry_after(seconds)
}

impl From<PasswordError> for ApiProblem {
    fn from(error: PasswordError) -> Self {
        let problem = match &error {
            PasswordError::Busy | PasswordError::Stopped => {
                Self::new(ProblemCode::Busy, "too many people sign in at this moment; try again")
                    .retry_after(2)
            }
            PasswordError::Hash(_) => Self::new(ProblemCode::Internal, SEE_LOG),
        };
        problem.because(&error)
    }
}

impl From<SessionError> for ApiProblem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotSignedIn => Self::new(
                ProblemCode::NotSignedIn,
                "the token is not good, or its session has ended; sign in again",
            ),
            SessionError::WrongPassword => {
                Self::new(ProblemCode::WrongPassword, "the user name or the password is wrong")
            }
            SessionError::Disabled => {
                Self::new(ProblemCode::Forbidden, "this account is disabled; an administrator can enable it")
            }
            SessionError::Throttled { seconds } => throttled(seconds),
            SessionError::NotFound => Self::not_found("session, or it has ended"),
            SessionError::Invalid(errors) => Self::fields(errors),
            SessionError::Password(error) => error.into(),
            SessionError::Sign(error) => Self::new(ProblemCode::Internal, SEE_LOG).because(&error),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<AccountError> for ApiProblem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Closed => {
                Self::new(ProblemCode::Forbidden, "on this site administrators create the accounts; ask one")
            }
            AccountError::Invalid(errors) => Self::fields(errors),
            AccountError::NameTaken { user_name } => {
                let message = format!("The user name {user_name} is taken.");
                let errors = Self::field("/user_name", "user_name.taken", message.as_str()).errors;
                Self { errors, ..Self::new(ProblemCode::AlreadyExists, message) }
            }
            AccountError::NotFound => Self::not_found("user"),
            AccountError::Throttled { seconds } => throttled(seconds),
            AccountError::Password(error) => error.into(),
            AccountError::Store(error) => error.into(),
            error @ (AccountError::NoKey
            | AccountError::Key(_)
            | AccountError::Open(_)
            | AccountError::NotText(_)) => Self::new(ProblemCode::Internal, SEE_LOG).because(&error),
        }
    }
}

impl From<UserError> for ApiProblem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotAdmin => Self::new(ProblemCode::Forbidden, "this is for administrators"),
            UserError::NotFound => Self::not_found("user"),
            UserError::LastAdmin => Self::new(
                ProblemCode::StateForbids,
                "this is the last enabled administrator; make another one first",
            ),
            UserError::Account(error) => error.into(),
        }
    }
}

mod services;
