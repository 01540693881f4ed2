//! Where an application stands.

use leptos::prelude::*;
use pbsweb_shared::api::applications::{Application, ApplicationHost};

use crate::state::Hosts;
use crate::ui::{Columns, EmptyState, Panel, Table, Time, format};

/// The beginning of a digest: enough for a person to tell two apart.
pub(super) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Whether the hosts hold the same source, in a sentence; nothing to say about one alone.
fn agreement(hosts: &[ApplicationHost]) -> Option<&'static str> {
    let (first, rest) = hosts.split_first()?;
    if rest.is_empty() {
        None
    } else if rest.iter().all(|place| place.digest == first.digest) {
        Some("The same source on every host.")
    } else {
        Some("The hosts hold different versions of the source.")
    }
}

/// The panel.
#[component]
pub(super) fn Places(
    /// The application.
    application: Signal<Option<Application>>,
) -> impl IntoView {
    let hosts = Hosts::of_page();
    let places =
        Memo::new(move |_| application.read().as_ref().map(|known| known.hosts.clone()).unwrap_or_default());
    let lead = Signal::derive(move || agreement(&places.read()).map(str::to_owned));
    let body = move || {
        let places = places.get();
        if places.is_empty() {
            return view! {
                <EmptyState title="On no host">
                    <p>"Upload it to a host to build it there."</p>
                </EmptyState>
            }
            .into_any();
        }
        let rows = places
            .into_iter()
            .map(|place| {
                let host = place.host;
                let n_bytes = u64::try_from(place.n_bytes).unwrap_or_default();
                let digest = short_digest(&place.digest).to_owned();
                view! {
                    <tr>
                        <th scope="row" data-label="Host">{move || hosts.name(host)}</th>
                        <td data-label="Folder"><code>{place.folder}</code></td>
                        <td data-label="Size">
                            <span>
                                {format::bytes(n_bytes)}
                                <span class="muted">", "{place.n_entries}" entries"</span>
                            </span>
                        </td>
                        <td data-label="Content"><code title=place.digest>{digest}</code></td>
                        <td data-label="Uploaded"><Time at=place.uploaded_at /></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Table caption="Where the application stands" stacks=true>
                <Columns names=["Host", "Folder", "Size", "Content (SHA-256)", "Uploaded"] />
                <tbody>{rows}</tbody>
            </Table>
        }
        .into_any()
    };
    view! { <Panel title="Where it stands" lead=lead>{body}</Panel> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_cut_for_people() {
        assert_eq!(short_digest("0123456789abcdef"), "0123456789ab");
        assert_eq!(short_digest("ab"), "ab");
    }
}
