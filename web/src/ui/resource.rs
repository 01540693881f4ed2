//! Something that is read from the server: `None` while it is on its way, the old answer while it is read again.
//!
//! It has the face of Leptos' own `LocalResource`, without what that one has for pages drawn by a server: several times less to
//! download for each type that is read.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use leptos::task::spawn_local;

use super::effect;

type Running<T> = Pin<Box<dyn Future<Output = T>>>;

/// Stores what was read.
type Store = Box<dyn FnOnce()>;

/// What is read.
pub(crate) struct LocalResource<T: Send + Sync + 'static> {
    // Not a signal of its own: what a signal needs would be compiled anew for each type.
    value: StoredValue<Option<T>>,
    changed: Trigger,
    again: Trigger,
}

impl<T: Send + Sync + 'static> Clone for LocalResource<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for LocalResource<T> {}

impl<T: Clone + Send + Sync + 'static> LocalResource<T> {
    /// Reads now, and again whenever a signal that `read` has looked at changes.
    pub(crate) fn new<F: Future<Output = T> + 'static>(read: impl Fn() -> F + 'static) -> Self {
        Self::start(Box::new(move || Box::pin(read())))
    }

    fn start(read: Box<dyn Fn() -> Running<T>>) -> Self {
        let resource = Self { value: StoredValue::new(None), changed: Trigger::new(), again: Trigger::new() };
        let read = move || resource.store(read());
        read_again(resource.again, resource.changed, Box::new(read));
        resource
    }

    fn store(self, answer: Running<T>) -> Running<Store> {
        Box::pin(async move {
            let answer = answer.await;
            let store: Store = Box::new(move || {
                self.value.try_set_value(Some(answer));
            });
            store
        })
    }

    /// The answer, tracked.
    pub(crate) fn get(self) -> Option<T> {
        self.changed.track();
        self.value.get_value()
    }

    /// The answer as it is now, by reference.
    pub(crate) fn with_untracked<U>(self, look: impl FnOnce(&Option<T>) -> U) -> U {
        self.value.with_value(look)
    }

    /// Reads it again.
    pub(crate) fn refetch(self) {
        self.again.notify();
    }
}

/// Whatever is read, this is compiled once.
fn read_again(again: Trigger, changed: Trigger, read: Box<dyn Fn() -> Running<Store>>) {
    let latest = StoredValue::new(0_u32);
    effect(move || {
        again.track();
        let turn = latest.get_value().wrapping_add(1);
        latest.set_value(turn);
        // Under the effect's owner: the request is aborted when it is made again, and when the component goes away.
        let answer = ScopedFuture::new_untracked(read());
        spawn_local(async move {
            let store = answer.await;
            if latest.try_get_value() == Some(turn) {
                store();
                changed.notify();
            }
        });
    });
}
