//! The SSH server of the simulated host: what sshd does for a batch host, by russh.
//!
//! Public keys only, from `~/.ssh/authorized_keys` as it is at each sign-in; remote commands and SFTP, no terminal,
//! no forwarding. Connections can be cut and refused by [`crate::faults`].

mod exec;
mod host_key;
mod session;
mod sftp;
mod sftp_paths;

use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::Config;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

pub(crate) use host_key::load_or_create;
use session::Session;

use crate::faults::Fault;
use crate::scheduler::Scheduler;

/// What the server needs beside the scheduler.
#[derive(Debug, Clone)]
pub(crate) struct SshSettings {
    /// The folder of the scheduler's commands is on the PATH of remote commands.
    pub(crate) commands_on_path: bool,
}

/// One connection, as its remote commands see it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    /// Cuts the connection without a word.
    pub(crate) cut: CancellationToken,
}

pub(crate) fn configuration(key: PrivateKey) -> Arc<Config> {
    Arc::new(Config {
        keys: vec![key],
        // The delay of a rejection protects nothing here and costs every test of it.
        auth_rejection_time: Duration::from_millis(10),
        auth_rejection_time_initial: Some(Duration::ZERO),
        methods: russh::MethodSet::from(&[russh::MethodKind::PublicKey][..]),
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    })
}

/// Takes connections until the host stops.
pub(crate) async fn serve(
    scheduler: Arc<Scheduler>,
    listener: TcpListener,
    config: Arc<Config>,
    settings: SshSettings,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = scheduler.stopping.cancelled() => return,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if scheduler.faults.take(|f| matches!(f, Fault::ConnectionsRefused).then_some(())).is_some() {
            drop(stream);
            continue;
        }
        if scheduler.faults.take(|f| matches!(f, Fault::ConnectionsIgnored).then_some(())).is_some() {
            let scheduler = Arc::clone(&scheduler);
            tokio::spawn(async move {
                scheduler.stopping.cancelled().await;
                drop(stream);
            });
            continue;
        }
        let connection = run(Arc::clone(&scheduler), stream, client, Arc::clone(&config), settings.clone());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %client, "a connection ended");
            }
        });
    }
}

async fn run(
    scheduler: Arc<Scheduler>,
    stream: TcpStream,
    client: SocketAddr,
    config: Arc<Config>,
    settings: SshSettings,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let server = stream.local_addr()?;
    let stream = stream.into_std()?;
    let handle = stream.try_clone()?;
    let cut = scheduler.stopping.child_token();
    let link = Arc::new(Link { client, server, cut: cut.clone() });
    let session = Session::new(scheduler, link, settings);
    let running = async {
        russh::server::run_stream(config, TcpStream::from_std(stream)?, session).await?.await?;
        anyhow::Ok(())
    };
    tokio::select! {
        ended = running => ended,
        () = cut.cancelled() => {
            // Below SSH, so that the client gets no farewell.
            handle.shutdown(Shutdown::Both)?;
            Ok(())
        }
    }
}
