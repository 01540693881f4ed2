//! One struct per concern. Each field says its variable and its default.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use pbsweb_shared::api::accounts::AccountPolicy;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{byte_size, duration, optional_url};
use crate::transport::TransportSettings;

/// All settings. `Config::default()` is what a start without file and environment gives, except for the data
/// folder, which follows the environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the site calls itself and whom it lets in.
    pub site: SiteConfig,
    /// The address to listen on.
    pub http: HttpConfig,
    /// PostgreSQL.
    pub database: DatabaseConfig,
    /// Where the server keeps what is not in the database: keys and the private database. `PBSWEB_DATA_FOLDER`;
    /// `/var/lib/pbsweb` for root, else `$XDG_DATA_HOME/pbsweb` (`~/.local/share/pbsweb`).
    pub data_folder: PathBuf,
    /// The file with the master key, when it is kept apart from the data (a mounted secret, say). It must exist.
    /// `PBSWEB_MASTER_KEY_FILE`; none: `master.key` in the data folder, made at the first start.
    pub master_key_file: Option<PathBuf>,
    /// Sign-ins.
    pub sessions: SessionConfig,
    /// Uploads.
    pub upload: UploadConfig,
    /// Builds.
    pub build: BuildConfig,
    /// Connections to hosts.
    pub ssh: SshConfig,
    /// Listings of the schedulers.
    pub poll: PollConfig,
    /// Actions on jobs.
    pub steering: SteeringConfig,
    /// The log.
    pub log: LogConfig,
}

/// The site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// Shown beside "PBSWeb". `PBSWEB_SITE_NAME`; "Computing".
    pub name: String,
    /// Who may create an account: `open` or `closed`. `PBSWEB_SITE_ACCOUNT_POLICY`; closed.
    pub account_policy: AccountPolicy,
    /// The address people type, when it is not the one listened on. `PBSWEB_SITE_PUBLIC_ADDRESS`; none.
    #[serde(with = "optional_url")]
    pub public_address: Option<Url>,
    /// From where PBSWeb connects to hosts, for `from="…"` in the line for `authorized_keys`.
    /// `PBSWEB_SITE_SSH_FROM`; none: the line has no `from`.
    pub ssh_from: Option<String>,
}

/// The address to listen on, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// `PBSWEB_HTTP_LISTEN`; 127.0.0.1:8443. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate.
    pub tls: TlsConfig,
    /// Threads that answer requests. `PBSWEB_HTTP_WORKERS`; as many as processors, at most 8.
    pub workers: usize,
    /// Largest request body except an upload. `PBSWEB_HTTP_MAX_BODY_BYTES`; 2 MiB.
    #[serde(with = "byte_size")]
    pub max_body_bytes: usize,
    /// How long a stop waits for requests to finish. `PBSWEB_HTTP_STOP_TIMEOUT`; 10s.
    #[serde(with = "duration")]
    pub stop_timeout: Duration,
}

/// TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// False only behind a balancer on the same machine. `PBSWEB_HTTP_TLS_IS_ENABLED`; true.
    pub is_enabled: bool,
    /// The certificate chain, PEM. `PBSWEB_HTTP_TLS_CERTIFICATE`; none: one signed by itself is made.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM. `PBSWEB_HTTP_TLS_KEY`; none.
    pub key: Option<PathBuf>,
}

/// PostgreSQL.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `PBSWEB_DATABASE_URL` or `DATABASE_URL`; none: a private server in the data folder.
    pub url: Option<String>,
    /// Connections kept in the pool. `PBSWEB_DATABASE_MAX_CONNECTIONS`; 16.
    pub max_connections: u32,
}

/// The address may hold a password.
impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("max_connections", &self.max_connections)
            .finish()
    }
}

/// Sign-ins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionConfig {
    /// How long a sign-in lasts. `PBSWEB_SESSIONS_LIFETIME`; 12h.
    #[serde(with = "duration")]
    pub lifetime: Duration,
    /// The longest an API token may last. `PBSWEB_SESSIONS_MAX_TOKEN_LIFETIME`; 366d.
    #[serde(with = "duration")]
    pub max_token_lifetime: Duration,
    /// Fewest characters of a password. `PBSWEB_SESSIONS_MIN_PASSWORD_LENGTH`; 10.
    pub min_password_length: u32,
    /// Wrong passwords for one name, or from one address, before further tries must wait.
    /// `PBSWEB_SESSIONS_MAX_FAILED_SIGN_INS`; 10.
    pub max_failed_sign_ins: u32,
    /// The time in which wrong passwords are counted. `PBSWEB_SESSIONS_FAILED_SIGN_IN_WINDOW`; 10m.
    #[serde(with = "duration")]
    pub failed_sign_in_window: Duration,
}

/// Uploads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadConfig {
    /// Largest archive. `PBSWEB_UPLOAD_MAX_ARCHIVE_BYTES`; 2 GiB.
    #[serde(with = "byte_size")]
    pub max_archive_bytes: u64,
    /// Largest sum of the files in an archive. `PBSWEB_UPLOAD_MAX_UNPACKED_BYTES`; 16 GiB.
    #[serde(with = "byte_size")]
    pub max_unpacked_bytes: u64,
    /// Most entries of an archive. `PBSWEB_UPLOAD_MAX_ENTRIES`; 200000.
    pub max_entries: u64,
}

/// Builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildConfig {
    /// A build that runs longer is ended. `PBSWEB_BUILD_MAX_DURATION`; 2h.
    #[serde(with = "duration")]
    pub max_duration: Duration,
    /// Output kept of one build; what comes after is counted and dropped. `PBSWEB_BUILD_MAX_OUTPUT_BYTES`; 32 MiB.
    #[serde(with = "byte_size")]
    pub max_output_bytes: u64,
}

/// Connections to hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshConfig {
    /// From the first packet to the end of the sign-in. `PBSWEB_SSH_CONNECT_TIMEOUT`; 15s.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// One exchange with a host. `PBSWEB_SSH_COMMAND_TIMEOUT`; 60s.
    #[serde(with = "duration")]
    pub command_timeout: Duration,
    /// A connection that nobody used for so long is closed. `PBSWEB_SSH_IDLE_TIMEOUT`; 10m.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// How often a silent connection is probed. `PBSWEB_SSH_KEEPALIVE_INTERVAL`; 15s.
    #[serde(with = "duration")]
    pub keepalive_interval: Duration,
    /// Channels open at once on one connection; sshd's own limit is 10. `PBSWEB_SSH_MAX_CHANNELS`; 8.
    pub max_channels: u32,
    /// Time between two new connections to one host: sshd drops floods, centres ban addresses.
    /// `PBSWEB_SSH_CONNECTION_INTERVAL`; 200ms.
    #[serde(with = "duration")]
    pub connection_interval: Duration,
}

/// Listings of the schedulers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollConfig {
    /// Most listings a minute of one host, however many people watch. `PBSWEB_POLL_MAX_LISTINGS_PER_MINUTE`; 6.
    pub max_listings_per_minute: u32,
    /// Between listings while somebody watches or something runs. `PBSWEB_POLL_INTERVAL`; 10s.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// Between listings otherwise. `PBSWEB_POLL_IDLE_INTERVAL`; 5m.
    #[serde(with = "duration")]
    pub idle_interval: Duration,
}

/// Actions on jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SteeringConfig {
    /// Most connections a minute to one host's scheduler for actions on jobs; most commands need one for each job, and a
    /// host has some five hundred for everybody. `PBSWEB_STEERING_MAX_CONNECTIONS_PER_MINUTE`; 240.
    pub max_connections_per_minute: u32,
}

/// The log, on standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// What is logged, as in `tracing_subscriber::EnvFilter`. `PBSWEB_LOG_FILTER`; `info,actix_server=warn,russh=warn`.
    pub filter: String,
    /// `text` for people, `json` for collectors. `PBSWEB_LOG_FORMAT`; text.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        Self {
            site: SiteConfig {
                name: "Computing".to_owned(),
                account_policy: AccountPolicy::Closed,
                public_address: None,
                ssh_from: None,
            },
            http: HttpConfig {
                listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8443),
                tls: TlsConfig { is_enabled: true, certificate: None, key: None },
                workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8),
                max_body_bytes: 2 << 20,
                stop_timeout: Duration::from_secs(10),
            },
            database: DatabaseConfig { url: None, max_connections: 16 },
            data_folder: PathBuf::from("/var/lib/pbsweb"),
            master_key_file: None,
            sessions: SessionConfig {
                lifetime: Duration::from_secs(12 * HOUR),
                max_token_lifetime: Duration::from_secs(366 * 24 * HOUR),
                min_password_length: 10,
                max_failed_sign_ins: 10,
                failed_sign_in_window: Duration::from_secs(10 * MINUTE),
            },
            upload: UploadConfig {
                max_archive_bytes: 2 << 30,
                max_unpacked_bytes: 16 << 30,
                max_entries: 200_000,
            },
            build: BuildConfig { max_duration: Duration::from_secs(2 * HOUR), max_output_bytes: 32 << 20 },
            ssh: SshConfig {
                connect_timeout: Duration::from_secs(15),
                command_timeout: Duration::from_secs(MINUTE),
                idle_timeout: Duration::from_secs(10 * MINUTE),
                keepalive_interval: Duration::from_secs(15),
                max_channels: 8,
                connection_interval: Duration::from_millis(200),
            },
            poll: PollConfig {
                max_listings_per_minute: 6,
                interval: Duration::from_secs(10),
                idle_interval: Duration::from_secs(5 * MINUTE),
            },
            steering: SteeringConfig { max_connections_per_minute: 240 },
            log: LogConfig {
                filter: "info,actix_server=warn,russh=warn".to_owned(),
                format: LogFormat::Text,
            },
        }
    }
}

impl SshConfig {
    /// What the transport is to keep to.
    #[must_use]
    pub fn transport_settings(&self) -> TransportSettings {
        TransportSettings {
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            keepalive_interval: self.keepalive_interval,
            max_channels: self.max_channels as usize,
            handshake_interval: self.connection_interval,
            ..TransportSettings::default()
        }
    }
}
