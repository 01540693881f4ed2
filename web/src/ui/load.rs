//! What is being loaded, failed to load, or is there: one place for the three.

use leptos::prelude::*;

use super::{ProblemBox, Spinner};
use crate::client::Answer;

/// Shows a loaded resource. While it is read again, what was there stays.
#[component]
pub(crate) fn Load<T, V, F>(
    /// What is loaded.
    resource: LocalResource<Answer<T>>,
    /// What is waited for, such as "jobs".
    what: &'static str,
    /// Draws it.
    children: F,
) -> impl IntoView
where
    T: Clone + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Send + Sync + 'static,
{
    move || match resource.get() {
        None => view! { <Spinner what=format!("Loading {what}") /> }.into_any(),
        Some(Ok(value)) => children(value).into_any(),
        Some(Err(error)) => {
            view! { <ProblemBox error=error retry=Callback::new(move |()| resource.refetch()) /> }.into_any()
        }
    }
}
