//! The OpenAPI document: every operation. Each handler says what is special about it; [`super::common`] adds the rest.

use pbsweb_shared::api::hosts::{ListedGroup, ListedOrder};
use pbsweb_shared::api::jobs::{ExportFormat, OutputStream, WaitUntil};
use pbsweb_shared::event::Event;
use pbsweb_shared::problem::Problem;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use super::common::add_what_is_common;
use crate::routes::{
    accounts, activity, applications, builds, events, groups, health, hosts, job_actions, job_sets, jobs, me,
    scripts, searches, sessions, users,
};

/// The document.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = People::openapi();
    document.merge(Work::openapi());
    add_what_is_common(&mut document);
    document
}

/// The operations of people, and of the service itself.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "PBSWeb",
        description = "Upload source, build it on a cluster, compose job scripts, submit, watch and steer PBS jobs.\n\n\
            Sign in with `POST /api/v1/sessions`, or make a token for a program with `POST /api/v1/me/tokens` and send \
            it as `Authorization: Bearer …`. With the cookie of a browser, a request that changes something needs the \
            header `X-PBSWeb: 1`.\n\nIds are opaque strings, times RFC 3339 in UTC. Lists have `items` and, when there \
            is more, a `next_page_token`. Answers that are not a success are problems (RFC 9457); \
            [their codes](/api/docs/errors) are what programs switch on.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    security(("bearer" = []), ("cookie" = [])),
    tags(
        (name = "sessions", description = "Signing in and out"),
        (name = "accounts", description = "Creating an account, and what is known before sign-in"),
        (name = "me", description = "The caller's own account, key, tokens, preferences and record"),
        (name = "users", description = "Users and everybody's record, for administrators"),
        (name = "hosts", description = "Login nodes of clusters, their queues and jobs, and the caller's accounts there"),
        (name = "applications", description = "Uploaded source trees"),
        (name = "builds", description = "Runs of build commands, with their whole output"),
        (name = "scripts", description = "Job scripts with all their revisions"),
        (name = "groups", description = "People who share scripts and applications"),
        (name = "jobs", description = "Submissions and what became of them"),
        (name = "job actions", description = "What is done to jobs: one, a selection, or all that a filter matches"),
        (name = "events", description = "What happens, as it happens"),
        (name = "operation", description = "For those who run the server"),
    ),
    paths(
        sessions::create_session,
        sessions::list_sessions,
        sessions::get_current_session,
        sessions::delete_current_session,
        sessions::delete_session,
        accounts::get_server_info,
        accounts::create_account,
        me::get_me,
        me::update_me,
        me::get_preferences,
        me::put_preferences,
        me::get_ssh_key,
        me::rotate_ssh_key,
        me::list_tokens,
        me::create_token,
        searches::list_searches,
        searches::create_search,
        searches::put_search,
        searches::delete_search,
        activity::list_own_activity,
        users::list_users,
        users::create_user,
        users::update_user,
        activity::list_activity,
        super::get_openapi,
        health::get_liveness,
        health::get_readiness,
        health::get_metrics,
    ),
    components(schemas(Problem)),
)]
struct People;

/// The operations of the work on hosts.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        hosts::list_hosts,
        hosts::create_host,
        hosts::get_host,
        hosts::update_host,
        hosts::delete_host,
        hosts::scan_host_key,
        hosts::put_host_account,
        hosts::delete_host_account,
        hosts::check_host,
        hosts::list_queues,
        hosts::list_host_jobs,
        hosts::list_nodes,
        hosts::get_host_history,
        applications::list_applications,
        applications::upload_application,
        applications::get_application,
        applications::list_recent_commands,
        applications::pin_commands,
        applications::unpin_commands,
        applications::get_application_defaults,
        builds::list_builds,
        builds::create_build,
        builds::get_build,
        builds::cancel_build,
        builds::get_build_output,
        scripts::list_scripts,
        scripts::parse_script,
        scripts::check_script,
        scripts::suggest_script,
        scripts::get_script,
        scripts::create_script,
        scripts::list_revisions,
        scripts::save_revision,
        scripts::get_revision,
        scripts::update_revision,
        scripts::restore_revision,
        scripts::compare_revisions,
        scripts::copy_script,
        groups::list_groups,
        groups::create_group,
        groups::get_group,
        groups::update_group,
        groups::delete_group,
        groups::put_group_member,
        groups::delete_group_member,
        groups::share_script,
        groups::unshare_script,
        groups::share_application,
        groups::unshare_application,
        jobs::list_jobs,
        jobs::submit_job,
        jobs::export_jobs,
        jobs::get_job,
        jobs::get_job_script,
        jobs::get_since_it_worked,
        job_sets::submit_job_set,
        job_sets::get_job_set,
        jobs::list_job_events,
        jobs::list_subjobs,
        jobs::list_job_files,
        jobs::get_job_output,
        jobs::search_job_output,
        job_actions::list_actions_of_job,
        job_actions::get_job_attributes,
        job_actions::alter_job,
        job_actions::delete_job,
        job_actions::hold_job,
        job_actions::release_job,
        job_actions::move_job,
        job_actions::rerun_job,
        job_actions::signal_job,
        job_actions::message_job,
        job_actions::order_job,
        job_actions::list_job_actions,
        job_actions::create_job_action,
        job_actions::preview_job_action,
        job_actions::get_job_action,
        job_actions::list_job_action_items,
        job_actions::undo_job_action,
        events::stream_events,
    ),
    components(schemas(Event, ExportFormat, ListedGroup, ListedOrder, OutputStream, WaitUntil))
)]
struct Work;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pbsweb_shared::job::JobState;
    use serde_json::Value;

    use super::*;

    fn each_operation(document: &Value, mut look: impl FnMut(&str, &str, &Value)) {
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                look(path, method, operation);
            }
        }
    }

    #[test]
    fn every_operation_has_what_a_reader_needs() {
        let document = serde_json::to_value(document()).unwrap();
        let mut ids = BTreeSet::new();
        let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        each_operation(&document, |path, method, operation| {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no id"));
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.len() > 8),
                "{place} has no summary"
            );
            assert!(tags.contains(&&operation["tags"][0]), "{place}: {}", operation["tags"]);
            assert!(operation["security"].is_array(), "{place} says nothing about security");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{place} never succeeds");
            for (status, answer) in answers.iter().filter(|_| path.starts_with("/api/")) {
                assert!(
                    answer["description"].as_str().is_some_and(|text| !text.is_empty()),
                    "{place} {status}"
                );
                if status.starts_with('4') || status.starts_with('5') {
                    assert!(answer["content"]["application/problem+json"].is_object(), "{place} {status}");
                }
            }
            let is_public = operation["security"] == serde_json::json!([{}]);
            assert_eq!(is_public, !answers.contains_key("401") || id == "create_session", "{place}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for one in &parameters {
                assert!(
                    one["description"].as_str().is_some_and(|text| text.len() > 8),
                    "{place}: {}",
                    one["name"]
                );
                assert_ne!(one["schema"]["type"][1], "null", "{place}: {}", one["name"]);
            }
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(
                    parameters.iter().any(|one| one["name"] == name && one["in"] == "path"),
                    "{place}: {name}"
                );
            }
        });
    }

    /// Routes and document are two lists; here they are compared. Paths of the routes are those of the table in
    /// `routes/mod.rs`, read as text: actix cannot be asked for its routes.
    #[test]
    fn every_route_is_described_and_nothing_else() {
        let table = include_str!("../mod.rs");
        let mut routes = BTreeSet::new();
        let (mut prefix, mut word) = ("", "");
        for line in table.lines().map(str::trim) {
            if line.starts_with("fn version_1") {
                prefix = "/api/v1";
            }
            if let Some(rest) = line.strip_prefix(".service(under(\"") {
                word = rest.split_once('"').unwrap().0;
            } else if line.starts_with("}))") {
                word = "";
            }
            let Some((path, rest)) = line.strip_prefix(".route(\"").and_then(|rest| rest.split_once("\", "))
            else {
                continue;
            };
            let (method, rest) = rest.split_once("().to(").unwrap();
            let handler = rest.trim_end_matches([';', ')']).rsplit("::").next().unwrap();
            routes.insert(format!("{method} {prefix}{word}{path} {handler}"));
        }
        let mut described = BTreeSet::new();
        each_operation(&serde_json::to_value(document()).unwrap(), |path, method, operation| {
            described.insert(format!("{method} {path} {}", operation["operationId"].as_str().unwrap()));
        });
        assert_eq!(routes, described);
    }

    #[test]
    fn enumerations_have_the_words_that_travel() {
        let document = serde_json::to_value(document()).unwrap();
        let words = |name: &str| document.pointer(&format!("/components/schemas/{name}/enum")).cloned();
        assert_eq!(words("JobState"), Some(serde_json::to_value(JobState::ALL).unwrap()));
        assert_eq!(words("ListedOrder"), Some(serde_json::to_value(ListedOrder::ALL).unwrap()));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            for word in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(!word.starts_with(char::is_uppercase), "{name}: {word}");
            }
        }
    }

    #[test]
    fn the_parts_of_a_union_leave_room_for_its_kind() {
        let document = serde_json::to_value(document()).unwrap();
        let schemas = &document["components"]["schemas"];
        let kinds = schemas["Steering"]["oneOf"].as_array().unwrap();
        assert_eq!(kinds.len(), 9);
        for kind in kinds {
            let part = kind["allOf"][0]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert_eq!(schemas[part]["additionalProperties"], Value::Null, "{part}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let mut open = vec![&document];
        let mut n_references = 0;
        while let Some(value) = open.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                n_references += 1;
            }
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(fields) => open.extend(fields.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        assert!(n_references > 50, "{n_references}");
        assert_eq!(document["components"]["schemas"]["SessionId"]["type"], "string");
    }
}
