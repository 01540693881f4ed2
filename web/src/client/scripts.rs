//! Scripts: history with whole drafts, parsing, checking, suggestions.

use gloo_net::http::Method;
use pbsweb_shared::api::scripts::{
    Revision, Script, ScriptCheck, ScriptChecked, ScriptParse, ScriptParsed, ScriptsQuery,
};
use pbsweb_shared::ids::{ApplicationId, HostId, ScriptId};
use pbsweb_shared::page::Page;
use pbsweb_shared::script::JobScriptDraft;
use serde::Serialize;

use super::query::to_query;
use super::{Answer, http};

/// What a suggestion is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct SuggestionQuery {
    /// The application, if one is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<ApplicationId>,
    /// The host, if one is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<HostId>,
}

/// Scripts, most recently used first, each with its whole typed draft.
pub(crate) async fn list_scripts(query: &ScriptsQuery) -> Answer<Page<Script>> {
    http::get(&format!("/scripts{}", to_query(query))).await
}

/// One script.
pub(crate) async fn get_script(script: ScriptId) -> Answer<Script> {
    http::get(&format!("/scripts/{script}")).await
}

/// Its revisions, newest first.
pub(crate) async fn list_revisions(script: ScriptId) -> Answer<Page<Revision>> {
    http::get(&format!("/scripts/{script}/revisions")).await
}

/// Reads a script's text into fields.
pub(crate) async fn parse_script(text: &ScriptParse) -> Answer<ScriptParsed> {
    http::send(Method::POST, "/scripts/parse", text, None).await
}

/// Checks a script against a host without submitting it.
pub(crate) async fn check_script(check: &ScriptCheck) -> Answer<ScriptChecked> {
    http::send(Method::POST, "/scripts/check", check, None).await
}

/// What a new form should start with.
pub(crate) async fn get_suggestion(query: SuggestionQuery) -> Answer<JobScriptDraft> {
    http::get(&format!("/scripts/suggestion{}", to_query(&query))).await
}
