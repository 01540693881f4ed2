//! The API's description: the OpenAPI document, a page to read it (Swagger UI, from this binary alone), and a page that
//! explains every problem code.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding, LOCATION};
use actix_web::web::{Path, ServiceConfig, get};

mod common;
mod document;
mod errors;

pub use document::document;

/// Gives this description, as OpenAPI.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "operation",
    security(()),
    responses((status = 200, description = "The document", body = Object, content_type = "application/json")),
)]
pub async fn get_openapi() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_pretty_json().unwrap_or_default());
    HttpResponse::Ok().content_type("application/json").body(TEXT.as_str())
}

/// The pages for readers, below `/api/docs`.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("", get().to(to_reader))
        .route("/errors", get().to(get_errors))
        .route("/{file:.*}", get().to(get_reader_file));
}

/// The reader's files name each other relative to `/api/docs/`.
async fn to_reader() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/api/docs/")).finish()
}

async fn get_errors() -> HttpResponse {
    static PAGE: LazyLock<String> = LazyLock::new(errors::page);
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(PAGE.as_str())
}

/// Our own first page and start of Swagger UI, without inline script; the rest as Swagger UI brings it.
async fn get_reader_file(file: Path<String>) -> HttpResponse {
    let own = |kind: &str, text: &'static str| HttpResponse::Ok().content_type(kind).body(text);
    match file.as_str() {
        "" => own("text/html; charset=utf-8", include_str!("reader.html")),
        "reader.js" => own("text/javascript; charset=utf-8", include_str!("reader.js")),
        "errors.css" => own("text/css; charset=utf-8", include_str!("errors.css")),
        "swagger-ui.css" | "swagger-ui-bundle.js" | "favicon-32x32.png" => vendored(&file),
        _ => {
            HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("there is no such page\n")
        }
    }
}

fn vendored(file: &str) -> HttpResponse {
    match utoipa_swagger_ui::serve(file, std::sync::Arc::default()) {
        Ok(Some(file)) => {
            let mut answer = HttpResponse::Ok();
            if file.gzpipped {
                answer.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip));
            }
            answer.content_type(file.content_type).body(file.bytes.into_owned())
        }
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(error) => {
            tracing::error!(error = error.to_string(), "a file of the reader page cannot be read");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::{App, body::to_bytes, test, web::scope};

    use super::*;

    async fn read(path: &str) -> (StatusCode, String) {
        let app = test::init_service(App::new().service(scope("/api/docs").configure(configure))).await;
        let answer = test::call_service(&app, test::TestRequest::get().uri(path).to_request()).await;
        let status = answer.status();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[actix_web::test]
    async fn the_reader_comes_from_this_binary_alone_and_has_no_inline_script() {
        assert_eq!(read("/api/docs").await.0, StatusCode::PERMANENT_REDIRECT);
        let (status, page) = read("/api/docs/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(!page.contains("://") && !page.contains("<style"), "{page}");
        let mut n_files = 0;
        for part in
            page.split(['"']).filter(|part| [".js", ".css", ".png"].iter().any(|end| part.ends_with(end)))
        {
            let (status, text) = read(&format!("/api/docs/{part}")).await;
            assert!(status == StatusCode::OK && !text.is_empty(), "{part}");
            n_files += 1;
        }
        assert_eq!(n_files, 4, "{page}");
        assert!(page.split("<script").skip(1).all(|script| script.starts_with(" src=")), "{page}");
        assert_eq!(read("/api/docs/../../etc/passwd").await.0, StatusCode::NOT_FOUND);
        assert_eq!(read("/api/docs/oauth2-redirect.html").await.0, StatusCode::NOT_FOUND);
    }

    #[actix_web::test]
    async fn the_errors_page_explains_every_code() {
        let (status, page) = read("/api/docs/errors").await;
        assert_eq!(status, StatusCode::OK);
        for code in pbsweb_shared::problem::ProblemCode::ALL {
            assert!(page.contains(&format!("<section id=\"{}\">", code.as_str())), "{code:?}");
        }
        assert!(!page.contains("<script") && !page.contains("style="));
    }
}
