//! A request's JSON body; what is wrong in it is named by its place.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use pbsweb_shared::problem::{FieldError, ProblemCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::super::problem::ApiProblem;

/// A body of JSON that was read into a type.
pub struct Body<T>(pub T);

impl<T> Body<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiProblem;
    type Future = LocalBoxFuture<'static, Result<Self, ApiProblem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = request.mime_type().ok().flatten().is_some_and(|kind| {
            kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json")
        });
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(malformed("the body must be JSON, with content-type application/json"));
            }
            read(&bytes.await.map_err(|error| unreadable(&error))?).map(Self)
        })
    }
}

fn malformed(detail: impl Into<String>) -> ApiProblem {
    ApiProblem::new(ProblemCode::MalformedRequest, detail)
}

fn unreadable(error: &actix_web::Error) -> ApiProblem {
    if matches!(error.as_error::<PayloadError>(), Some(PayloadError::Overflow)) {
        return ApiProblem::new(ProblemCode::TooLarge, "the request's body is too large");
    }
    malformed(format!("the body cannot be read: {error}"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiProblem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let mut problem = malformed(format!("the body cannot be read: {}", error.inner()));
        // Text that is no JSON, or ends too early, is wrong as a whole.
        if error.inner().classify() == Category::Data {
            problem.errors = vec![FieldError {
                pointer: pointer_to(error.path()),
                code: "body.type".to_owned(),
                message: error.inner().to_string(),
            }];
        }
        problem
    })?;
    deserializer.end().map_err(|error| malformed(format!("the body cannot be read: {error}")))?;
    Ok(value)
}

/// A JSON pointer (RFC 6901).
fn pointer_to(path: &Path) -> String {
    let name = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(name).map(|name| format!("/{name}")).collect()
}

#[cfg(test)]
mod tests {
    use pbsweb_shared::api::jobs::JobSubmit;

    use super::*;

    #[track_caller]
    fn check(body: &str, pointer: Option<&str>) {
        let problem = read::<JobSubmit>(body.as_bytes()).expect_err("it was read");
        assert_eq!(problem.code, ProblemCode::MalformedRequest, "{body}");
        let named: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(named, Vec::from_iter(pointer), "{body}: {problem:?}");
    }

    #[test]
    fn what_has_the_wrong_type_is_named() {
        const HOST: &str = "\"host\": \"01890000-0000-7000-8000-000000000001\"";
        check("{\"host\": 7}", Some("/host"));
        check("7", Some(""));
        check(&format!("{{{HOST}}}"), Some(""));
        check(&format!("{{{HOST}, \"script\": {{\"name\": 7}}}}"), Some("/script/name"));
        check(&format!("{{{HOST}, \"script\": {{\"hold\": \"yes\"}}}}"), Some("/script/hold"));
        check(&format!("{{{HOST}, \"script\": {{\"chunks\": [{{}}, 4]}}}}"), Some("/script/chunks/1"));
        check(
            &format!("{{{HOST}, \"script\": {{\"chunks\": [{{\"ncpus\": 4}}]}}}}"),
            Some("/script/chunks/0/ncpus"),
        );
        for text in ["", "{", "{\"host\"", "not json", "{} {}x"] {
            let problem = read::<JobSubmit>(text.as_bytes()).expect_err("it was read");
            assert_eq!(problem.code, ProblemCode::MalformedRequest, "{text}");
        }
    }

    #[test]
    fn names_in_a_pointer_are_escaped() {
        type Nested = std::collections::BTreeMap<String, u8>;
        let problem = read::<Nested>(b"{\"a/b~c\": \"x\"}").expect_err("it was read");
        assert_eq!(problem.errors.first().map(|error| error.pointer.as_str()), Some("/a~1b~0c"));
    }
}
