//! A value that a field shows and changes, wherever it lives: a signal of its own, or a part of a draft.

use leptos::prelude::*;

/// How a field reads and writes its value.
pub(crate) struct Bind<T: Send + Sync + 'static> {
    get: Signal<T>,
    set: Callback<T>,
}

impl<T: Send + Sync + 'static> Clone for Bind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Bind<T> {}

impl<T: Clone + Send + Sync + 'static> Bind<T> {
    /// From a reading and a writing function.
    pub(crate) fn new(
        get: impl Fn() -> T + Send + Sync + 'static,
        set: impl Fn(T) + Send + Sync + 'static,
    ) -> Self {
        Self { get: Signal::derive(get), set: Callback::new(set) }
    }

    /// One field of a draft.
    pub(crate) fn part<D: Send + Sync + 'static>(
        draft: RwSignal<D>,
        get: fn(&D) -> &T,
        get_mut: fn(&mut D) -> &mut T,
    ) -> Self {
        Self::new(move || get(&draft.read()).clone(), move |value| *get_mut(&mut draft.write()) = value)
    }

    /// The value, tracked.
    pub(crate) fn get(&self) -> T {
        self.get.get()
    }

    /// Writes the value.
    pub(crate) fn set(&self, value: T) {
        self.set.run(value);
    }
}

impl<T: Clone + Send + Sync + 'static> From<RwSignal<T>> for Bind<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self::new(move || signal.get(), move |value| signal.set(value))
    }
}
