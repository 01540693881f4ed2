//! Where short messages appear and are read out.

use leptos::prelude::*;

use super::{Button, ButtonKind, For, Icon, Shape};
use crate::state::Notices;
use crate::state::notices::NoticeKind;

/// The corner of the page with the messages. It is in the page from the start, as screen readers need it to be.
#[component]
pub(crate) fn Announcer() -> impl IntoView {
    let notices = Notices::of_page();
    view! {
        <div
            class="announcer"
            role="status"
            aria-live="polite"
            on:pointerenter=move |_| notices.hold(true)
            on:pointerleave=move |_| notices.hold(false)
            on:focusin=move |_| notices.hold(true)
            on:focusout=move |_| notices.hold(false)
        >
            <For each=move || notices.shown().get() key=|notice| notice.id let:notice>
                {
                    let (kind, shape) = match notice.kind {
                        NoticeKind::Done => ("done", Shape::Check),
                        NoticeKind::Note => ("note", Shape::Dot),
                        NoticeKind::Failed => ("failed", Shape::Warning),
                    };
                    view! {
                        <div class="notice" data-kind=kind>
                            <Icon shape=shape />
                            <p>{notice.text}</p>
                            {notice
                                .undo
                                .map(|undo| {
                                    let press = move |()| {
                                        notices.dismiss(notice.id);
                                        undo();
                                    };
                                    view! { <Button on_press=press>"Undo"</Button> }
                                })}
                            <Button
                                kind=ButtonKind::Quiet
                                label="Dismiss"
                                on_press=move |()| notices.dismiss(notice.id)
                            >
                                <Icon shape=Shape::Cross />
                            </Button>
                        </div>
                    }
                }
            </For>
        </div>
    }
}
