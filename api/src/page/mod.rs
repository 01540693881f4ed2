//! The page: files that stand in the binary, compressed when it was built (`build.rs`), and how they are served.
//!
//! A path without a dot that is no file is a place inside the page, and gets `index.html`. Nothing here knows who asks:
//! the page holds no secrets, the API does the asking for sign-in.

mod encoding;
mod policy;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, VARY,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use pbsweb_shared::problem::ProblemCode;

use crate::routes::problem::ApiProblem;
use crate::server::request_id::RequestId;
pub(crate) use encoding::Encoding;
pub use policy::{DOCUMENT_POLICY, PAGE_POLICY};

/// A file of the page.
struct File {
    /// The path the browser asks for.
    path: &'static str,
    /// What it is.
    content_type: &'static str,
    /// Changes with the content.
    digest: &'static str,
    /// Its name changes with its content, so it may be kept for ever.
    is_hashed: bool,
    /// As it is.
    identity: &'static [u8],
    /// Where smaller.
    brotli: Option<&'static [u8]>,
    /// Where smaller.
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The files, for `configure` and for tests with files of their own.
#[derive(Clone, Copy)]
struct Page(&'static [File]);

/// Whether the page is in this binary.
#[must_use]
pub fn is_built() -> bool {
    !FILES.is_empty()
}

/// Takes every path that nobody took before.
pub fn configure(config: &mut ServiceConfig) {
    configure_with(config, Page(FILES));
}

fn configure_with(config: &mut ServiceConfig, page: Page) {
    config.default_service(web::to(move |request: HttpRequest| async move { page.answer(&request) }));
}

impl Page {
    fn answer(self, request: &HttpRequest) -> HttpResponse {
        let path = request.path();
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let problem =
                ApiProblem::new(ProblemCode::MethodNotAllowed, "this is a page; it can only be read");
            let mut response = problem_response(request, &problem);
            response
                .headers_mut()
                .insert(ALLOW, actix_web::http::header::HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        if self.0.is_empty() {
            return not_built(request);
        }
        match self.find(path) {
            Some(file) => file.answer(request),
            None => {
                problem_response(request, &ApiProblem::new(ProblemCode::NotFound, "there is no such file"))
            }
        }
    }

    fn find(self, path: &str) -> Option<&'static File> {
        let by_path = |path: &str| {
            let index = self.0.binary_search_by(|file| file.path.cmp(path)).ok()?;
            self.0.get(index)
        };
        // A missing script or picture must be missing: the page in its place would be run, or kept by caches.
        by_path(path).or_else(|| if path.contains('.') { None } else { by_path("/index.html") })
    }
}

impl File {
    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let accepted = header(ACCEPT_ENCODING).unwrap_or_default();
        let (encoding, bytes) = match (self.brotli, self.gzip) {
            (Some(bytes), _) if Encoding::Brotli.is_accepted(accepted) => (Some(Encoding::Brotli), bytes),
            (_, Some(bytes)) if Encoding::Gzip.is_accepted(accepted) => (Some(Encoding::Gzip), bytes),
            (_, _) => (None, self.identity),
        };
        // Each encoding is a representation of its own, with a tag of its own.
        let tag = format!("\"{}{}\"", self.digest, encoding.map_or("", Encoding::tag_suffix));
        let is_known = header(IF_NONE_MATCH).is_some_and(|tags| {
            tags.split(',')
                .any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
        });
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        let cache = if self.is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        response
            .insert_header((ETAG, tag))
            .insert_header((CACHE_CONTROL, cache))
            .insert_header((VARY, "Accept-Encoding"));
        policy::put(&mut response, PAGE_POLICY);
        if is_known {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, self.content_type));
        if let Some(encoding) = encoding {
            response.insert_header((CONTENT_ENCODING, encoding.name()));
        }
        response.body(bytes)
    }
}

/// For a person who opens the address of a server that was built without its page.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>PBSWeb</title></head><body>\
<h1>The page is not built in</h1><p>This server answers the API (see <a href=\"/api/docs\">its description</a>), but the page \
was not there when it was compiled. Build it with <code>make build</code> and start the server again.</p></body></html>";

fn not_built(request: &HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        let mut response = HttpResponse::ServiceUnavailable();
        response.insert_header((CACHE_CONTROL, "no-store")).content_type("text/html; charset=utf-8");
        policy::put(&mut response, PAGE_POLICY);
        return response.body(NOT_BUILT);
    }
    let detail = "this server was built without its page; the API works";
    problem_response(request, &ApiProblem::new(ProblemCode::PageNotBuilt, detail))
}

/// The page's paths are outside the API's scope, which gives its own problems their bodies.
fn problem_response(request: &HttpRequest, problem: &ApiProblem) -> HttpResponse {
    let request_id = RequestId::of(request).map(|id| id.to_string()).unwrap_or_default();
    let body = problem.body(request.path(), &request_id);
    let status = actix_web::http::StatusCode::from_u16(problem.code.status())
        .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_TYPE, "application/problem+json"));
    response.body(serde_json::to_vec(&body).unwrap_or_default())
}

#[cfg(test)]
mod tests;
