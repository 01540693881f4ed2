//! The key a host shows now, beside the one that was confirmed; confirming it.

use leptos::prelude::*;
use pbsweb_shared::api::hosts::{HostKey, HostKeyScan, HostUpdate};
use pbsweb_shared::ids::HostId;

use crate::client;
use crate::state::{Hosts, Notices};
use crate::ui::{Badge, Button, ButtonKind, Load, ProblemBox, Shape, Tone, action_error};

/// What a scan means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// Nothing was confirmed yet.
    New,
    /// It is a confirmed key.
    Same,
    /// It is another key of the same algorithm or of another one; which of the two is for a person to say.
    Changed,
}

fn finding(scan: &HostKeyScan) -> Finding {
    if scan.is_confirmed {
        Finding::Same
    } else if scan.confirmed.is_empty() {
        Finding::New
    } else {
        Finding::Changed
    }
}

/// `ssh-ed25519` of a key line.
fn algorithm(key: &HostKey) -> String {
    key.line.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The content of the dialog: it asks the host as soon as it opens.
#[component]
pub(super) fn KeyDialog(host: HostId, #[prop(into)] on_done: Callback<()>) -> impl IntoView {
    let hosts = Hosts::of_page();
    let notices = Notices::of_page();
    let scan = LocalResource::new(move || client::hosts::scan_host_key(host));
    let confirm = Action::new_local(move |line: &String| {
        let change = HostUpdate { host_keys: Some(vec![line.clone()]), ..HostUpdate::default() };
        async move {
            let changed = client::hosts::update_host(host, &change).await?;
            notices.done(format!("The key of {} is confirmed.", changed.name));
            hosts.put(changed);
            on_done.run(());
            Ok(())
        }
    });
    let error = action_error(confirm);
    view! {
        <Load resource=scan what="the host's key" let:scan>
            {
                let found = finding(&scan);
                let line = scan.offered.line.clone();
                let (text, verb) = match found {
                    Finding::New => {
                        (
                            "No key is confirmed yet. Compare the fingerprint with the one the site publishes, or ask its administrators; then confirm it.",
                            Some("Confirm this key"),
                        )
                    }
                    Finding::Same => ("The host shows a key that is confirmed. All is well.", None),
                    Finding::Changed => {
                        (
                            "The host shows another key than the confirmed one, and nothing is sent to it. Either the site has changed its key, or somebody stands between. Ask the site's administrators over another channel before you replace it.",
                            Some("Replace the confirmed key"),
                        )
                    }
                };
                view! {
                    <p>{text}</p>
                    <div class="key-compare">
                        <KeyCard title="The host shows now" keys=vec![scan.offered] finding=found />
                        <KeyCard title="Confirmed before" keys=scan.confirmed finding=found />
                    </div>
                    {move || error.get().map(|error| view! { <ProblemBox error=error /> })}
                    <footer class="dialog-footer">
                        <Button on_press=move |()| on_done.run(())>"Close"</Button>
                        {verb
                            .map(|verb| {
                                let line = line.clone();
                                let kind = if found == Finding::Changed { ButtonKind::Danger } else { ButtonKind::Primary };
                                view! {
                                    <Button
                                        kind=kind
                                        busy=confirm.pending()
                                        on_press=move |()| {
                                            confirm.dispatch(line.clone());
                                        }
                                    >
                                        {verb}
                                    </Button>
                                }
                            })}
                    </footer>
                }
            }
        </Load>
    }
}

#[component]
fn KeyCard(title: &'static str, keys: Vec<HostKey>, finding: Finding) -> impl IntoView {
    let (tone, shape, word) = match finding {
        Finding::New => (Tone::Warning, Shape::Question, "New"),
        Finding::Same => (Tone::Good, Shape::Check, "The same"),
        Finding::Changed => (Tone::Bad, Shape::Warning, "They differ"),
    };
    let is_empty = keys.is_empty();
    let keys = keys
        .into_iter()
        .map(|key| {
            let algorithm = algorithm(&key);
            view! {
                <div>
                    <p class="muted">{algorithm}</p>
                    <p><code>{key.fingerprint}</code></p>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="key-card" data-tone=tone.as_str()>
            <h3>{title}</h3>
            {if is_empty {
                view! { <p class="muted">"none"</p> }.into_any()
            } else {
                view! {
                    {keys}
                    <p><Badge tone=tone shape=shape text=word /></p>
                }
                    .into_any()
            }}
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(is_confirmed: bool, confirmed: &[&str]) -> HostKeyScan {
        let key = |line: &str| HostKey { line: line.to_owned(), fingerprint: "SHA256:x".to_owned() };
        HostKeyScan {
            offered: key("ssh-ed25519 AAAA"),
            is_confirmed,
            confirmed: confirmed.iter().map(|line| key(line)).collect(),
        }
    }

    #[test]
    fn a_key_is_new_known_or_changed() {
        assert_eq!(finding(&scan(false, &[])), Finding::New);
        assert_eq!(finding(&scan(true, &["ssh-ed25519 AAAA"])), Finding::Same);
        assert_eq!(finding(&scan(false, &["ssh-ed25519 BBBB"])), Finding::Changed);
        assert_eq!(algorithm(&scan(false, &[]).offered), "ssh-ed25519");
    }
}
