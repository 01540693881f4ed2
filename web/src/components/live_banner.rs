//! Says that what is shown follows the server, and when it has stopped to.

use leptos::prelude::*;

use crate::state::{CurrentUser, Live, LiveState};
use crate::ui::{Badge, Icon, Shape, Time, Tone};

/// Beside the name of the place, while events come.
#[component]
pub(crate) fn LiveMark() -> impl IntoView {
    let live = Live::of_page();
    let is_live = Memo::new(move |_| live.state() == LiveState::Live);
    move || is_live.get().then(|| view! { <Badge tone=Tone::Good shape=Shape::Check text="Live" /> })
}

/// Appears only while events do not come.
#[component]
pub(crate) fn LiveBanner() -> impl IntoView {
    let live = Live::of_page();
    let user = CurrentUser::of_page();
    let since = Memo::new(move |_| match live.state() {
        LiveState::NotLiveSince(since) if user.is_signed_in() => Some(since),
        LiveState::NotLiveSince(_) | LiveState::Connecting | LiveState::Live => None,
    });
    view! {
        <div class="live-banner" role="status">
            {move || {
                since
                    .get()
                    .map(|since| {
                        view! {
                            <p>
                                <Icon shape=Shape::Warning />
                                <span>
                                    "Not live since "<Time at=since is_absolute=true />
                                    ": the connection to the server is cut. Trying again; what you see may be old."
                                </span>
                            </p>
                        }
                    })
            }}
        </div>
    }
}
