//! Dialogs on the browser's own `dialog`: focus stays inside, Escape closes, focus returns to where it was.

use leptos::html;
use leptos::prelude::*;

use super::{Button, ButtonKind, ProblemBox, Show, effect, focus_first};
use crate::client::ClientError;

/// A dialog that is open while `open` is true.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; closing it sets this to false.
    open: RwSignal<bool>,
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// Its content; made anew each time it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            // It fails only for a dialog that is open already or not in the document.
            (true, false) => {
                let _ = dialog.show_modal();
                // By itself the browser takes the button that closes it.
                focus_first(dialog.into());
            }
            (false, true) => dialog.close(),
            (true, true) | (false, false) => {}
        }
    });
    let title_id = super::field::unique_id("dialog");
    let labelled_by = title_id.clone();
    view! {
        <dialog
            class="dialog"
            node_ref=dialog
            aria-labelledby=labelled_by
            // The event comes late: the dialog may be open again, or gone.
            on:close=move |_| {
                if dialog.try_get_untracked().flatten().is_some_and(|dialog| !dialog.open()) {
                    open.set(false);
                }
            }
        >
            <Show when=move || open.get()>
                <div class="dialog-content">
                    <header class="dialog-header">
                        <h2 id=title_id.clone()>{move || title.get()}</h2>
                        <Button kind=ButtonKind::Quiet label="Close" on_press=move |()| open.set(false)>
                            <super::Icon shape=super::Shape::Cross />
                        </Button>
                    </header>
                    {children()}
                </div>
            </Show>
        </dialog>
    }
}

/// Asks before something is done that cannot be undone. It names what will be done to what.
#[component]
pub(crate) fn ConfirmDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question, such as "Delete job heat2d?".
    #[prop(into)]
    title: Signal<String>,
    /// What will happen.
    #[prop(into)]
    text: Signal<String>,
    /// The word on the button, such as "Delete job".
    #[prop(into)]
    action: Signal<String>,
    /// The action is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Why it failed.
    #[prop(optional, into)]
    error: Signal<Option<ClientError>>,
    /// Does it. The dialog stays open until `open` is set to false.
    #[prop(into)]
    on_confirm: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog open=open title=title>
            <p>{move || text.get()}</p>
            {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
            <footer class="dialog-footer">
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                <Button kind=ButtonKind::Danger busy=busy on_press=on_confirm>
                    {move || action.get()}
                </Button>
            </footer>
        </Dialog>
    }
}
