//! A line to a host that takes its time, as one to another town does: what is slow on it is the number of round trips.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Passes connections on to a port of this machine, every byte late, and counts bytes.
pub(crate) struct Wire {
    port: u16,
    n_bytes: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl Wire {
    /// A line to a port, with this time one way.
    pub(crate) async fn start(to: u16, one_way: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let n_bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&n_bytes);
        let serving = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, to))).await;
                let Ok(far) = far else { continue };
                let _ = near.set_nodelay(true);
                let _ = far.set_nodelay(true);
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                carry(near_read, far_write, one_way, Arc::clone(&counted));
                carry(far_read, near_write, one_way, Arc::clone(&counted));
            }
        });
        Ok(Self { port, n_bytes, serving })
    }

    /// The near end.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Bytes carried so far, both ways together.
    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Carries one direction of a connection to its end.
fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, one_way: Duration, n_bytes: Arc<AtomicU64>) {
    let (sender, mut under_way) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            n_bytes.fetch_add(length as u64, Ordering::SeqCst);
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if sender.send((Instant::now() + one_way, piece)).is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((arrives_at, piece)) = under_way.recv().await {
            tokio::time::sleep_until(arrives_at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
    });
}
