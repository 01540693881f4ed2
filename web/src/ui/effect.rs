//! Something that is done whenever what it looks at changes.
//!
//! Leptos' own `Effect` is compiled anew for each closure; this one is compiled once.

use leptos::prelude::*;

/// Runs soon, and again after each change of a signal that it read.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    boxed(Box::new(run));
}

fn boxed(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}

/// Has what is running now, an effect or a resource, run again when a memo changes. `track` alone would not: a memo that nobody
/// reads knows no signals, and never tells.
pub(crate) fn depend_on<T: Send + Sync + 'static>(memo: Memo<T>) {
    memo.with(|_| ());
}
