//! Light or dark: the user's choice, kept in this browser, shown by an attribute of the document.

use leptos::prelude::*;

use crate::ui::effect;

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ThemeChoice {
    /// As the system is set.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl ThemeChoice {
    /// All choices, in the order they are offered.
    pub(crate) const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in preferences, in storage and in the document.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// In words.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Auto => "As the system",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// The choice that a stored word stands for; anything else is `Auto`.
    pub(crate) fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word).unwrap_or_default()
    }

    /// The next one, for a button that goes round.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// The theme of the page.
#[derive(Clone, Copy)]
pub(crate) struct Theme(RwSignal<ThemeChoice>);

const STORAGE_KEY: &str = "pbsweb.theme";

impl Theme {
    pub(super) fn provide() {
        let stored = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        let theme = Self(RwSignal::new(ThemeChoice::from_word(&stored.unwrap_or_default())));
        effect(move || show(theme.0.get()));
        provide_context(theme);
    }

    /// The theme of the page.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(ThemeChoice::Auto)))
    }

    /// The choice, tracked.
    pub(crate) fn choice(self) -> ThemeChoice {
        self.0.get()
    }

    /// Changes it, here and for the next visit.
    pub(crate) fn set(self, choice: ThemeChoice) {
        self.0.set(choice);
        if let Some(storage) = storage() {
            // A browser that keeps nothing still shows the choice now.
            let _ = storage.set_item(STORAGE_KEY, choice.as_str());
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn show(choice: ThemeChoice) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-theme", choice.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_others_are_auto() {
        for choice in ThemeChoice::ALL {
            assert_eq!(ThemeChoice::from_word(choice.as_str()), choice);
        }
        assert_eq!(ThemeChoice::from_word("sepia"), ThemeChoice::Auto);
    }
}
