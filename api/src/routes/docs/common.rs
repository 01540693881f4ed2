//! What all operations of the document have in common, so that no handler can forget it or has to repeat it: the ways to sign in,
//! the answers that follow from what an operation takes, the schema of problems, and the meaning of parameters that many operations
//! take. A handler says who is not asked to sign in (`security(())`), and which other problems its callers must expect.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, PathItem, Ref, RefOr, Response};

use crate::routes::extract::COOKIE;

/// Completes the document.
pub(super) fn add_what_is_common(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    bearer.description = Some("The token of a sign-in, or an API token".to_owned());
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(
        COOKIE,
        "Set by a sign-in, for browsers. Requests that change something need the header `X-PBSWeb: 1` too.",
    );
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    open_parts_of_unions(&mut components.schemas);
    for (path, item) in &mut document.paths.paths {
        let is_api = path.starts_with("/api/");
        for (changes, operation) in operations(item) {
            if is_api {
                operation.security.get_or_insert_with(|| {
                    ["bearer", "cookie"]
                        .map(|way| SecurityRequirement::new(way, Vec::<String>::new()))
                        .to_vec()
                });
                add_common_answers(operation, changes, path.contains('{'));
            }
            describe_parameters(operation);
        }
    }
}

/// In a union the kind stands beside a thing's own fields: one that is said to have no others could never be there.
fn open_parts_of_unions(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let unions = schemas.values().filter_map(|schema| {
        let RefOr::T(Schema::OneOf(union)) = schema else { return None };
        Some(union)
    });
    let kinds = unions.flat_map(|union| &union.items).filter_map(|kind| {
        let RefOr::T(Schema::AllOf(kind)) = kind else { return None };
        Some(kind)
    });
    let parts: Vec<String> = kinds
        .flat_map(|kind| &kind.items)
        .filter_map(|part| {
            let RefOr::Ref(part) = part else { return None };
            part.ref_location.rsplit('/').next().map(ToOwned::to_owned)
        })
        .collect();
    for part in parts {
        if let Some(RefOr::T(Schema::Object(part))) = schemas.get_mut(&part) {
            part.additional_properties = None;
        }
    }
}

/// The operations of a path, and whether they change something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [(false, get), (true, put), (true, post), (true, delete), (true, patch)];
    all.into_iter().filter_map(|(changes, operation)| Some((changes, operation.as_mut()?)))
}

/// Says of each parameter that has the same meaning wherever it stands what it is.
fn describe_parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        // A header that is not there is no null.
        if parameter.parameter_in == ParameterIn::Header
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
            && let SchemaType::Array(kinds) = &schema.schema_type
            && let Some(kind) = kinds.iter().find(|kind| **kind != Type::Null).cloned()
        {
            schema.schema_type = SchemaType::Type(kind);
        }
        if parameter.description.is_none() {
            parameter.description = parameter_words(&parameter.name).map(ToOwned::to_owned);
        }
    }
}

/// What the parts of paths and the headers are, that several operations take.
fn parameter_words(name: &str) -> Option<&'static str> {
    Some(match name {
        "Idempotency-Key" => {
            "Names the wish, in 1 to 200 visible ASCII characters: a new key for each, the same one for a repeat, which then \
            does nothing and has the first one's answer. Under a key that was used for something else nothing is done (409)."
        }
        "action" => "The action's id",
        "application" => "The application's id",
        "build" => "The build's id",
        "format" => "The file's format",
        "group" => "The group's id",
        "host" => "The host's id",
        "job" => "The job's id",
        "member" => "The member's login name",
        "revision" => "The revision's number: a script's first is 1",
        "script" => "The script's id",
        "search" => "The saved search's id",
        "session" => "The session's id",
        "set" => "The set's id",
        "stream" => "Which of the job's outputs",
        "user" => "The user's id",
        _ => return None,
    })
}

fn add_common_answers(operation: &mut Operation, changes: bool, names_a_thing: bool) {
    // `security(())` in a handler: an empty requirement, so nobody is asked who they are.
    let is_public = operation.security.as_ref().is_some_and(|all| {
        all.iter().any(|one| {
            serde_json::to_value(one).is_ok_and(|one| one.as_object().is_some_and(|one| one.is_empty()))
        })
    });
    let takes_body = operation.request_body.is_some();
    let takes_input = takes_body || operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let is_paged = operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "page_token"));
    let mut add = |status: &str| {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(Response::new(status_words(status))));
    };
    if !is_public {
        add("401");
        if changes {
            add("403");
        }
    }
    // A path that has no id where one belongs names nothing.
    if names_a_thing {
        add("404");
    }
    if takes_body {
        add("413");
    }
    if takes_input {
        add("400");
    }
    if is_paged {
        add("422");
    }
    add("500");
    add("503");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            status_words(status).clone_into(&mut response.description);
        }
        let is_problem = status.starts_with('4') || status.starts_with('5');
        // A handler names neither the schema nor the content type of a problem.
        if is_problem && (response.content.is_empty() || response.content.contains_key("application/json")) {
            response.content.clear();
            let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
            response.content.insert("application/problem+json".to_owned(), RefOr::T(content));
        }
    }
    if let Some(summary) = &mut operation.summary {
        summary.truncate(summary.trim_end_matches('.').len());
    }
}

/// What a status means where the handler says nothing special about it.
fn status_words(status: &str) -> &'static str {
    match status {
        "200" => "Done",
        "201" => "Created",
        "202" => "Accepted; it will happen",
        "204" => "Done; there is nothing to say",
        "400" => "`malformed_request`: the request cannot be read",
        "401" => "`not_signed_in`: no token, or one that is no longer good",
        "403" => "`forbidden`: not for this caller, or a cookie came without the header `X-PBSWeb`",
        "404" => "`not_found`: there is no such thing, or it is somebody else's",
        "409" => "A conflict with what there is; the code tells which",
        "413" => "`too_large`: the body is larger than what is taken",
        "422" => "The request breaks a rule; `errors` names the fields",
        "429" => "`too_many_requests`: wait; see `Retry-After`",
        "500" => "`internal`: a mistake of the server",
        "502" => "The host refused, or could not do it; the code tells why",
        "503" => "The host or the server is busy or cannot be reached; see `Retry-After`",
        _ => "See the code of the problem",
    }
}
