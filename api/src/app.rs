//! The running server: what every request and every background task share, and their life and end.

use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::events::Hub;
use crate::poller::Pollers;
use crate::secret::MasterKey;
use crate::services::accounts::Identities;
use crate::services::builds::Builds;
use crate::services::sessions::{SignIns, Tokens};
use crate::services::steering::Pace;
use crate::store::Store;
use crate::transport::Transport;

/// What every request and every background task share.
pub struct App {
    /// The settings, read once at the start.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The way to the hosts.
    pub transport: Transport,
    /// Encrypts what must not be readable in the database.
    pub master_key: MasterKey,
    /// Signs and checks session tokens.
    pub tokens: Tokens,
    /// Guards sign-ins against guessing.
    pub sign_ins: SignIns,
    /// Opened private keys of the users whose hosts are being talked to.
    pub identities: Identities,
    /// Feeds the event streams.
    pub hub: Hub,
    /// One poller for each host.
    pub pollers: Pollers,
    /// Follows the builds that run.
    pub builds: Builds,
    /// How fast hosts are asked to steer jobs.
    pub steering: Pace,
    tasks: TaskTracker,
    runtime: tokio::runtime::Handle,
    /// Told to everybody when the server stops.
    pub stopping: CancellationToken,
}

impl App {
    /// Starts the background tasks: the hub, a poller for each host, the followers of builds, the reconcilers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(config: Config, store: Store, master_key: MasterKey) -> anyhow::Result<Arc<Self>> {
        let transport = Transport::new(config.ssh.transport_settings());
        let tokens = Tokens::new(&master_key, &config.sessions);
        let sign_ins = SignIns::new(&config.sessions);
        let steering = Pace::new(config.steering.max_connections_per_minute);
        let app = Arc::new(Self {
            config,
            store,
            transport,
            master_key,
            tokens,
            sign_ins,
            identities: Identities::new(),
            hub: Hub::new(),
            pollers: Pollers::new(),
            builds: Builds::new(),
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
        crate::poller::start_all(&app).await.context("the hosts could not be read")?;
        crate::services::builds::follow_open_builds(&app)
            .await
            .context("the open builds could not be read")?;
        crate::services::submission::start_reconciler(&app);
        crate::services::steering::start_reconciler(&app);
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

    /// Ends the background tasks and closes the connections to hosts. What was under way is left for the reconciler of
    /// the next start.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.transport.shutdown().await;
    }
}
