use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};

use super::*;

static TWO: &[File] = &[
    File {
        path: "/index.html",
        content_type: "text/html; charset=utf-8",
        digest: "d1",
        is_hashed: false,
        identity: b"<!doctype html>",
        brotli: None,
        gzip: None,
    },
    File {
        path: "/web-0123456789abcdef_bg.wasm",
        content_type: "application/wasm",
        digest: "d2",
        is_hashed: true,
        identity: b"wasm wasm wasm",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    },
];

async fn ask(files: &'static [File], request: TestRequest) -> ServiceResponse {
    let app = App::new()
        .service(web::scope("/api").route("/known", web::get().to(HttpResponse::NoContent)))
        .configure(|config| configure_with(config, Page(files)));
    call_service(&init_service(app).await, request.to_request()).await
}

fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

const WASM: &str = "/web-0123456789abcdef_bg.wasm";

#[actix_web::test]
async fn each_file_goes_in_the_best_form_the_browser_takes() {
    for (accepted, encoding, body, tag) in [
        ("gzip, deflate, br", "br", "br", "\"d2-br\""),
        ("gzip", "gzip", "gz", "\"d2-gz\""),
        ("br;q=0, gzip;q=0", "", "wasm wasm wasm", "\"d2\""),
        ("", "", "wasm wasm wasm", "\"d2\""),
    ] {
        let response =
            ask(TWO, TestRequest::get().uri(WASM).insert_header(("accept-encoding", accepted))).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-encoding"), encoding);
        assert_eq!(header(&response, "content-type"), "application/wasm");
        assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&response, "vary"), "Accept-Encoding");
        assert_eq!(header(&response, "etag"), tag);
        assert_eq!(read_body(response).await, body);
    }
}

#[actix_web::test]
async fn a_file_the_browser_has_is_not_sent_again() {
    for (known, accepted, status) in [
        ("\"d2-br\"", "br", StatusCode::NOT_MODIFIED),
        ("\"x\", W/\"d2-br\"", "br", StatusCode::NOT_MODIFIED),
        ("*", "", StatusCode::NOT_MODIFIED),
        ("\"d2-br\"", "gzip", StatusCode::OK),
        ("d2", "", StatusCode::OK),
    ] {
        let request = TestRequest::get().uri(WASM).insert_header(("if-none-match", known));
        let response = ask(TWO, request.insert_header(("accept-encoding", accepted))).await;
        assert_eq!(response.status(), status, "{known} {accepted}");
        assert!(!header(&response, "etag").is_empty());
    }
}

#[actix_web::test]
async fn places_inside_the_page_get_the_page_and_missing_files_do_not() {
    for path in ["/", "/jobs", "/jobs/0197/script", "/index.html", "/apidocs"] {
        let response = ask(TWO, TestRequest::get().uri(path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-cache");
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    }
    for path in ["/favicon.ico", "/old-0123456789abcdef.js", "/../secret", "/a/b.css", "/%C3%A9.js"] {
        let response = ask(TWO, TestRequest::get().uri(path)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "content-type"), "application/problem+json");
        assert_eq!(header(&response, "cache-control"), "no-store");
    }
    let response = ask(TWO, TestRequest::post().uri("/jobs")).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, "allow"), "GET, HEAD");
}

#[actix_web::test]
async fn a_server_without_its_page_says_so_to_people_and_to_programs() {
    let response = ask(&[], TestRequest::get().uri("/jobs").insert_header(("accept", "text/html,*/*"))).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert!(String::from_utf8_lossy(&read_body(response).await).contains("not built in"));
    let response = ask(&[], TestRequest::get().uri("/jobs")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: pbsweb_shared::problem::Problem =
        serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(problem.code, ProblemCode::PageNotBuilt);
    assert_eq!(problem.instance, "/jobs");
}

#[test]
fn the_built_table_can_be_searched() {
    assert!(FILES.is_sorted_by(|one, other| one.path < other.path));
    assert!(FILES.iter().all(|file| file.is_hashed || !file.path.is_empty()));
}
