//! Buttons, and links that look like them.

use leptos::prelude::*;
use leptos_router::components::A;

/// How much a button wants to be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ButtonKind {
    /// The one thing to do here.
    Primary,
    /// One of several.
    #[default]
    Secondary,
    /// Destroys something.
    Danger,
    /// Beside other things, without a frame.
    Quiet,
}

impl ButtonKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Danger => "danger",
            Self::Quiet => "quiet",
        }
    }
}

/// A button. While `busy` it does nothing and says so; with a reason in `disabled_because` it stays focusable, so that
/// the reason can be read.
#[component]
pub(crate) fn Button(
    /// How much it wants to be pressed.
    #[prop(optional)]
    kind: ButtonKind,
    /// `button` or `submit`.
    #[prop(default = "button")]
    kind_of_action: &'static str,
    /// Its action is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Why it cannot be pressed now, if so.
    #[prop(optional, into)]
    disabled_because: MaybeProp<String>,
    /// A name for screen readers, when the text alone says too little ("Delete" what?).
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// What pressing does; a submit button leaves it to its form.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// Text, perhaps with an icon.
    children: Children,
) -> impl IntoView {
    let is_off = move || busy.get() || disabled_because.read().is_some();
    view! {
        <button
            class="button"
            type=kind_of_action
            data-kind=kind.as_str()
            aria-busy=move || busy.get().then_some("true")
            aria-disabled=move || is_off().then_some("true")
            aria-label=move || label.get()
            title=move || disabled_because.get()
            on:click=move |event| {
                if is_off() {
                    event.prevent_default();
                } else if let Some(on_press) = on_press {
                    on_press.run(());
                }
            }
        >
            {children()}
        </button>
    }
}

/// A link within the page that looks like a button.
#[component]
pub(crate) fn LinkButton(
    /// Where it leads; from `paths`.
    #[prop(into)]
    href: Signal<String>,
    /// How much it wants to be followed.
    #[prop(optional)]
    kind: ButtonKind,
    /// Text, perhaps with an icon.
    children: Children,
) -> impl IntoView {
    view! {
        // The router may ask once more when the link, and with it the signal, is gone.
        <A href=move || href.try_get().unwrap_or_default() attr:class="button" attr:data-kind=kind.as_str()>
            {children()}
        </A>
    }
}
