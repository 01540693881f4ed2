//! Scripts: their history, reading and checking them, and what a new one should start with.

use diesel::PgConnection;
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::api::me::Preferences;
use pbsweb_shared::api::scripts::{
    Revision, RevisionCreate, RevisionUpdate, RevisionsCompared, Script, ScriptCheck, ScriptChecked,
    ScriptCopy, ScriptCreate, ScriptParse, ScriptParsed, ScriptsQuery,
};
use pbsweb_shared::ids::{ApplicationId, HostId, RevisionId, ScriptId};
use pbsweb_shared::page::Page;
use pbsweb_shared::problem::FieldError;
use pbsweb_shared::script::{self, HostRules, JobScriptDraft, ScriptDifference};

use uuid::Uuid;

use super::actor::Actor;
use super::hosts::host_rules;
use crate::app::App;
use crate::store::activity::insert_activity;
use crate::store::host_accounts::find_account;
use crate::store::page::{BadPageToken, PageRequest, Place};
use crate::store::queues::ListedQueues;
use crate::store::scripts as rows;
use crate::store::scripts::{Changed, Saved};
use crate::store::sharing::access;
use crate::store::{StoreError, preferences, queues};

/// Why something about scripts could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// There is no such script, or the caller may not know of it.
    #[error("there is no such script")]
    NotFound,
    /// It is shared with the caller, but not for that; the reason.
    #[error("{0}")]
    Forbidden(String),
    /// The script has no revision with this number.
    #[error("the script has no revision {0}")]
    NoRevision(i32),
    /// The user has a script with this name.
    #[error("there is a script called {0}")]
    NameTaken(String),
    /// Another revision was saved meanwhile.
    #[error("revision {} was saved meanwhile", .0.number)]
    Conflict(Box<Revision>),
    /// A field of the request is wrong.
    #[error("{}", .0.message)]
    Invalid(FieldError),
    /// The token belongs to another list.
    #[error(transparent)]
    PageToken(#[from] BadPageToken),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for ScriptError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Insists that the caller may do so much with a script.
///
/// # Errors
/// There is no such script; the caller may do less with it.
pub(super) fn insist(
    connection: &mut PgConnection,
    actor: &Actor,
    id: ScriptId,
    needed: Access,
) -> Result<(), ScriptError> {
    let (_, access) = access(connection, actor.user, id.into())?.ok_or(ScriptError::NotFound)?;
    access.refusal(needed).map_or(Ok(()), |words| Err(ScriptError::Forbidden(words)))
}

/// The caller's scripts, or those that are shared, the one used last first, typed and whole.
///
/// # Errors
/// The page token belongs to another list.
pub async fn list_scripts(
    app: &App,
    actor: &Actor,
    query: ScriptsQuery,
) -> Result<Page<Script>, ScriptError> {
    let list = format!(
        "scripts {:?} {:?} {:?} {} {:?}",
        query.application, query.host, query.text, query.shared, query.group
    );
    let request = PageRequest::<Place>::read(query.limit, query.page_token.as_deref(), &list)?;
    let owner = actor.user;
    Ok(app
        .store
        .query(move |connection| rows::list_scripts(connection, owner, &query, request, &list))
        .await?)
}

/// A script that the caller may see.
///
/// # Errors
/// There is no such script.
pub async fn get_script(app: &App, actor: &Actor, id: ScriptId) -> Result<Script, ScriptError> {
    let owner = actor.user;
    app.store
        .query(move |connection| rows::find_script(connection, owner, id))
        .await?
        .ok_or(ScriptError::NotFound)
}

/// All revisions of a script that the caller may see, newest first.
///
/// # Errors
/// There is no such script; the page token belongs to another list.
pub async fn list_revisions(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    limit: Option<u32>,
    token: Option<&str>,
) -> Result<Page<Revision>, ScriptError> {
    let list = format!("revisions {id}");
    let request = PageRequest::<i32>::read(limit, token, &list)?;
    let owner = actor.user;
    app.store
        .query(move |connection| {
            let script = rows::find_script(connection, owner, id)?;
            script.map(|_| rows::list_revisions(connection, owner, id, request, &list)).transpose()
        })
        .await?
        .ok_or(ScriptError::NotFound)
}

/// One revision of a script that the caller may see.
///
/// # Errors
/// There is no such script, or no such revision.
pub async fn get_revision(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    number: i32,
) -> Result<Revision, ScriptError> {
    let owner = actor.user;
    let found =
        app.store.read(move |connection| rows::find_revisions(connection, owner, id, &[number])).await?;
    found.into_iter().next().ok_or(ScriptError::NoRevision(number))
}

fn wrong(pointer: &str, code: &str, message: &str) -> ScriptError {
    ScriptError::Invalid(FieldError {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
    })
}

/// A name or label, without blanks around it.
fn words(pointer: &str, text: &str) -> Result<String, ScriptError> {
    let text = text.trim();
    if text.len() > 200 || text.chars().any(char::is_control) {
        let code = format!("{}.syntax", pointer.trim_start_matches('/'));
        return Err(wrong(pointer, &code, "needs at most 200 bytes without control characters"));
    }
    Ok(text.to_owned())
}

fn has_nul(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields.values().any(has_nul),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text of fields that may be kept: with mistakes, but PostgreSQL takes no NUL.
fn text_to_keep(draft: &JobScriptDraft) -> Result<String, ScriptError> {
    if serde_json::to_value(draft).is_ok_and(|fields| has_nul(&fields)) {
        return Err(wrong("/script", "script.nul", "has a NUL character, which no script can have"));
    }
    Ok(script::render(draft))
}

/// Keeps a script under a new name.
///
/// # Errors
/// The name is taken; a field is wrong.
pub async fn create_script(app: &App, actor: &Actor, request: ScriptCreate) -> Result<Script, ScriptError> {
    let name = words("/name", &request.name)?;
    if name.is_empty() {
        return Err(wrong("/name", "name.missing", "a script needs a name"));
    }
    let text = text_to_keep(&request.script)?;
    let (actor, now, id) = (actor.clone(), app.replica.now(), ScriptId::from_uuid(Uuid::now_v7()));
    let fresh = RevisionId::from_uuid(Uuid::now_v7());
    let (made, name) = app
        .store
        .query(move |connection| {
            let changed = Changed { session: actor.session, draft: &request.script, text: &text, fresh };
            if rows::create_script(connection, actor.user, id, &name, &changed, now)?.is_none() {
                return Ok((None, name));
            }
            insert_activity(connection, &actor.deed("script.create", id, name.clone()), now)?;
            Ok((rows::find_script(connection, actor.user, id)?, name))
        })
        .await?;
    made.ok_or(ScriptError::NameTaken(name))
}

/// Makes a script of the caller's own that begins with a revision of one that the caller may see.
///
/// # Errors
/// There is no such script, or no such revision; the name is taken, or cannot be one.
pub async fn copy_script(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    request: ScriptCopy,
) -> Result<Script, ScriptError> {
    let name = request.name.as_deref().map(|name| words("/name", name)).transpose()?;
    let (actor, now, copy) = (actor.clone(), app.replica.now(), ScriptId::from_uuid(Uuid::now_v7()));
    let fresh = RevisionId::from_uuid(Uuid::now_v7());
    app.store
        .run(move |connection| {
            let original = rows::find_script(connection, actor.user, id)?.ok_or(ScriptError::NotFound)?;
            let number = request.revision.unwrap_or(original.n_revisions);
            let revision = rows::find_revisions(connection, actor.user, id, &[number])?.pop();
            let draft = revision.ok_or(ScriptError::NoRevision(number))?.draft;
            let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| original.name.clone());
            let changed =
                Changed { session: actor.session, draft: &draft, text: &script::render(&draft), fresh };
            if rows::create_script(connection, actor.user, copy, &name, &changed, now)?.is_none() {
                return Err(ScriptError::NameTaken(name));
            }
            let whose = original.owner.map(|owner| format!(", {owner}'s")).unwrap_or_default();
            let words = format!("{name}, from revision {number} of {} ({id}){whose}", original.name);
            insert_activity(connection, &actor.deed("script.copy", copy, words), now)?;
            rows::find_script(connection, actor.user, copy)?.ok_or(ScriptError::NotFound)
        })
        .await
}

/// Keeps a changed script as its latest revision. One that says the same as the latest is that.
///
/// # Errors
/// Another revision was saved meanwhile; there is no such script; a field is wrong.
pub async fn save_revision(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    request: RevisionCreate,
) -> Result<Revision, ScriptError> {
    let text = text_to_keep(&request.script)?;
    let (actor, now) = (actor.clone(), app.replica.now());
    let fresh = RevisionId::from_uuid(Uuid::now_v7());
    let saved = app
        .store
        .run(move |connection| -> Result<Option<Saved>, ScriptError> {
            insist(connection, &actor, id, Access::Edit)?;
            let changed = Changed { session: actor.session, draft: &request.script, text: &text, fresh };
            let saved = rows::save_revision(connection, actor.user, id, request.made_from, &changed, now)?;
            if let Some(Saved::Now(revision)) = &saved {
                let words = format!("revision {}", revision.number);
                insert_activity(connection, &actor.deed("script.save", id, words), now)?;
            }
            Ok(saved)
        })
        .await?;
    match saved.ok_or(ScriptError::NotFound)? {
        Saved::Now(revision) => Ok(revision),
        Saved::Conflict(current) => Err(ScriptError::Conflict(Box::new(current))),
    }
}

/// Makes a former revision the latest, by a copy of it.
///
/// # Errors
/// There is no such script, or no such revision.
pub async fn restore_revision(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    number: i32,
) -> Result<Revision, ScriptError> {
    let (actor, now) = (actor.clone(), app.replica.now());
    let fresh = RevisionId::from_uuid(Uuid::now_v7());
    app.store
        .run(move |connection| {
            insist(connection, &actor, id, Access::Edit)?;
            let restored =
                rows::restore_revision(connection, actor.user, id, number, actor.session, fresh, now)?;
            if restored.is_some() {
                let words = format!("revision {number}");
                insert_activity(connection, &actor.deed("script.restore", id, words), now)?;
            }
            restored.ok_or(ScriptError::NoRevision(number))
        })
        .await
}

/// Gives a revision a label, another one, or none.
///
/// # Errors
/// There is no such script, or no such revision; the label cannot be one.
pub async fn update_revision(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    number: i32,
    request: RevisionUpdate,
) -> Result<Revision, ScriptError> {
    let label = words("/label", &request.label)?;
    let (actor, now) = (actor.clone(), app.replica.now());
    app.store
        .run(move |connection| {
            insist(connection, &actor, id, Access::Edit)?;
            let wanted = Some(label.as_str()).filter(|label| !label.is_empty());
            let labelled = rows::label_revision(connection, actor.user, id, number, wanted)?;
            if labelled.is_some() {
                let words = format!("revision {number}: {label}");
                insert_activity(connection, &actor.deed("script.label", id, words), now)?;
            }
            labelled.ok_or(ScriptError::NoRevision(number))
        })
        .await
}

/// What one revision of a script that the caller may see says differently from another.
///
/// # Errors
/// There is no such script, or no such revision.
pub async fn compare_revisions(
    app: &App,
    actor: &Actor,
    id: ScriptId,
    query: RevisionsCompared,
) -> Result<ScriptDifference, ScriptError> {
    let owner = actor.user;
    let (to, from, found) = app
        .store
        .read(move |connection| {
            let Some(script) = rows::find_script(connection, owner, id)? else { return Ok(None) };
            let to = query.to.unwrap_or(script.n_revisions);
            let from = query.from.unwrap_or_else(|| to.saturating_sub(1).max(1));
            Ok(Some((to, from, rows::find_revisions(connection, owner, id, &[from, to])?)))
        })
        .await?
        .ok_or(ScriptError::NotFound)?;
    let draft = |number| {
        let found = found.iter().find(|revision| revision.number == number);
        found.map(|revision| &revision.draft).ok_or(ScriptError::NoRevision(number))
    };
    Ok(script::difference(draft(from)?, draft(to)?))
}

/// Reads a script's text into fields, and says what was not understood.
#[must_use]
pub fn parse_script(request: &ScriptParse) -> ScriptParsed {
    let parsed = script::parse_with(request.text.as_bytes(), &request.directive_prefix);
    ScriptParsed { draft: parsed.draft, diagnostics: parsed.diagnostics }
}

/// Checks fields, against a host if one is given, and makes the text of them. Nothing is submitted.
///
/// # Errors
/// The database's.
pub async fn check_script(
    app: &App,
    actor: &Actor,
    request: ScriptCheck,
) -> Result<ScriptChecked, ScriptError> {
    let rules = match request.host {
        Some(host) => Some(rules_of(app, actor, host).await?),
        None => None,
    };
    let (text, diagnostics) = script::diagnose(&request.script, rules.as_ref());
    Ok(ScriptChecked { text, diagnostics })
}

/// The rules of a host for the caller, from its last snapshot.
///
/// # Errors
/// The database's.
pub async fn rules_of(app: &App, actor: &Actor, host: HostId) -> Result<HostRules, StoreError> {
    let user = actor.user;
    let (listed, account) = app
        .store
        .read(move |connection| {
            Ok((queues::list_queues(connection, host)?, find_account(connection, user, host)?))
        })
        .await?;
    Ok(rules_from(&listed, account.map(|account| account.login.to_string())))
}

/// The rules of a host that these queues make, for somebody with this login name there.
#[must_use]
pub fn rules_from(listed: &ListedQueues, login: Option<String>) -> HostRules {
    host_rules(&listed.queues, listed.default_queue.as_deref(), login)
}

/// What a new script should start with: the fields of the caller's last job of the application on the host, else of that
/// application anywhere, else the caller's preferences.
///
/// # Errors
/// The database's.
pub async fn suggest_script(
    app: &App,
    actor: &Actor,
    application: Option<ApplicationId>,
    host: Option<HostId>,
) -> Result<JobScriptDraft, ScriptError> {
    let owner = actor.user;
    let (last, preferences) = app
        .store
        .query(move |connection| {
            let last = match application {
                Some(application) => {
                    let here = rows::last_draft(connection, owner, application, host)?;
                    match here {
                        Some(draft) => Some(draft),
                        None => rows::last_draft(connection, owner, application, None)?,
                    }
                }
                None => None,
            };
            Ok((last, preferences::find_preferences(connection, owner)?))
        })
        .await?;
    Ok(last.unwrap_or_else(|| from_preferences(preferences)))
}

/// A fresh script by somebody with these preferences.
pub(super) fn from_preferences(preferences: Preferences) -> JobScriptDraft {
    JobScriptDraft {
        mail_users: preferences.mail_users,
        mail_events: preferences.mail_events,
        account: preferences.account,
        shell: preferences.shell,
        ..JobScriptDraft::default()
    }
}
