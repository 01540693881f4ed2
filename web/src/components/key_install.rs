//! How a user's key gets onto a host.

use leptos::prelude::*;
use pbsweb_shared::api::me::SshKey;

use crate::ui::{CodeBlock, Fact, Facts, Time};

/// The public key with the ways to install it.
#[component]
pub(crate) fn KeyInstall(
    /// The key.
    key: SshKey,
) -> impl IntoView {
    view! {
        <div class="key-install">
            <p>
                "PBSWeb reaches a host as you, with a key of its own. Install it once on each host: log in there as usual and paste this command."
            </p>
            <CodeBlock text=key.install_command what="the install command" wraps=true />
            <p>"Or add this line to " <code>"~/.ssh/authorized_keys"</code> " by hand:"</p>
            <CodeBlock text=key.authorized_keys_line what="the key line" wraps=true />
            <Facts>
                <Fact name="Fingerprint"><code>{key.fingerprint}</code></Fact>
                <Fact name="Made"><Time at=key.created_at /></Fact>
            </Facts>
            <p class="muted">
                "The private half never leaves the server, where it is stored encrypted. Removing the line on a host revokes PBSWeb there at once."
            </p>
        </div>
    }
}
