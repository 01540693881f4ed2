//! A TCP proxy between a server and a host that misbehaves when it is told to: it cuts, stalls and slows connections at a byte,
//! and lets nobody in for a while. What travels is encrypted, so positions are counted in bytes of a direction.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Commands.
    ToHost,
    /// Answers.
    ToServer,
}

/// What happens to the next connection that carries bytes this way: it carries `after` more of them first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mischief {
    /// The direction that is watched.
    pub way: Way,
    /// Bytes that still pass.
    pub after: usize,
    /// What then.
    pub what: Harm,
}

/// What happens to a connection at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It is closed, both ways.
    Cut,
    /// This way nothing passes for so long.
    Stall(Duration),
}

/// So many bytes pass at once while the proxy is slow.
const SLOW_PIECE: usize = 512;

/// How long each of them takes.
const SLOW_PAUSE: Duration = Duration::from_millis(30);

#[derive(Default)]
struct State {
    armed: Vec<Mischief>,
    slow_until: Option<Instant>,
    closed_until: Option<Instant>,
}

struct Shared {
    target: SocketAddr,
    state: Mutex<State>,
    /// Counts what concerns all connections: each change of `closed_until` and each cut of all.
    cuts: watch::Sender<u64>,
    changed: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, way: Way) -> Option<Mischief> {
        let armed = &mut self.state().armed;
        let position = armed.iter().position(|mischief| mischief.way == way)?;
        Some(armed.remove(position))
    }
}

/// A proxy. Its connections end with the runtime that it was started in.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens at a free port, for connections to `target`.
    ///
    /// # Errors
    /// There is no port.
    pub async fn start(target: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no port for the proxy")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            state: Mutex::default(),
            cuts: watch::Sender::new(0),
            changed: watch::Sender::new(0),
        });
        tokio::spawn(serve(Arc::clone(&shared), listener, address));
        Ok(Self { address, shared })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next connection that carries bytes this way.
    pub fn arm(&self, mischief: Mischief) {
        self.shared.state().armed.push(mischief);
    }

    /// What is armed and has not happened.
    #[must_use]
    pub fn n_armed(&self) -> usize {
        self.shared.state().armed.len()
    }

    /// Cuts every connection.
    pub fn cut_all(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// Lets bytes pass slowly for so long.
    pub fn slow(&self, time: Duration) {
        self.shared.state().slow_until = Some(Instant::now() + time);
    }

    /// Refuses new connections for so long.
    pub fn refuse(&self, time: Duration) {
        self.shared.state().closed_until = Some(Instant::now() + time);
        self.shared.changed.send_modify(|count| *count += 1);
    }

    /// Behaves from now on.
    pub fn calm(&self) {
        *self.shared.state() = State::default();
        self.shared.changed.send_modify(|count| *count += 1);
    }
}

async fn serve(shared: Arc<Shared>, listener: TcpListener, address: SocketAddr) {
    let mut changed = shared.changed.subscribe();
    let mut listener = Some(listener);
    loop {
        let closed_until = shared.state().closed_until.filter(|until| *until > Instant::now());
        if let Some(until) = closed_until {
            // Without a listener the system refuses by itself.
            listener = None;
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                _ = changed.changed() => {}
            }
            continue;
        }
        let Some(open) = &listener else {
            // Nobody else gets a port that was ours a moment ago, unless the system is out of them.
            match TcpListener::bind(address).await {
                Ok(again) => listener = Some(again),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(relay(Arc::clone(&shared), client));
                }
            }
            _ = changed.changed() => {}
        }
    }
}

async fn relay(shared: Arc<Shared>, client: TcpStream) {
    let mut cuts = shared.cuts.subscribe();
    let Ok(host) = TcpStream::connect(shared.target).await else { return };
    let (from_server, to_server) = client.into_split();
    let (from_host, to_host) = host.into_split();
    // Whichever way ends first ends the other: both sides are dropped.
    tokio::select! {
        () = carry(&shared, Way::ToHost, from_server, to_host) => {}
        () = carry(&shared, Way::ToServer, from_host, to_server) => {}
        _ = cuts.changed() => {}
    }
}

/// Carries one way, until the connection ends or is cut.
async fn carry(shared: &Shared, way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = vec![0; 16 * 1024];
    let mut mischief: Option<Mischief> = None;
    loop {
        let Ok(length) = from.read(&mut buffer).await else { return };
        let Some(mut bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else { return };
        if mischief.is_none() {
            mischief = shared.take(way);
        }
        match &mut mischief {
            Some(Mischief { after, what, .. }) if *after < bytes.len() => {
                let (first, rest) = bytes.split_at(*after);
                if pass(shared, &mut to, first).await.is_err() {
                    return;
                }
                match *what {
                    Harm::Cut => return,
                    Harm::Stall(time) => tokio::time::sleep(time).await,
                }
                bytes = rest;
                mischief = None;
            }
            Some(Mischief { after, .. }) => *after -= bytes.len(),
            None => {}
        }
        if pass(shared, &mut to, bytes).await.is_err() {
            return;
        }
    }
}

async fn pass(shared: &Shared, to: &mut OwnedWriteHalf, mut bytes: &[u8]) -> std::io::Result<()> {
    while shared.state().slow_until.is_some_and(|until| until > Instant::now()) && !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(bytes.len().min(SLOW_PIECE));
        tokio::time::sleep(SLOW_PAUSE).await;
        to.write_all(piece).await?;
        bytes = rest;
    }
    to.write_all(bytes).await
}
