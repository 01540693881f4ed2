//! A state in a word: text, shape and colour together, so that none of them carries it alone.

use leptos::prelude::*;

use super::{Icon, Shape};

/// The colour family of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing to see.
    Neutral,
    /// Under way.
    Active,
    /// Went well.
    Good,
    /// Worth a look.
    Warning,
    /// Went wrong.
    Bad,
}

impl Tone {
    /// The word that the style sheet knows.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Active => "active",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// A badge.
#[component]
pub(crate) fn Badge(
    /// The colour family.
    #[prop(into)]
    tone: Signal<Tone>,
    /// The shape before the text.
    #[prop(into)]
    shape: Signal<Shape>,
    /// The word.
    #[prop(into)]
    text: Signal<String>,
    /// More, shown when pointed at.
    #[prop(optional, into)]
    title: Option<String>,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=move || tone.get().as_str() title=title>
            <Icon shape=shape />
            <span>{move || text.get()}</span>
        </span>
    }
}
