//! A client of the API that trusts the server's own certificate and is told by each answer where it came from.
//!
//! Each answer is held against the OpenAPI document ([`crate::contract`]).

use pbsweb_shared::problem::{FieldError, Problem, ProblemCode};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contract::{Answered, Asked, Contract};
use crate::wait::PATIENCE;

/// Somebody who asks, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    asks_what_is_described: bool,
}

impl Client {
    /// A client of the server at `base`, which trusts exactly this certificate.
    ///
    /// # Panics
    /// When the certificate is none.
    #[must_use]
    pub fn new(base: impl Into<String>, certificate_pem: &[u8]) -> Self {
        // Fails when somebody in this process did it before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .add_root_certificate(reqwest::Certificate::from_pem(certificate_pem).unwrap())
            // Between two pieces of an answer: streams are open for long.
            .read_timeout(PATIENCE)
            .build()
            .unwrap();
        Self { http, base: base.into(), token: None, asks_what_is_described: true }
    }

    /// The same client with a token, or without one.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(ToOwned::to_owned), ..self.clone() }
    }

    /// The same client, to ask only what the document does not describe.
    #[must_use]
    pub fn beyond_the_document(&self) -> Self {
        Self { asks_what_is_described: false, ..self.clone() }
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request to be made up further; paths are below `/api/v1`, unless they begin with `//`, which stands for the root.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path.strip_prefix('/') {
            Some(rooted) if rooted.starts_with('/') => format!("{}{rooted}", self.base),
            _ => format!("{}/api/v1{path}", self.base),
        };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// As `send`, when the server may be gone.
    ///
    /// # Errors
    /// When there is no whole answer.
    ///
    /// # Panics
    /// When the request cannot be built, or it or the answer is not as the document says.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build().unwrap();
        let asked = Asked::of(&request);
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let answer = Answer { asked: asked.to_string(), status, headers, body };
        self.hold(&asked, &Answered::whole(status, &answer.headers, &answer.body));
        Ok(answer)
    }

    /// Sends a request whose answer is read piece by piece.
    ///
    /// # Panics
    /// When there is no answer, or it is no success.
    pub async fn open(&self, request: RequestBuilder) -> Response {
        let request = request.build().unwrap();
        let asked = Asked::of(&request);
        let response =
            self.http.execute(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
        if response.status() != 200 {
            panic!("{asked}: {}: {}", response.status(), response.text().await.unwrap_or_default());
        }
        self.hold(&asked, &Answered::begun(200, response.headers()));
        response
    }

    /// Insists that request and answer are as the document says.
    fn hold(&self, asked: &Asked, answered: &Answered<'_>) {
        let contract = Contract::of_the_server();
        if self.asks_what_is_described {
            contract
                .check(asked, answered)
                .unwrap_or_else(|error| panic!("not as the document says: {error:#}"));
        } else {
            assert!(!contract.describes(asked), "the document does describe {asked}");
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET that has to succeed.
    pub async fn read<T: DeserializeOwned>(&self, path: &str) -> T {
        self.get(path).await.expect(200).json()
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// POST without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    /// PUT without a body.
    pub async fn put_empty(&self, path: &str) -> Answer {
        self.send(self.request(Method::PUT, path)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Insists on a status.
    ///
    /// # Panics
    /// When it is another.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// Reads the body.
    ///
    /// # Panics
    /// When it is something else.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error} in {}", self.asked, self.text()))
    }

    /// Insists on a problem of this code that is whole: type, status, path and request id.
    ///
    /// # Panics
    /// When it is none, or another.
    #[track_caller]
    pub fn problem(&self, code: ProblemCode) -> Problem {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}: {}",
            self.asked,
            self.text()
        );
        let problem: Problem = self.json();
        assert_eq!(problem.code, code, "{}: {}", self.asked, self.text());
        assert_eq!((problem.status, self.status), (code.status(), code.status()), "{}", self.asked);
        assert_eq!(problem.request_id, self.header("x-request-id"), "{}", self.asked);
        assert!(!problem.request_id.is_empty() && self.asked.ends_with(&problem.instance), "{}", self.text());
        assert!(problem.detail.as_ref().is_some_and(|detail| !detail.is_empty()), "{}", self.text());
        problem
    }

    /// Insists on a problem of this code about exactly one field; gives the field's error.
    ///
    /// # Panics
    /// When it is none, or about something else.
    #[track_caller]
    pub fn field(&self, code: ProblemCode, pointer: &str) -> FieldError {
        let problem = self.problem(code);
        let [error] = problem.errors.as_slice() else { panic!("{}: {:?}", self.asked, problem.errors) };
        assert_eq!(error.pointer, pointer, "{}: {error:?}", self.asked);
        assert!(!error.code.is_empty() && !error.message.is_empty(), "{error:?}");
        error.clone()
    }
}
