//! One test's world: a database, a simulated host, and a server that knows both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pbsweb::app::App;
use pbsweb::config::Config;
use pbsweb::services::users::create_user_by_command;
use pbsweb_shared::api::accounts::AccountPolicy;
use pbsweb_shared::api::hosts::{Host, HostCreate};
use pbsweb_shared::api::users::UserCreate;
use pbsweb_sim::{SimConfig, SimHost};
use serde_json::json;
use tempfile::TempDir;

use crate::client::Client;
use crate::database::{fresh_database, open_to_others};
use crate::server::{Frozen, Server};
use crate::user::{PASSWORD, User};

/// What may differ from test to test.
pub struct Setup {
    /// The server's settings.
    pub config: Config,
    /// The simulated host.
    pub sim: SimConfig,
}

/// One test's world. Dropped, it stops.
pub struct TestApp {
    /// Nobody's client.
    pub client: Client,
    /// The administrator.
    pub admin: User,
    /// The simulated host.
    pub sim: SimHost,
    /// The row of the simulated host.
    pub host: Host,
    config: Config,
    server: Option<Server>,
    folder: TempDir,
}

impl TestApp {
    /// A server with an administrator, and the simulated host `cluster`.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// As `start`, with changes.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        show_logs();
        let folder = tempfile::Builder::new().prefix("pbsweb-").tempdir().unwrap();
        open_to_others(folder.path());
        let database = tokio::task::spawn_blocking(fresh_database).await.unwrap();
        let mut sim = SimConfig::new(folder.path().join("cluster"));
        sim.kill_delay = Duration::from_millis(500);
        sim.undelivered_delay = Duration::from_millis(200);
        let mut setup = Setup { config: quick_config(folder.path(), database), sim };
        change(&mut setup);
        let Setup { config, sim } = setup;
        let sim = SimHost::start(sim).unwrap_or_else(|error| panic!("the simulated host: {error:#}"));
        let server = Server::start(config.clone()).await;
        let client = client_of(&server, &config);
        let admin = first_admin(&server.app, &client).await;
        let host = admin.add_host(&host_create("cluster", &sim)).await;
        Self { client, admin, sim, host, config, server: Some(server), folder }
    }

    /// The running server's inside: for the database, and for what no request can do.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn inside(&self) -> &Arc<App> {
        &self.server.as_ref().expect("the server was stopped").app
    }

    /// A folder of this test.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Creates an account and signs in.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn sign_up(&self, name: &str) -> User {
        let body = json!({ "user_name": name, "password": PASSWORD });
        let _ = self.client.post("/accounts", &body).await.expect(201);
        User::sign_in(&self.client, name, PASSWORD, self.host.id).await
    }

    /// A user whose key is installed on the simulated host, under the same name there, and checked.
    ///
    /// # Panics
    /// When the check finds something wrong.
    pub async fn ready_user(&self, name: &str) -> User {
        let user = self.sign_up(name).await;
        self.make_ready(&user, "/bin/bash").await;
        user
    }

    /// Gives a user an account with this login shell on the simulated host, and checks it.
    ///
    /// # Panics
    /// When the check finds something wrong.
    pub async fn make_ready(&self, user: &User, shell: &str) {
        let line = user.key_line().await;
        self.sim.add_account(&user.name, Some(&line), shell).unwrap();
        user.put_account(self.host.id, &user.name).await;
        user.check_well(self.host.id).await;
    }

    /// Stops the server as SIGTERM does.
    ///
    /// # Panics
    /// When it was stopped before.
    pub async fn stop_server(&mut self) {
        self.server.take().expect("the server was stopped").stop().await;
    }

    /// Ends the server between two steps, as a crash would.
    ///
    /// # Panics
    /// When it was stopped before.
    pub fn crash_server(&mut self) {
        self.server.take().expect("the server was stopped").crash();
    }

    /// Starts a server on the same database; users' clients know it after [`User::moved_to`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_server(&mut self) {
        let server = Server::start(self.config.clone()).await;
        self.client = client_of(&server, &self.config);
        self.server = Some(server);
    }

    /// The address of the database.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.config.database.url.as_deref().expect("a test's database is given")
    }

    /// The next server that is started has another database.
    pub fn set_database(&mut self, url: &str) {
        self.config.database.url = Some(url.to_owned());
    }

    /// Starts another server on the same database, with the same settings.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_replica(&self) -> Replica {
        let server = Server::start(self.config.clone()).await;
        Replica { client: client_of(&server, &self.config), server }
    }

    /// Stops the work of the server's threads, as a machine does that is out of memory, until it is thawed.
    ///
    /// # Panics
    /// When it was stopped.
    #[must_use]
    pub fn freeze_server(&self) -> Frozen {
        self.server.as_ref().expect("the server was stopped").freeze()
    }

    /// Another client of the server, with connections of its own.
    ///
    /// # Panics
    /// When the server was stopped.
    #[must_use]
    pub fn another_client(&self) -> Client {
        client_of(self.server.as_ref().expect("the server was stopped"), &self.config)
    }

    /// The same signed-in user at the server that runs now.
    #[must_use]
    pub fn again(&self, user: &User) -> User {
        user.moved_to(&self.client)
    }
}

/// Another server on the same database.
pub struct Replica {
    /// Nobody's client of it.
    pub client: Client,
    server: Server,
}

impl Replica {
    /// The server's inside.
    #[must_use]
    pub fn inside(&self) -> &Arc<App> {
        &self.server.app
    }

    /// Stops it as SIGTERM does.
    pub async fn stop(self) {
        self.server.stop().await;
    }

    /// Ends it between two steps, as a crash would.
    pub fn crash(self) {
        self.server.crash();
    }
}

/// A host's row for a simulated host, its key confirmed.
#[must_use]
pub fn host_create(name: &str, sim: &SimHost) -> HostCreate {
    HostCreate {
        name: name.to_owned(),
        description: String::new(),
        address: sim.address().ip().to_string(),
        port: Some(sim.address().port()),
        jump_host: None,
        dialect: None,
        bin_folder: sim.bin_dir().display().to_string(),
        offered_queues: Vec::new(),
        keeps_output_in_place: None,
        host_keys: vec![sim.host_key_line()],
    }
}

/// The client for a server with its own certificate.
fn client_of(server: &Server, config: &Config) -> Client {
    let pem = std::fs::read(config.data_folder.join("tls/certificate.pem")).unwrap();
    Client::new(format!("https://{}", server.address), &pem)
}

async fn first_admin(app: &App, client: &Client) -> User {
    let request = UserCreate {
        user_name: "admin".to_owned(),
        display_name: String::new(),
        email: String::new(),
        password: PASSWORD.to_owned(),
        is_admin: true,
    };
    create_user_by_command(&app.config, &app.store, &app.master_key, request).await.unwrap();
    // Its host is set by whoever needs it; an administrator has no account there.
    User::sign_in(client, "admin", PASSWORD, pbsweb_shared::ids::HostId::from_uuid(uuid::Uuid::nil())).await
}

/// Quick where production is patient, strict where it counts.
fn quick_config(folder: &Path, database: String) -> Config {
    let mut config = Config { data_folder: folder.join("pbsweb"), ..Config::default() };
    config.site.account_policy = AccountPolicy::Open;
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.http.workers = 2;
    config.http.stop_timeout = Duration::from_secs(2);
    config.database.url = Some(database);
    config.database.max_connections = 6;
    // All tests come from one address.
    config.sessions.max_failed_sign_ins = 1000;
    config.ssh.connection_interval = Duration::from_millis(5);
    config.poll.interval = Duration::from_millis(250);
    config.poll.idle_interval = Duration::from_secs(1);
    config.poll.max_listings_per_minute = 100_000;
    config.steering.max_connections_per_minute = 100_000;
    config
}

/// `PBSWEB_TEST_LOG=debug cargo test …` shows the servers' log.
fn show_logs() {
    if let Ok(filter) = std::env::var("PBSWEB_TEST_LOG") {
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    }
}
