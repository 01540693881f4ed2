//! What a command needs that works on the database: the settings, the key and the store.

use anyhow::Context as _;

use pbsweb::config::Config;
use pbsweb::secret::MasterKey;
use pbsweb::server::{Database, master_key, prepare_data_folder};
use pbsweb::store::Store;

/// An open database, migrated, with what belongs to it.
pub(super) struct Prepared {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) master_key: MasterKey,
    /// The migrations that ran.
    pub(super) migrations: Vec<String>,
    database: Database,
}

impl Prepared {
    pub(super) async fn open(config: Config) -> anyhow::Result<Self> {
        tokio::task::spawn_blocking(move || {
            prepare_data_folder(&config)?;
            let master_key = master_key(&config)?;
            let database = Database::start_or_join(&config)?;
            let store = Store::connect(database.url(), 2).context("cannot connect to the database")?;
            let migrations = store.migrate().context("cannot bring the database up to this release")?;
            Ok(Self { config, store, master_key, migrations, database })
        })
        .await
        .context("the command was interrupted")?
    }

    /// Stops a private database that was started for the command.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        let Self { database, .. } = self;
        tokio::task::spawn_blocking(move || database.stop()).await.context("the database was not stopped")
    }
}
