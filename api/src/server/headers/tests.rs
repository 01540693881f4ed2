use actix_web::http::StatusCode;
use actix_web::middleware::{Compress, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use bytes::Bytes;

use super::super::in_flight::InFlight;
use super::super::request_id::identify_and_log;
use super::*;

/// What the server wraps around every route, around routes of the test's own.
async fn ask(path: &str, is_strict: bool) -> ServiceResponse<impl MessageBody> {
    let app = App::new()
        .app_data(InFlight::default())
        .app_data(Strictness { is_strict })
        .wrap(from_fn(leave_streams_alone))
        .wrap(Compress::default())
        .wrap(from_fn(put_headers))
        .wrap(from_fn(identify_and_log))
        .route("/api/long", web::get().to(|| async { HttpResponse::Ok().json("a".repeat(5000)) }))
        .route("/api/docs/index.html", web::get().to(HttpResponse::Ok))
        .route(
            "/api/fails",
            web::get().to(|| async {
                Err::<HttpResponse, Error>(actix_web::error::ErrorInternalServerError("no"))
            }),
        )
        .route(
            "/api/events",
            web::get().to(|| async {
                let events = futures_util::stream::iter([Ok::<_, Error>(Bytes::from_static(b"data: 1\n\n"))]);
                HttpResponse::Ok().content_type("text/event-stream").streaming(events)
            }),
        );
    let request = TestRequest::get().uri(path).insert_header(("accept-encoding", "gzip, br"));
    call_service(&init_service(app).await, request.to_request()).await
}

fn header<'a>(response: &'a ServiceResponse<impl MessageBody>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn every_answer_has_them_errors_too() {
    for (path, status) in
        [("/api/long", 200), ("/api/fails", 500), ("/api/absent", 404), ("/api/events", 200)]
    {
        let response = ask(path, true).await;
        assert_eq!(response.status(), StatusCode::from_u16(status).unwrap());
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "content-security-policy"), API_POLICY);
        assert_eq!(header(&response, "cross-origin-opener-policy"), "same-origin");
        assert_eq!(header(&response, "strict-transport-security"), "max-age=31536000");
        assert_eq!(header(&response, "x-request-id").len(), 32);
    }
    let response = ask("/api/docs/index.html", false).await;
    assert!(header(&response, "content-security-policy").contains("script-src 'self';"));
    assert_eq!(header(&response, "strict-transport-security"), "");
}

#[actix_web::test]
async fn long_answers_are_compressed_and_streams_are_not() {
    let response = ask("/api/long", false).await;
    assert_eq!(header(&response, "content-encoding"), "br");
    assert!(read_body(response).await.len() < 1000);
    let response = ask("/api/events", false).await;
    assert_eq!(header(&response, "content-encoding"), "");
    assert_eq!(read_body(response).await, "data: 1\n\n");
}
