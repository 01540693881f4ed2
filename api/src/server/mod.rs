//! The life of the server: settings in, database and key ready, listening, and a stop that loses nothing.
//!
//! Here are TLS, the listening socket, what every request passes through (its id, its log line, its headers), and the
//! order of start and stop. What a request means is `routes`; what runs beside requests is `App`.

pub mod request_id;

mod database;
mod files;
mod headers;
mod in_flight;
mod tls;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::Data;
use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

pub use database::Database;
pub use files::{master_key, prepare_data_folder};

use crate::app::App;
use crate::config::Config;
use crate::store::Store;
use in_flight::InFlight;

/// A server that answers.
pub struct RunningServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its requests share.
    pub app: Arc<App>,
    database: Database,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    in_flight: InFlight,
    scheme: &'static str,
    stop_timeout: Duration,
}

/// Runs the server until it is told to stop by SIGTERM or SIGINT. A second signal ends it at once.
///
/// # Errors
///
/// When it cannot start, or what it needs ends under it.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    crate::telemetry::start(&config.log)?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let public_address = config.site.public_address.clone();
    let mut running = tokio::select! {
        started = start(config) => started?,
        // Nothing is open yet that a stop would have to close, except a database that minds itself.
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    println!("PBSWeb listens on {}", running.base_url());
    if let Some(address) = public_address {
        tracing::info!("people reach it at {address}");
    }

    let ended = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        ended = running.wait_for_failure() => Some(ended),
    };
    tracing::info!("stopping");
    tokio::select! {
        () = running.stop() => {}
        _ = terminate.recv() => tracing::warn!("stopped at once"),
        _ = interrupt.recv() => tracing::warn!("stopped at once"),
    }
    match ended {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Starts a server and leaves it running; for `serve`, and for tests in one process (port 0, TLS as the settings say).
///
/// # Errors
///
/// When the database, the key, the certificate or the socket cannot be had.
pub async fn start(config: Config) -> anyhow::Result<RunningServer> {
    // Fails when a test in this process did it before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (config, database, store, master_key) = tokio::task::spawn_blocking(move || {
        prepare_data_folder(&config)?;
        let master_key = master_key(&config)?;
        let database = Database::start(&config)?;
        let store = Store::connect(database.url(), config.database.max_connections)
            .context("cannot connect to the database")?;
        for migration in store.migrate().context("cannot bring the database up to this release")? {
            tracing::info!("migration {migration} done");
        }
        anyhow::Ok((config, database, store, master_key))
    })
    .await
    .context("the start was interrupted")??;

    let tls = if config.http.tls.is_enabled { Some(tls::server_config(&config)?) } else { None };
    let listen = config.http.listen;
    let listener = TcpListener::bind(listen)
        .with_context(|| format!("cannot listen on {listen} (http.listen, PBSWEB_HTTP_LISTEN)"))?;
    let address = listener.local_addr().context("the socket has no address")?;
    if !crate::page::is_built() {
        tracing::warn!("this binary was built without its page; only the API answers");
    }

    let stop_timeout = config.http.stop_timeout;
    let workers = config.http.workers;
    let max_body_bytes = config.http.max_body_bytes;
    // A certificate of our own may be replaced by a real one, or by none: a browser must not insist.
    let is_strict = config.http.tls.certificate.is_some();
    let app = App::start(config, store, master_key).await?;
    let in_flight = InFlight::default();
    let shared = (Data::new(Arc::clone(&app)), in_flight.clone());
    let server = HttpServer::new(move || {
        let (app, in_flight) = shared.clone();
        actix_web::App::new()
            .app_data(app)
            .app_data(in_flight)
            .app_data(headers::Strictness { is_strict })
            // Outermost last: id and log line, then headers, then compression.
            .wrap(from_fn(headers::leave_streams_alone))
            .wrap(Compress::default())
            .wrap(from_fn(headers::put_headers))
            .wrap(from_fn(request_id::identify_and_log))
            .configure(|routes| crate::routes::configure(routes, max_body_bytes))
            .configure(crate::page::configure)
    })
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(stop_timeout.as_secs().max(1))
    .client_request_timeout(Duration::from_secs(15));
    let (server, scheme) = match tls {
        Some(tls) => (server.listen_rustls_0_23(listener, tls), "https"),
        None => (server.listen(listener), "http"),
    };
    let server = server.context("cannot listen")?.run();
    let handle = server.handle();
    let server = tokio::spawn(server);
    Ok(RunningServer { address, app, database, handle, server, in_flight, scheme, stop_timeout })
}

impl RunningServer {
    /// The address to give to a client on this machine.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Waits until something ends that should not.
    async fn wait_for_failure(&mut self) -> anyhow::Error {
        /// A database that ends again so soon after a restart will go on doing so.
        const HOLDS: Duration = Duration::from_secs(10);
        let mut restarted_at: Option<Instant> = None;
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                ended = &mut self.server => {
                    return match ended {
                        Ok(Ok(())) => anyhow::anyhow!("the HTTP server ended"),
                        Ok(Err(error)) => anyhow::Error::new(error).context("the HTTP server ended"),
                        Err(error) => anyhow::Error::new(error).context("the HTTP server failed"),
                    };
                }
                _ = clock.tick() => {
                    if !self.database.has_ended() {
                        continue;
                    }
                    if restarted_at.is_some_and(|at| at.elapsed() < HOLDS) {
                        return anyhow::anyhow!(
                            "the private PostgreSQL ended again after a restart; its log is postgres/postgresql.log \
                             in the data folder"
                        );
                    }
                    tracing::warn!("the private PostgreSQL ended; it is started again");
                    if let Err(error) = tokio::task::block_in_place(|| self.database.restart()) {
                        return anyhow::Error::new(error)
                            .context("the private PostgreSQL ended and cannot be started again");
                    }
                    restarted_at = Some(Instant::now());
                }
            }
        }
    }

    /// Stops: no new connections, requests under way are finished (streams are told to end), background tasks end, the
    /// database is closed.
    pub async fn stop(self) {
        self.handle.pause().await;
        self.app.stopping.cancel();
        // Actix would wait for idle keep-alive connections too; ours are counted by request.
        if tokio::time::timeout(self.stop_timeout, self.in_flight.wait_for_none()).await.is_err() {
            tracing::warn!(requests = self.in_flight.count(), "requests are cut off");
        }
        self.handle.stop(false).await;
        self.app.stop(self.stop_timeout).await;
        let database = self.database;
        drop(self.app);
        if tokio::task::spawn_blocking(move || database.stop()).await.is_err() {
            tracing::error!("the database was not stopped");
        }
        tracing::info!("stopped");
    }
}

#[cfg(test)]
mod tests;
