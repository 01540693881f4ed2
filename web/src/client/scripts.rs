//! Scripts: history with whole drafts, parsing, checking, suggestions.

use gloo_net::http::Method;
use pbsweb_shared::api::scripts::{
    Revision, RevisionCreate, RevisionUpdate, Script, ScriptCheck, ScriptChecked, ScriptCopy, ScriptCreate,
    ScriptParse, ScriptParsed, ScriptsQuery,
};
use pbsweb_shared::ids::ScriptId;
use pbsweb_shared::page::Page;
use pbsweb_shared::script::{JobScriptDraft, ScriptDifference};

use super::query::to_query;
use super::{Answer, Reply, http};

/// Scripts, most recently used first, each with its whole typed draft. A page without any, with more to come, is passed over.
pub(crate) async fn list_scripts(query: &ScriptsQuery) -> Answer<Page<Script>> {
    let mut query = query.clone();
    loop {
        let page: Page<Script> = http::get(&format!("/scripts{}", to_query(&query))).await?;
        if !page.items.is_empty() || page.next_page_token.is_none() {
            return Ok(page);
        }
        query.page_token = page.next_page_token;
    }
}

/// One script.
pub(crate) fn get_script(script: ScriptId) -> Reply<Script> {
    http::get(&format!("/scripts/{script}"))
}

/// Keeps a script under a new name.
pub(crate) fn create_script(script: &ScriptCreate) -> Reply<Script> {
    http::send(Method::POST, "/scripts", script, None)
}

/// Makes a copy of a script that is one's own.
pub(crate) fn copy_script(script: ScriptId, copy: &ScriptCopy) -> Reply<Script> {
    http::send(Method::POST, &format!("/scripts/{script}/copy"), copy, None)
}

/// Keeps a changed script as its next revision, unless another was saved meanwhile.
pub(crate) fn save_revision(script: ScriptId, change: &RevisionCreate) -> Reply<Revision> {
    http::send(Method::POST, &format!("/scripts/{script}/revisions"), change, None)
}

/// What one revision says differently from another.
pub(crate) fn compare_revisions(script: ScriptId, from: i32, to: i32) -> Reply<ScriptDifference> {
    http::get(&format!("/scripts/{script}/difference?from={from}&to={to}"))
}

/// Makes a former revision the latest, by a copy of it.
pub(crate) fn restore_revision(script: ScriptId, number: i32) -> Reply<Revision> {
    http::act(&format!("/scripts/{script}/revisions/{number}/restore"))
}

/// Gives a revision a label, or none.
pub(crate) fn update_revision(script: ScriptId, number: i32, update: &RevisionUpdate) -> Reply<Revision> {
    http::send(Method::PATCH, &format!("/scripts/{script}/revisions/{number}"), update, None)
}

/// Its revisions, newest first.
pub(crate) fn list_revisions(script: ScriptId) -> Reply<Page<Revision>> {
    http::get(&format!("/scripts/{script}/revisions"))
}

/// Reads a script's text into fields.
pub(crate) fn parse_script(text: &ScriptParse) -> Reply<ScriptParsed> {
    http::send(Method::POST, "/scripts/parse", text, None)
}

/// Checks a script against a host without submitting it.
pub(crate) fn check_script(check: &ScriptCheck) -> Reply<ScriptChecked> {
    http::send(Method::POST, "/scripts/check", check, None)
}

/// What a new form should start with that is for no application.
pub(crate) fn get_suggestion() -> Reply<JobScriptDraft> {
    http::get("/scripts/suggestion")
}
