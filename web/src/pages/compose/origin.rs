//! The script that the form was filled from: whose it is, what one may do with it, and keeping what was changed.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::groups::Access;
use pbsweb_shared::api::jobs::JobOrigin;
use pbsweb_shared::api::scripts::{Revision, RevisionCreate, Script, ScriptCopy, ScriptCreate};
use pbsweb_shared::ids::ScriptId;
use pbsweb_shared::names::UserName;
use pbsweb_shared::problem::ProblemCode;
use pbsweb_shared::script::JobScriptDraft;
use serde::{Deserialize, Serialize};

use super::form::Form;
use crate::client::{self, Answer, ClientError};
use crate::components::Sharing;
use crate::state::Notices;
use crate::ui::{Action, Button, ProblemBox, Show, action_error};

/// A script, and the revision of it that is being changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) script: ScriptId,
    /// Its name in the history.
    pub(super) name: String,
    /// Whose it is, if somebody else's.
    owner: Option<UserName>,
    access: Access,
    /// The groups it is shared with, in words.
    groups: String,
    /// The number of the revision.
    pub(super) made_from: i32,
    /// What that says.
    pub(super) base: JobScriptDraft,
}

impl From<&Script> for Origin {
    fn from(script: &Script) -> Self {
        let groups: Vec<&str> = script.shared_with.iter().map(|group| group.name.as_str()).collect();
        Self {
            script: script.id,
            name: script.name.clone(),
            owner: script.owner.clone(),
            access: script.access,
            groups: groups.join(", "),
            made_from: script.revision.number,
            base: script.revision.draft.clone(),
        }
    }
}

impl Origin {
    /// Whether a draft under a name is still this script, and not another one that began with it.
    pub(super) fn is_meant(&self, script_name: &str, draft: &JobScriptDraft) -> bool {
        name_of(script_name, draft) == self.name
    }

    /// Why this draft cannot be submitted as this script.
    fn refusal(&self, draft: &JobScriptDraft) -> Option<String> {
        let is_changed = *draft != self.base;
        self.access.refusal(if is_changed { Access::Edit } else { Access::Submit })
    }

    /// Takes what the script is called and with whom it is shared, as it is now.
    fn renew(&mut self, script: &Script) {
        let now = Self::from(script);
        (self.access, self.groups) = (now.access, now.groups);
    }

    /// It is at another revision now.
    pub(super) fn move_to(&mut self, revision: &Revision) {
        self.made_from = revision.number;
        self.base.clone_from(&revision.draft);
    }
}

/// What a script is called: as it says, or as the job.
fn name_of(script_name: &str, draft: &JobScriptDraft) -> String {
    let name = script_name.trim();
    if name.is_empty() { draft.name.trim().to_owned() } else { name.to_owned() }
}

impl Form {
    /// Looks at the script that is meant, if it is still the one that the form was filled from. Tracked, and at each key: nothing is
    /// copied.
    fn meant<T>(self, look: impl FnOnce(&Origin, &JobScriptDraft) -> T) -> Option<T> {
        let (origin, draft) = (self.origin.read(), self.draft.read());
        let origin = origin.as_ref()?;
        origin.is_meant(&self.script_name.read(), &draft).then(|| look(origin, &draft))
    }

    /// Fills the form with the latest revision of a script, to be a change of that.
    pub(super) fn take_up(self, script: &Script) {
        let draft = script.revision.draft.clone();
        let name = if script.name == draft.name { String::new() } else { script.name.clone() };
        self.fill(draft, name);
        self.origin.set(Some(Arc::new(Origin::from(script))));
    }

    /// Why the form cannot be submitted as the script it was filled from. Tracked.
    pub(super) fn hindrance(self) -> Option<String> {
        self.meant(Origin::refusal)?.map(|words| client::as_sentence(&words))
    }

    /// Of which script the job is, for the server to see that nothing is written over.
    pub(super) fn job_origin(self) -> Option<JobOrigin> {
        let of = |origin: &Origin, _: &_| JobOrigin { script: origin.script, made_from: origin.made_from };
        untrack(move || self.meant(of))
    }

    /// What somebody else saved meanwhile is to be merged, if that is what the error says.
    pub(super) fn note_conflict(self, error: &ClientError) {
        if let Some(current) = saved_meanwhile(error) {
            self.conflict.try_set(Some(current.clone()));
        }
    }

    /// Whether the error is of now: a conflict that was merged is none any more. Tracked.
    pub(super) fn is_of_now(self, error: &ClientError) -> bool {
        let made_from = self.origin.with(|origin| origin.as_ref().map(|origin| origin.made_from));
        saved_meanwhile(error)
            .is_none_or(|current| made_from.is_some_and(|made_from| made_from < current.number))
    }
}

/// The revision that the server has instead of the one that was to be kept.
fn saved_meanwhile(error: &ClientError) -> Option<&Revision> {
    match error {
        ClientError::Problem(problem) => problem.current.as_deref(),
        ClientError::Offline
        | ClientError::Unreadable { .. }
        | ClientError::Browser(_)
        | ClientError::Aborted => None,
    }
}

/// Keeps the draft: as the next revision of its script, or as a new script.
pub(super) type Save = Action<(), Answer<()>>;

/// The action behind the button.
pub(super) fn save_action(form: Form) -> Save {
    let notices = Notices::of_page();
    Action::new_local(move |(): &()| {
        let draft = form.draft.get_untracked();
        let meant = untrack(move || form.meant(|origin, _| origin.clone()));
        let name = name_of(&form.script_name.read_untracked(), &draft);
        let is_new = meant.is_none();
        async move {
            match save(meant, name, draft).await {
                Ok(origin) => {
                    notices.done(format!("{} is kept as revision {}.", origin.name, origin.made_from));
                    let origin = Arc::new(origin);
                    if is_new {
                        form.adopt(origin);
                    } else {
                        form.origin.try_set(Some(origin));
                    }
                    form.saved.notify();
                    Ok(())
                }
                Err(error) => {
                    form.note_conflict(&error);
                    Err(error)
                }
            }
        }
    })
}

async fn save(meant: Option<Origin>, name: String, script: JobScriptDraft) -> Answer<Origin> {
    match meant {
        Some(mut origin) => {
            let change = RevisionCreate { made_from: origin.made_from, script };
            origin.move_to(&client::scripts::save_revision(origin.script, &change).await?);
            Ok(origin)
        }
        None => {
            let made: Script = client::scripts::create_script(&ScriptCreate { name, script }).await?;
            Ok(Origin::from(&made))
        }
    }
}

/// Under another name if one's own scripts have one of this name.
async fn copy_to_own(origin: &Origin) -> Answer<Script> {
    let wish = ScriptCopy { name: None, revision: Some(origin.made_from) };
    match (client::scripts::copy_script(origin.script, &wish).await, &origin.owner) {
        (Err(error), Some(owner)) if error.code() == Some(ProblemCode::AlreadyExists) => {
            let wish = ScriptCopy { name: Some(format!("{} of {owner}", origin.name)), ..wish };
            client::scripts::copy_script(origin.script, &wish).await
        }
        (answer, _) => answer,
    }
}

/// The button.
#[component]
pub(super) fn SaveButton(save: Save) -> impl IntoView {
    let form = Form::of_page();
    let because = MaybeProp::derive(move || {
        form.meant(|origin, draft| {
            let refusal = origin.access.refusal(Access::Edit).map(|words| client::as_sentence(&words));
            refusal.or_else(|| (*draft == origin.base).then(|| "Nothing was changed.".to_owned()))
        })?
    });
    view! {
        <Button busy=save.pending() disabled_because=because on_press=move |()| save.dispatch(())>
            "Save script"
        </Button>
    }
}

/// Where the form was filled from, a copy of somebody else's script, and with whom one's own is shared.
#[component]
pub(super) fn OriginBar() -> impl IntoView {
    let form = Form::of_page();
    let notices = Notices::of_page();
    let copy = Action::new_local(move |origin: &Arc<Origin>| {
        let origin = Arc::clone(origin);
        async move {
            let made = copy_to_own(&origin).await?;
            if made.name != origin.name {
                form.script_name.try_set(made.name.clone());
            }
            notices.done(format!("{} is your own now.", made.name));
            // What was typed stays: it is a change of the copy from now on.
            form.adopt(Arc::new(Origin::from(&made)));
            form.saved.notify();
            Ok(())
        }
    });
    let error = action_error(copy);
    let is_meant = Memo::new(move |_| form.meant(|_, _| ()).is_some());
    let on_shared = move |()| {
        let Some(script) = form.origin.with_untracked(|origin| origin.as_ref().map(|origin| origin.script))
        else {
            return;
        };
        spawn_local(async move {
            // Only words depend on it.
            let Ok(found) = client::scripts::get_script(script).await else { return };
            form.origin.try_update(|origin| {
                if let Some(origin) = origin.as_mut().filter(|origin| origin.script == script) {
                    Arc::make_mut(origin).renew(&found);
                }
            });
        });
    };
    let words = move |origin: Arc<Origin>| {
        let copied = origin.clone();
        let whose = match (&origin.owner, origin.groups.as_str()) {
            (Some(owner), groups) => format!(
                "Revision {} of {}, {owner}’s script, shared with {groups}. Your role: {}.",
                origin.made_from, origin.name, origin.access
            ),
            (None, "") => format!("Revision {} of your script {}.", origin.made_from, origin.name),
            (None, groups) => {
                format!("Revision {} of your script {}, shared with {groups}.", origin.made_from, origin.name)
            }
        };
        let script = origin.script;
        let part = if origin.owner.is_some() {
            view! {
                <Button busy=copy.pending() on_press=move |()| copy.dispatch(copied.clone())>"Copy to mine"</Button>
            }
            .into_any()
        } else {
            view! { <Sharing thing=script on_change=on_shared /> }.into_any()
        };
        view! {
            <p>{whose}</p>
            {part}
        }
    };
    let hindrance = Memo::new(move |_| form.hindrance());
    let shown = move || {
        let origin = form.origin.get()?;
        Some(if is_meant.get() {
            words(origin).into_any()
        } else {
            // Better said than found out.
            let words = format!("A new script of your own, begun from {}: it has another name.", origin.name);
            view! { <p>{words}</p> }.into_any()
        })
    };
    view! {
        <div class="compose-origin">
            {shown}
            <Show when=move || hindrance.read().is_some()>
                <p class="field-note">{move || hindrance.get()}</p>
            </Show>
            {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(access: Access) -> Origin {
        Origin {
            script: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
            name: "heat".to_owned(),
            owner: None,
            access,
            groups: String::new(),
            made_from: 3,
            base: draft("heat", "echo"),
        }
    }

    fn draft(name: &str, commands: &str) -> JobScriptDraft {
        JobScriptDraft { name: name.to_owned(), commands: commands.to_owned(), ..JobScriptDraft::default() }
    }

    #[test]
    fn another_name_is_another_script() {
        let origin = origin(Access::Own);
        assert!(origin.is_meant("", &draft("heat", "changed")));
        assert!(origin.is_meant(" heat ", &draft("job", "echo")));
        assert!(!origin.is_meant("", &draft("cold", "echo")));
        assert!(!origin.is_meant("cold", &draft("heat", "echo")));
    }

    #[test]
    fn what_may_be_done_depends_on_what_was_changed() {
        for (access, as_it_is, changed) in [
            (Access::Read, false, false),
            (Access::Submit, true, false),
            (Access::Edit, true, true),
            (Access::Own, true, true),
        ] {
            let origin = origin(access);
            assert_eq!(origin.refusal(&origin.base).is_none(), as_it_is, "{access}");
            assert_eq!(origin.refusal(&draft("heat", "changed")).is_none(), changed, "{access}");
        }
    }
}
