//! Headers that every answer has, whoever made it.

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;

use crate::page::DOCUMENT_POLICY;

/// Whether browsers may be told to insist on TLS for this name.
#[derive(Clone, Copy)]
pub(super) struct Strictness {
    pub(super) is_strict: bool,
}

/// What an answer of the API may do in a browser that opens it as a page: nothing.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds what is not there: no caching of API answers, no guessing of types, no framing, nothing to other origins.
pub(super) async fn put_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_strict = request.app_data::<Strictness>().is_some_and(|strictness| strictness.is_strict);
    let is_document = request.path() == "/api/docs" || request.path().starts_with("/api/docs/");
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(CONTENT_SECURITY_POLICY, if is_document { DOCUMENT_POLICY } else { API_POLICY });
    put(CACHE_CONTROL, if is_document { "no-cache" } else { "no-store" });
    if is_strict {
        put(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    // Says "as it is" to the compression above us, and nothing to a client.
    if headers.get(CONTENT_ENCODING).is_some_and(|value| value == "identity") {
        headers.remove(CONTENT_ENCODING);
    }
    Ok(response)
}

/// Inside the compression: what is sent bit by bit (events, output that grows) would wait in the compressor's window.
pub(super) async fn leave_streams_alone(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let is_stream = matches!(response.response().body().size(), BodySize::Stream);
    if is_stream && !response.headers().contains_key(CONTENT_ENCODING) {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
