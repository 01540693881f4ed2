//! Filters that were given a name: chosen again, saved, deleted.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::searches::{SavedSearch, SavedSearchPut};
use pbsweb_shared::problem::ProblemCode;

use super::filters::Filters;
use crate::client;
use crate::state::Notices;
use crate::ui::{
    Action, Bind, Button, ButtonKind, Choice, LocalResource, ProblemBox, SelectField, Show, TextDialog,
};

/// The menu and the buttons.
#[component]
pub(super) fn SavedSearches(
    /// What the address says.
    filters: Memo<Filters>,
    /// Called with what it should say.
    on_choose: Callback<Filters>,
) -> impl IntoView {
    let notices = Notices::of_page();
    let loaded =
        LocalResource::new(|| async { client::searches::list_searches().await.map(|page| page.items) });
    let failed = move || loaded.get().and_then(Result::err);
    let all = Memo::new(move |_| loaded.get().and_then(Result::ok).unwrap_or_default());
    let chosen = Memo::new(move |_| {
        let filters = filters.read();
        all.read().iter().find(|search| Filters::of(&search.filter) == *filters).cloned()
    });
    let value = Bind::new(
        move || chosen.read().as_ref().map(|search| search.id.to_string()).unwrap_or_default(),
        move |id: String| {
            let known = all.read_untracked();
            let found = known.iter().find(|search| search.id.to_string() == id);
            on_choose.run(found.map(|search| Filters::of(&search.filter)).unwrap_or_default());
        },
    );
    let choices = Signal::derive(move || {
        let mut choices = vec![Choice::new("", "None of them")];
        let name = |search: &SavedSearch| Choice::new(search.id.to_string(), search.name.clone());
        choices.extend(all.read().iter().map(name));
        choices
    });

    let is_naming = RwSignal::new(false);
    let name = RwSignal::new(String::new());
    let save = Action::new_local(move |name: &String| {
        let search = SavedSearchPut { name: name.clone(), filter: filters.read_untracked().to_query() };
        async move {
            client::searches::create_search(&search).await?;
            is_naming.set(false);
            loaded.refetch();
            notices.done(format!("The search {} is saved.", search.name.trim()));
            Ok(())
        }
    });
    let cannot_save = MaybeProp::derive(move || {
        if filters.read().is_empty() {
            return Some("Nothing is filtered: all jobs are shown.".to_owned());
        }
        chosen.read().as_ref().map(|search| format!("This search is saved as {}.", search.name))
    });
    let begin = move |()| {
        name.set(String::new());
        is_naming.set(true);
    };
    let delete = move |()| {
        let Some(search) = chosen.get_untracked() else { return };
        spawn_local(async move {
            let answer = client::searches::delete_search(search.id).await;
            loaded.refetch();
            match answer {
                Ok(_) => {}
                // It was deleted elsewhere, or the button was pressed twice.
                Err(error) if error.code() == Some(ProblemCode::NotFound) => return,
                Err(error) => return notices.failed(error.message()),
            }
            let text = format!("The search {} is deleted.", search.name);
            let again = SavedSearchPut { name: search.name, filter: search.filter };
            notices.done_or_undo(text, move || {
                let again = again.clone();
                spawn_local(async move {
                    match client::searches::create_search(&again).await {
                        Ok(_) => loaded.refetch(),
                        Err(error) => notices.failed(error.message()),
                    }
                });
            });
        });
    };
    view! {
            <Show when=move || !all.read().is_empty()>
                <SelectField label="Saved searches" name="search" value=value choices=choices />
            </Show>
            <Button kind=ButtonKind::Quiet disabled_because=cannot_save on_press=begin>"Save this search"</Button>
            <Show when=move || !all.read().is_empty()>
                <Button
                    kind=ButtonKind::Quiet
                    label="Delete the saved search"
                    disabled_because=MaybeProp::derive(move || {
                        chosen.read().is_none().then(|| "Choose a saved search first.".to_owned())
                    })
                    on_press=delete
                >
                    "Delete"
                </Button>
            </Show>
            {move || {
                failed().map(|error| view! { <ProblemBox error=error retry=Callback::new(move |()| loaded.refetch()) /> })
            }}
        <TextDialog
            open=is_naming
            title="Save this search"
            label="Name"
            pointer="/name"
            help="The filters as they are now can be chosen again by it."
            value=name
            save=save
        />
    }
}
