//! What is being loaded, failed to load, or is there: one place for the three.

use leptos::prelude::*;
use pbsweb_shared::problem::ProblemCode;

use super::{LocalResource, ProblemBox, Spinner};
use crate::client::Answer;

/// Whether it turned out not to exist, or not to be the user's to see.
pub(crate) fn is_missing<T: Clone + Send + Sync + 'static>(resource: LocalResource<Answer<T>>) -> Memo<bool> {
    Memo::new(move |_| {
        let failure = resource.get().and_then(Result::err);
        failure.is_some_and(|error| error.code() == Some(ProblemCode::NotFound))
    })
}

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
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
    F: Fn(T) -> V + Send + Sync + 'static,
{
    let draw = move || resource.get().map(|answer| answer.map(|value| children(value).into_any()));
    either(Box::new(draw), what, Callback::new(move |()| resource.refetch()))
}

type Draw = Box<dyn Fn() -> Option<Answer<AnyView>> + Send + Sync>;

fn either(draw: Draw, what: &'static str, retry: Callback<()>) -> impl IntoView {
    move || match draw() {
        None => view! { <Spinner what=format!("Loading {what}") /> }.into_any(),
        Some(Ok(view)) => view,
        Some(Err(error)) => view! { <ProblemBox error=error retry=retry /> }.into_any(),
    }
}
