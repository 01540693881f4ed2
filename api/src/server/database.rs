//! Which database: the one that was given, or a private one.

use anyhow::Context as _;

use crate::config::Config;
use crate::postgres::{PrivatePostgres, PrivatePostgresError};

/// A database that can be reached, and whose end is ours or not.
#[derive(Debug)]
pub enum Database {
    /// Somebody else's.
    Given {
        /// Its address.
        url: String,
    },
    /// Our own, with its address.
    Private {
        /// Its address.
        url: String,
        /// Ends with this value.
        server: PrivatePostgres,
    },
}

impl Database {
    /// The database of the settings; a private server is started. Blocks.
    ///
    /// # Errors
    ///
    /// When the private server cannot be started.
    pub fn start(config: &Config) -> anyhow::Result<Self> {
        match &config.database.url {
            Some(url) => Ok(Self::Given { url: url.clone() }),
            None => Ok(Self::private(PrivatePostgres::start(&config.data_folder.join("postgres"))?)),
        }
    }

    /// As `start`, for a command beside a running server: its private database is used, not started. Blocks.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub fn start_or_join(config: &Config) -> anyhow::Result<Self> {
        if config.database.url.is_some() {
            return Self::start(config);
        }
        let folder = config.data_folder.join("postgres");
        match PrivatePostgres::start(&folder) {
            Ok(server) => Ok(Self::private(server)),
            Err(PrivatePostgresError::InUse { .. }) => {
                let url = PrivatePostgres::url_of_running(&folder)
                    .context("the server is just starting or stopping; try again in a moment")?;
                Ok(Self::Given { url })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn private(server: PrivatePostgres) -> Self {
        Self::Private { url: server.url(), server }
    }

    /// Its address; it may hold a password.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::Given { url } | Self::Private { url, .. } => url,
        }
    }

    /// Whether a private server ended by itself.
    pub fn has_ended(&mut self) -> bool {
        match self {
            Self::Given { .. } => false,
            Self::Private { server, .. } => server.has_ended(),
        }
    }

    /// Starts a private server again that ended by itself. Blocks.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<(), PrivatePostgresError> {
        match self {
            Self::Given { .. } => Ok(()),
            Self::Private { server, .. } => server.restart(),
        }
    }

    /// Stops a private server. Blocks.
    pub fn stop(self) {
        match self {
            Self::Given { .. } => {}
            Self::Private { server, .. } => server.stop(),
        }
    }
}
