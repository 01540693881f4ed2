//! The running server: what every request and every background task share, and their life and end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::Utc;
use pbsweb_shared::ids::{HostId, SessionId, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::events::Hub;
use crate::poller::Pollers;
use crate::replica::{self, Replica};
use crate::secret::MasterKey;
use crate::services::accounts::Identities;
use crate::services::builds::Builds;
use crate::services::jobs::Tails;
use crate::services::sessions::{SignIns, Tokens};
use crate::services::steering::Pace;
use crate::services::submission::Attending;
use crate::store::Store;
use crate::store::deployment::{Deployment, arrive};
use crate::store::host_views::{HostView, view_hosts};
use crate::store::sessions::{AliveSession, find_alive_sessions};
use crate::store::together::Together;
use crate::transport::Transport;

/// What every request and every background task share.
pub struct App {
    /// The settings, read once at the start.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// Which PBSWeb this is, and whether its database was restored.
    pub deployment: Deployment,
    /// This server among those on the database.
    pub replica: Replica,
    /// The way to the hosts.
    pub transport: Transport,
    /// Encrypts what must not be readable in the database.
    pub master_key: MasterKey,
    /// Signs and checks session tokens.
    pub tokens: Tokens,
    /// Tells which sessions may be used.
    pub alive_sessions: Together<(UserId, SessionId), AliveSession>,
    /// Tells how users see hosts.
    pub host_views: Together<(HostId, UserId), Arc<HostView>>,
    /// Guards sign-ins against guessing.
    pub sign_ins: SignIns,
    /// Opened private keys of the users whose hosts are being talked to.
    pub identities: Identities,
    /// Feeds the event streams.
    pub hub: Hub,
    /// A poller for each host that this server watches, and what all hosts said last.
    pub pollers: Pollers,
    /// The submissions that this server is at.
    pub attending: Attending,
    /// Follows the builds that run.
    pub builds: Builds,
    /// Reads the outputs that are followed.
    pub tails: Tails,
    /// How fast hosts are asked to steer jobs.
    pub steering: Pace,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    /// Told to everybody when the server stops.
    pub stopping: CancellationToken,
}

impl App {
    /// Starts the background tasks: the heartbeat, with it the pollers, the hub, the followers of builds, the reconcilers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(config: Config, store: Store, master_key: MasterKey) -> anyhow::Result<Arc<Self>> {
        let transport = Transport::new(config.ssh.transport_settings());
        let tokens = Tokens::new(&master_key, &config.sessions);
        let sign_ins = SignIns::new(&config.sessions);
        let steering = Pace::new(config.steering.max_connections_per_minute);
        let deployment = store.query(arrive).await.context("the database cannot be read")?;
        if let Some(restored_at) = deployment.restored_at {
            tracing::info!(%restored_at, "the database was restored: hosts are searched for what was submitted since");
        }
        let replica = Replica::join(&store).await.context("the database cannot be written")?;
        let (bell, heard) = store.listen();
        let alive_sessions =
            Together::new(&store, |connection, asked| find_alive_sessions(connection, asked, Utc::now()));
        let host_views = Together::new(&store, view_hosts);
        let app = Arc::new(Self {
            config,
            store,
            deployment,
            replica,
            transport,
            master_key,
            tokens,
            alive_sessions,
            host_views,
            sign_ins,
            identities: Identities::new(),
            hub: Hub::new(),
            pollers: Pollers::new(bell.clone()),
            attending: Attending::default(),
            builds: Builds::new(bell),
            tails: Tails::default(),
            steering,
            tasks: TaskTracker::new(),
            runtime: tokio::runtime::Handle::current(),
            stopping: CancellationToken::new(),
        });
        let (hub, store, stop) = (app.hub.clone(), app.store.clone(), app.stopping.clone());
        app.spawn(async move {
            if let Err(error) = hub.run(store, stop).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the event hub ended");
            }
        });
        replica::start(&app, heard);
        crate::services::builds::start_followers(&app);
        crate::services::submission::start_reconciler(&app);
        crate::services::steering::start_reconciler(&app);
        crate::services::submission::start_search(&app);
        Ok(app)
    }

    /// Starts a background task that outlives the request it comes from: a request's own runtime ends with its worker. The
    /// task is waited for when the server stops.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn_on(task, &self.runtime)
    }

    /// Does something now and again each `period`, one time after the other, until the server stops.
    pub fn every<F, W>(self: &Arc<Self>, period: Duration, work: W)
    where
        F: Future<Output = ()> + Send,
        W: Fn(Arc<Self>) -> F + Send + 'static,
    {
        let app = Arc::clone(self);
        self.spawn(async move {
            let mut ticks = tokio::time::interval(period);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = app.stopping.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                work(Arc::clone(&app)).await;
            }
        });
    }

    /// Runs a task to its end even when the request that waits for it is given up, because its client went away: for what
    /// has an effect on a host that must be recorded.
    pub async fn complete<F>(&self, task: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.spawn(task).await {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and with it whoever waits.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Background tasks that are under way.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Ends the background tasks and closes the connections to hosts. What is not done after `patience` is left to the other
    /// servers, or to the next start.
    pub async fn stop(&self, patience: std::time::Duration) {
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "background tasks did not end in time");
        }
        replica::stop(self).await;
        if tokio::time::timeout(patience, self.transport.shutdown()).await.is_err() {
            tracing::warn!("connections to hosts did not end in time");
        }
    }
}
