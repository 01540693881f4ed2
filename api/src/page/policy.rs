//! What a browser may do with what we send.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::CONTENT_SECURITY_POLICY;

/// The page: its own scripts, style sheets, pictures and requests, and nothing else. `wasm-unsafe-eval` lets a browser
/// compile WASM, not evaluate text.
pub const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The reader page of the API's description, whose program writes styles into its elements.
pub const DOCUMENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub(super) fn put(response: &mut HttpResponseBuilder, policy: &'static str) {
    response.insert_header((CONTENT_SECURITY_POLICY, policy));
}
