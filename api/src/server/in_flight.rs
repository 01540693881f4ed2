//! Counts requests from their first to their last byte, so that a stop can wait for exactly them.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use tokio::sync::watch;

/// The requests that are being answered now.
#[derive(Clone, Default)]
pub(super) struct InFlight(std::sync::Arc<watch::Sender<usize>>);

/// One of them, until it is dropped.
pub(super) struct Entered(InFlight);

impl InFlight {
    pub(super) fn enter(&self) -> Entered {
        self.0.send_modify(|count| *count += 1);
        Entered(self.clone())
    }

    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    pub(super) async fn wait_for_none(&self) {
        // The sender lives as long as we do, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A body that holds something until it is sent, or given up.
pub(super) struct Watched<T> {
    body: BoxBody,
    _held: T,
}

impl<T: Unpin + 'static> Watched<T> {
    pub(super) fn new(body: BoxBody, held: T) -> Self {
        Self { body, _held: held }
    }
}

impl<T: Unpin + 'static> MessageBody for Watched<T> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_the_last_body() {
        let in_flight = InFlight::default();
        in_flight.wait_for_none().await;
        let body = Watched::new(BoxBody::new("text"), in_flight.enter());
        let other = in_flight.enter();
        assert_eq!(in_flight.count(), 2);
        drop(other);
        let waiting = in_flight.clone();
        let mut waiting = Box::pin(async move { waiting.wait_for_none().await });
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut waiting).await.is_err());
        drop(body);
        waiting.await;
    }
}
