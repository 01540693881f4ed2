//! Something that is done when a button is pressed: whether it is under way, and what came of it.
//!
//! It has the face of Leptos' own `Action`. That one is compiled anew for each closure, input and future; here only the answer's
//! type counts, and most answers are alike: several times less to download.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;

type Running<T> = Pin<Box<dyn Future<Output = T>>>;
type Start<I, T> = Box<dyn Fn(&I) -> Running<T>>;

/// An action with an input and an answer.
pub(crate) struct Action<I: 'static, T: Send + Sync + 'static> {
    start: StoredValue<Start<I, T>, LocalStorage>,
    value: RwSignal<Option<T>>,
    pending: RwSignal<bool>,
}

impl<I: 'static, T: Send + Sync + 'static> Clone for Action<I, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I: 'static, T: Send + Sync + 'static> Copy for Action<I, T> {}

impl<I: 'static, T: Clone + Send + Sync + 'static> Action<I, T> {
    /// What is done with an input.
    pub(crate) fn new_local<F: Future<Output = T> + 'static>(start: impl Fn(&I) -> F + 'static) -> Self {
        let start: Start<I, T> = Box::new(move |input| Box::pin(start(input)));
        Self {
            start: StoredValue::new_local(start),
            value: RwSignal::new(None),
            pending: RwSignal::new(false),
        }
    }

    /// Does it. It goes on when the component that asked is gone: the user meant it.
    pub(crate) fn dispatch(self, input: I) {
        if let Some(running) = self.start.try_with_value(|start| start(&input)) {
            self.pending.set(true);
            keep(running, self.value, self.pending);
        }
    }

    /// It is under way, tracked.
    pub(crate) fn pending(self) -> Signal<bool> {
        self.pending.into()
    }

    /// The latest answer, tracked.
    pub(crate) fn value(self) -> Signal<Option<T>> {
        self.value.into()
    }
}

fn keep<T: Send + Sync + 'static>(running: Running<T>, value: RwSignal<Option<T>>, pending: RwSignal<bool>) {
    spawn_local(async move {
        let answer = running.await;
        // The page may be gone by now.
        value.try_set(Some(answer));
        pending.try_set(false);
    });
}
