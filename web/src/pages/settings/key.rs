//! One's SSH key: the public half, how to install it, a new pair.

use leptos::prelude::*;

use crate::client;
use crate::components::KeyInstall;
use crate::state::{Hosts, Notices};
use crate::ui::{Button, ConfirmDialog, Load, Panel, action_error};

/// The tab.
#[component]
pub(super) fn KeyTab() -> impl IntoView {
    let notices = Notices::of_page();
    let hosts = Hosts::of_page();
    let key = LocalResource::new(client::me::get_ssh_key);
    let is_asking = RwSignal::new(false);
    let rotate = Action::new_local(move |(): &()| async move {
        client::me::rotate_ssh_key().await?;
        key.refetch();
        hosts.reload();
        is_asking.set(false);
        notices.done("You have a new key. Install it on each host, then run the checks.");
        Ok(())
    });
    view! {
        <Panel title="Your PBSWeb key">
            <Load resource=key what="your key" let:key>
                <KeyInstall key=key />
            </Load>
        </Panel>
        <Panel
            title="Make a new key"
            lead="If you think that the key is known to somebody else, or from time to time."
        >
            <p>
                "PBSWeb forgets the present key at once and cannot reach any host until you have installed the new one there. Jobs that run go on; what they do is seen again after that. Remove the old line from "
                <code>"~/.ssh/authorized_keys"</code> " on each host."
            </p>
            <div>
                <Button kind=crate::ui::ButtonKind::Danger on_press=move |()| is_asking.set(true)>"Make a new key"</Button>
            </div>
        </Panel>
        <ConfirmDialog
            open=is_asking
            title="Make a new key?"
            text="The present key is forgotten. No host can be used until the new key is installed there."
            action="Make a new key"
            busy=rotate.pending()
            error=action_error(rotate)
            on_confirm=move |()| {
                rotate.dispatch(());
            }
        />
    }
}
