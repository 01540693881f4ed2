//! The signed-in user's preferences; forms start with them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use pbsweb_shared::api::me::Preferences;

use super::{CurrentUser, Theme, ThemeChoice};
use crate::client;
use crate::ui::effect;

/// The preferences, once they are loaded.
#[derive(Clone, Copy)]
pub(crate) struct OwnPreferences(RwSignal<Option<Preferences>>);

impl OwnPreferences {
    pub(super) fn provide(user: CurrentUser) {
        let preferences = Self(RwSignal::new(None));
        let theme = Theme::of_page();
        let user_id = Memo::new(move |_| user.me().map(|me| me.id));
        effect(move || {
            let is_signed_in = user_id.get().is_some();
            preferences.0.set(None);
            if is_signed_in {
                spawn_local(async move {
                    // Without them forms start empty; the settings page shows the error.
                    if let Ok(loaded) = client::me::get_preferences().await {
                        if !loaded.theme.is_empty() {
                            theme.set(ThemeChoice::from_word(&loaded.theme));
                        }
                        preferences.0.set(Some(loaded));
                    }
                });
            }
        });
        provide_context(preferences);
    }

    /// The preferences of the page's user.
    pub(crate) fn of_page() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(None)))
    }

    /// The preferences, tracked; the default ones until they are loaded.
    pub(crate) fn get(self) -> Preferences {
        self.0.get().unwrap_or_default()
    }

    /// They have come from the server, tracked.
    pub(crate) fn is_loaded(self) -> bool {
        self.0.with(Option::is_some)
    }

    /// After they were stored.
    pub(crate) fn set(self, preferences: Preferences) {
        self.0.set(Some(preferences));
    }
}
