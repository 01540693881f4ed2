//! The API as a program uses it: JSON in and out, a bearer token, problems as errors.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use pbsweb_shared::api::sessions::{SignIn, SignedIn};
use pbsweb_shared::problem::Problem;
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A caller of the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pem: Arc<[u8]>,
    base: String,
    token: Option<String>,
}

/// What a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    /// HTTP/1.1 and nothing else, as most programs and their libraries do.
    One,
    /// What the server takes, which is HTTP/2, as browsers do.
    Two,
}

fn connections(pem: &[u8], http: Http) -> anyhow::Result<reqwest::Client> {
    let builder = match http {
        Http::One => reqwest::Client::builder().http1_only(),
        Http::Two => reqwest::Client::builder(),
    };
    builder
        .add_root_certificate(reqwest::Certificate::from_pem(pem).context("the certificate cannot be read")?)
        // It is on this machine, whatever proxy the rest of the world is behind.
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("pbsweb-e2e/", env!("CARGO_PKG_VERSION")))
        .build()
        .context("cannot make an HTTP client")
}

impl Client {
    /// A caller without credentials, of a server with this certificate.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn new(url: &str, certificate: &Path) -> anyhow::Result<Self> {
        // Fails when it was done before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem =
            std::fs::read(certificate).with_context(|| format!("cannot read {}", certificate.display()))?;
        let pem: Arc<[u8]> = pem.into();
        Ok(Self { http: connections(&pem, Http::Two)?, pem, base: url.to_owned(), token: None })
    }

    /// The same caller with connections of its own.
    ///
    /// # Errors
    /// No client can be made.
    pub fn with_own_connections(&self, http: Http) -> anyhow::Result<Self> {
        Ok(Self { http: connections(&self.pem, http)?, ..self.clone() })
    }

    /// Signs in, and gives a caller with the session's token.
    ///
    /// # Errors
    /// The server's problem.
    pub async fn sign_in(&self, user_name: &str, password: &str) -> anyhow::Result<Self> {
        let request = SignIn { user_name: user_name.to_owned(), password: password.to_owned() };
        let signed_in: SignedIn = self.post("/sessions", &request).await?;
        Ok(Self { token: Some(signed_in.token), ..self.clone() })
    }

    /// Ends the session.
    ///
    /// # Errors
    /// The server's problem.
    pub async fn sign_out(self) -> anyhow::Result<()> {
        self.send(self.request(Method::DELETE, "/sessions/current")).await.map(drop)
    }

    /// A request to a path below `/api/v1`, with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A request to any path of the server, without credentials.
    pub fn page(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base))
    }

    /// Reads.
    ///
    /// # Errors
    /// The server's problem, or an answer of another shape.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.answer(self.request(Method::GET, path)).await
    }

    /// Creates or acts.
    ///
    /// # Errors
    /// The server's problem, or an answer of another shape.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<T> {
        self.answer(self.request(Method::POST, path).json(body)).await
    }

    /// Sets.
    ///
    /// # Errors
    /// The server's problem, or an answer of another shape.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<T> {
        self.answer(self.request(Method::PUT, path).json(body)).await
    }

    /// Changes.
    ///
    /// # Errors
    /// The server's problem, or an answer of another shape.
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> anyhow::Result<T> {
        self.answer(self.request(Method::PATCH, path).json(body)).await
    }

    /// Sends a request and reads the JSON of its answer.
    ///
    /// # Errors
    /// The server's problem, or an answer of another shape.
    pub async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response = self.send(request).await?;
        let path = response.url().path().to_owned();
        response.json().await.with_context(|| format!("the answer of {path} is not what the contract says"))
    }

    /// Sends a request; what is no success becomes an error in the server's own words.
    ///
    /// # Errors
    /// The server's problem, or none of its answers.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.context("the server did not answer")?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, path) = (response.status(), response.url().path().to_owned());
        let body = response.text().await.unwrap_or_default();
        match serde_json::from_str::<Problem>(&body) {
            Ok(problem) => bail!("{path}: {}", in_words(&problem)),
            Err(_) => bail!("{path}: status {status}"),
        }
    }
}

fn in_words(problem: &Problem) -> String {
    let mut words = format!("{} ({})", problem.title, problem.code.as_str());
    if let Some(detail) = &problem.detail {
        words.push_str(": ");
        words.push_str(detail);
    }
    for error in &problem.errors {
        words.push_str(&format!("; {} {}", error.pointer, error.message));
    }
    words
}
