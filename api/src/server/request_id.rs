//! Names each request, answers the name (`X-Request-Id`), and writes one line when the answer has gone out.
//!
//! The line has method, path, status and time. Never a query, a header or a body: they may hold what must not be read.

use std::fmt;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use tracing::Instrument as _;
use uuid::Uuid;

use super::in_flight::{InFlight, Watched};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's name, in its answer, its problem and its log lines. Ours always: a client's own could be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// The name of this request; none outside the server (a test that calls a route alone).
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().copied()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// One request, until the last byte of its answer has gone or its client has.
struct Line {
    span: tracing::Span,
    method: String,
    path: String,
    status: u16,
    begun: Instant,
}

impl Drop for Line {
    fn drop(&mut self) {
        let duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Self { span, method, path, status, .. } = self;
        let _entered = span.enter();
        // Asked every few seconds by watchers of the service.
        if matches!(path.as_str(), "/healthz" | "/readyz" | "/metrics") {
            tracing::debug!(
                http.method = method,
                http.path = path,
                http.status = status,
                duration_ms,
                "request"
            );
        } else {
            tracing::info!(
                http.method = method,
                http.path = path,
                http.status = status,
                duration_ms,
                "request"
            );
        }
    }
}

/// The outermost middleware.
pub(super) async fn identify_and_log(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId(Uuid::now_v7());
    request.extensions_mut().insert(id);
    let guard = request.app_data::<InFlight>().map(InFlight::enter);
    let span = tracing::info_span!("request", request.id = %id);
    let mut line = Line {
        span: span.clone(),
        method: request.method().to_string(),
        path: request.path().chars().take(300).collect(),
        // Stays when the handler is given up because the client has gone.
        status: 499,
        begun: Instant::now(),
    };
    // The router wants the request for itself: no clone of it may live here. Handlers' errors are answers by now; what
    // is an error still comes from a middleware, and actix makes it an answer after us.
    let response = match next.call(request).instrument(span).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            line.status = error.as_response_error().status_code().as_u16();
            return Err(error);
        }
    };
    line.status = response.status().as_u16();
    let mut response = response.map_body(|_, body| Watched::new(body, (line, guard)).boxed());
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}
