//! Holds what the server takes and answers against its own OpenAPI document.
//!
//! Every answer that passes through [`crate::Client`] comes here: the operation must be described, with this status and
//! content type; bodies must be as their schemas say, of requests that succeeded too. What is sent and not described is
//! as wrong as what is described and not sent: the document lets answers grow, so that old programs go on reading new
//! servers, but here no field may be one that it does not know.

use std::fmt;
use std::sync::LazyLock;

use anyhow::{Context as _, bail, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Request};
use serde_json::{Map, Value};

use schema::Schemas;

mod schema;

/// The document, ready to be compared with.
pub struct Contract {
    operations: Vec<Operation>,
    /// Where references lead.
    document: Value,
}

struct Operation {
    method: Method,
    /// The path's parts; those in braces stand for anything.
    path: Vec<String>,
    described: Value,
}

/// What was asked.
pub struct Asked {
    method: Method,
    path: String,
    query: Vec<String>,
    content_type: String,
    /// None when there is none, or it is a stream.
    body: Option<Vec<u8>>,
}

impl Asked {
    /// By this request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            path: request.url().path().to_owned(),
            query: request.url().query_pairs().map(|(name, _)| name.into_owned()).collect(),
            content_type: content_type(request.headers()).to_owned(),
            body: request.body().and_then(|body| body.as_bytes()).map(<[u8]>::to_vec),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What came back.
pub struct Answered<'a> {
    status: u16,
    content_type: &'a str,
    /// None when it is not read as a whole.
    body: Option<&'a [u8]>,
}

impl<'a> Answered<'a> {
    /// With this body.
    #[must_use]
    pub fn whole(status: u16, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        Self { body: Some(body), ..Self::begun(status, headers) }
    }

    /// A stream that has just been opened.
    #[must_use]
    pub fn begun(status: u16, headers: &'a HeaderMap) -> Self {
        Self { status, content_type: content_type(headers), body: None }
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

impl Contract {
    /// The one of the server that is tested.
    pub fn of_the_server() -> &'static Self {
        static CONTRACT: LazyLock<Contract> =
            LazyLock::new(|| Contract::new(serde_json::to_value(pbsweb::routes::docs::document()).unwrap()));
        &CONTRACT
    }

    fn new(document: Value) -> Self {
        let mut operations = Vec::new();
        for (path, item) in document.get("paths").and_then(Value::as_object).unwrap() {
            for (method, described) in item.as_object().unwrap() {
                operations.push(Operation {
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.split('/').map(ToOwned::to_owned).collect(),
                    described: described.clone(),
                });
            }
        }
        // `/sessions/current` before `/sessions/{session}`.
        operations
            .sort_by_key(|operation| operation.path.iter().filter(|part| part.starts_with('{')).count());
        Self { operations, document }
    }

    fn find(&self, asked: &Asked) -> Option<&Operation> {
        let parts: Vec<&str> = asked.path.split('/').collect();
        self.operations.iter().find(|operation| {
            operation.method == asked.method
                && operation.path.len() == parts.len()
                && operation.path.iter().zip(&parts).all(|(described, part)| {
                    if described.starts_with('{') { !part.is_empty() } else { described == part }
                })
        })
    }

    /// Whether the document has such an operation.
    #[must_use]
    pub fn describes(&self, asked: &Asked) -> bool {
        self.find(asked).is_some()
    }

    /// Compares a request and its answer with the document.
    ///
    /// # Errors
    /// When they are not as it says.
    pub fn check(&self, asked: &Asked, answered: &Answered<'_>) -> anyhow::Result<()> {
        let Some(operation) = self.find(asked) else {
            bail!("no operation of the document is {asked}");
        };
        let operation = &operation.described;
        let id = operation["operationId"].as_str().unwrap_or_default();
        let status = answered.status;
        self.check_answer(operation, answered).with_context(|| format!("the answer of {id}, {status}"))?;
        if (200..300).contains(&status) {
            self.check_request(operation, asked)
                .with_context(|| format!("the request of {id} that was answered {status}"))?;
        }
        Ok(())
    }

    fn check_answer(&self, operation: &Value, answered: &Answered<'_>) -> anyhow::Result<()> {
        let described = operation.pointer(&format!("/responses/{}", answered.status));
        let described = described.context("the status is not one of those described")?;
        match described["content"].as_object() {
            Some(content) => self.check_body(content, answered.content_type, answered.body),
            None => {
                ensure!(answered.body.is_none_or(<[u8]>::is_empty), "it has a body, and none is described");
                Ok(())
            }
        }
    }

    fn check_request(&self, operation: &Value, asked: &Asked) -> anyhow::Result<()> {
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let in_query = || parameters.iter().filter(|one| one["in"] == "query");
        for name in &asked.query {
            ensure!(in_query().any(|one| one["name"] == *name), "the parameter {name} is not described");
        }
        for one in in_query().filter(|one| one["required"] == true) {
            ensure!(
                asked.query.iter().any(|name| one["name"] == *name),
                "the parameter {} need not be given",
                one["name"]
            );
        }
        let described = &operation["requestBody"];
        match (described["content"].as_object(), asked.content_type.as_str()) {
            (Some(_), "") => ensure!(described["required"] != true, "it needs no body"),
            (Some(content), content_type) => {
                self.check_body(content, content_type, asked.body.as_deref())?;
            }
            (None, "") => {}
            (None, _) => bail!("it may have a body, and none is described"),
        }
        Ok(())
    }

    fn check_body(
        &self,
        content: &Map<String, Value>,
        content_type: &str,
        body: Option<&[u8]>,
    ) -> anyhow::Result<()> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let Some(described) = content.get(kind) else {
            bail!("the content type {content_type:?} is not one of those described");
        };
        let is_json = kind == "application/json" || kind.ends_with("+json");
        match body {
            Some(body) if is_json => {
                let body = serde_json::from_slice(body).context("the body is no JSON")?;
                self.check_value(&described["schema"], &body)
            }
            _ => Ok(()),
        }
    }

    fn check_value<'a>(&'a self, schema: &'a Value, value: &Value) -> anyhow::Result<()> {
        let mistakes = Schemas::of(&self.document).mistakes(schema, value);
        let words: Vec<String> =
            mistakes.iter().map(|mistake| format!("at {:?}: {}", mistake.place, mistake.words)).collect();
        ensure!(words.is_empty(), "{}\nin {value:#}", words.join("\n"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    const ID: &str = "0190b6a0-0000-7000-8000-000000000001";

    fn asked(method: Method, path: &str, body: Option<&Value>) -> Asked {
        let mut request = Request::new(method, format!("http://localhost{path}").parse().unwrap());
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.to_string().into());
        }
        Asked::of(&request)
    }

    /// What is wrong with an exchange; empty when nothing is.
    fn mistake(asked: &Asked, status: u16, content_type: &'static str, body: &Value) -> String {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let body = body.to_string();
        let answered = Answered::whole(status, &headers, body.as_bytes());
        let result = Contract::of_the_server().check(asked, &answered);
        result.err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    fn action() -> Value {
        json!({
            "id": ID, "session": ID, "created_at": "2026-01-31T12:00:00Z", "n_jobs": 1,
            "action": { "type": "hold", "kind": "user" }, "outcomes": [{ "outcome": "requested", "n_jobs": 1 }],
        })
    }

    fn with(mut value: Value, pointer: &str, field: &str, new: Value) -> Value {
        value.pointer_mut(pointer).unwrap()[field] = new;
        value
    }

    #[test]
    fn answers_are_as_described() {
        let path = format!("/api/v1/job-actions/{ID}");
        let get = asked(Method::GET, &path, None);
        let check = |body: &Value| mistake(&get, 200, "application/json", body);
        assert_eq!(check(&action()), "");
        for (pointer, field, value, words) in [
            ("", "id", json!(7), ["get_job_action, 200", "/id", "type"]),
            ("", "session", json!("mine"), ["", "/session", "uuid"]),
            ("", "created_at", json!("yesterday"), ["", "/created_at", "date-time"]),
            ("", "colour", json!("red"), ["", "", "colour"]),
            ("/outcomes/0", "outcome", json!("gone"), ["", "/outcomes/0/outcome", ""]),
            ("/outcomes/0", "colour", json!("red"), ["", "/outcomes/0", "colour"]),
            ("/action", "kind", json!("purple"), ["", "/action/", ""]),
            ("/action", "colour", json!("red"), ["", "/action", "colour"]),
        ] {
            let mistake = check(&with(action(), pointer, field, value));
            assert!(!mistake.is_empty(), "{pointer}/{field} passes");
            assert!(words.iter().all(|word| mistake.contains(word)), "{words:?}: {mistake}");
        }
        let mut less = action();
        less.as_object_mut().unwrap().remove("n_jobs");
        assert!(check(&less).contains("n_jobs"), "{}", check(&less));
        assert!(mistake(&get, 200, "text/plain", &action()).contains("content type"));
        assert!(mistake(&get, 200, "", &action()).contains("content type"));
        assert!(mistake(&get, 201, "application/json", &action()).contains("the status"));
        assert!(
            mistake(&get, 404, "application/problem+json", &json!({ "code": "not_found" })).contains("title")
        );
        let search = asked(Method::DELETE, &format!("/api/v1/me/searches/{ID}"), None);
        assert!(mistake(&search, 204, "", &json!({})).contains("has a body"));
    }

    #[test]
    fn what_is_taken_is_as_described() {
        let check = |path: &str, body: Option<&Value>| {
            mistake(&asked(Method::POST, path, body), 202, "application/json", &action())
        };
        let wish = json!({ "action": { "type": "hold" }, "jobs": [ID] });
        assert_eq!(check("/api/v1/job-actions", Some(&wish)), "");
        let odd = with(wish.clone(), "/action", "colour", json!("red"));
        let mistake_of_odd = check("/api/v1/job-actions", Some(&odd));
        assert!(mistake_of_odd.contains("the request of create_job_action"), "{mistake_of_odd}");
        assert!(mistake_of_odd.contains("/action") && mistake_of_odd.contains("colour"), "{mistake_of_odd}");
        assert!(check("/api/v1/job-actions", None).contains("needs no body"));
        assert!(check("/api/v1/job-actions?colour=red", Some(&wish)).contains("colour"));
        let undo = format!("/api/v1/job-actions/{ID}/undo");
        assert!(check(&undo, Some(&wish)).contains("none is described"));
        // What was refused may be anything.
        let refused = asked(Method::POST, "/api/v1/job-actions", Some(&odd));
        let problem = json!({
            "type": "x", "title": "x", "status": 400, "instance": "x", "code": "malformed_request", "request_id": "x",
        });
        assert_eq!(mistake(&refused, 400, "application/problem+json", &problem), "");
    }

    #[test]
    fn only_what_is_described_is_found() {
        let contract = Contract::of_the_server();
        let id = |method, path: &str| {
            let operation = contract.find(&asked(method, path, None))?;
            operation.described["operationId"].as_str()
        };
        assert_eq!(id(Method::DELETE, "/api/v1/sessions/current"), Some("delete_current_session"));
        assert_eq!(id(Method::DELETE, "/api/v1/sessions/7"), Some("delete_session"));
        assert_eq!(id(Method::GET, "/metrics?x=y"), Some("get_metrics"));
        assert_eq!(id(Method::GET, "/api/v1/sessions/7"), None);
        assert_eq!(id(Method::GET, "/api/v1/nothing"), None);
        assert_eq!(id(Method::GET, "/api/v1/jobs/"), None);
    }
}
