//! The settings: read once at start, checked as a whole, and passed on as values.
//!
//! Three layers, each over the one before: the defaults, a TOML file, the environment (`PBSWEB_…`). A key or a
//! variable that nobody knows is refused by name, so that a misspelt limit is not silently the default. Nothing
//! else in the program reads the environment.

mod byte_size;
mod duration;
mod load;
mod optional_url;
mod sections;

pub use load::{ConfigError, Setting};
pub use sections::{
    BuildConfig, Config, DatabaseConfig, HttpConfig, LogConfig, LogFormat, PollConfig, SessionConfig,
    SiteConfig, SshConfig, SteeringConfig, TlsConfig, UploadConfig,
};

use std::fmt;
use std::time::Duration;

/// One thing that is wrong with settings that are each readable by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The key, such as `http.tls.key`.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, message } = self;
        write!(f, "{key} ({}): {message}", load::variable_of(key))
    }
}

/// The rules a setting is held against, collected so that all of them are said at once.
#[derive(Default)]
struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add_if(&mut self, is_wrong: bool, key: &'static str, message: impl Into<String>) {
        if is_wrong {
            self.0.push(ConfigProblem { key, message: message.into() });
        }
    }

    fn duration(&mut self, key: &'static str, value: Duration, least: Duration, most: Duration) {
        self.add_if(
            value < least || value > most,
            key,
            format!("is to be from {} to {}", duration::show(least), duration::show(most)),
        );
    }

    fn number(&mut self, key: &'static str, value: u64, least: u64, most: u64) {
        self.add_if(value < least || value > most, key, format!("is to be from {least} to {most}"));
    }
}

impl Config {
    /// Looks at the settings together.
    ///
    /// # Errors
    ///
    /// Everything that cannot be right, in the order of the sections.
    pub fn check(&self) -> Result<(), Vec<ConfigProblem>> {
        const SECOND: Duration = Duration::from_secs(1);
        const DAY: Duration = Duration::from_secs(86_400);
        let mut problems = Problems::default();
        let Self {
            site,
            http,
            database,
            data_folder,
            sessions,
            upload,
            build,
            ssh,
            poll,
            steering,
            log: _,
            master_key_file: _,
        } = self;

        problems.add_if(site.name.trim().is_empty(), "site.name", "is empty");
        problems.add_if(site.name.chars().any(char::is_control), "site.name", "holds control characters");
        if let Some(url) = &site.public_address {
            problems.add_if(
                !matches!(url.scheme(), "https" | "http") || url.host_str().is_none(),
                "site.public_address",
                "is to be an address such as https://pbsweb.example.org",
            );
            problems.add_if(
                url.query().is_some() || url.fragment().is_some() || url.path() != "/",
                "site.public_address",
                "is to end at the host name or port: PBSWeb lives at the top of its address",
            );
        }
        if let Some(pattern) = &site.ssh_from {
            problems.add_if(
                pattern.is_empty()
                    || !pattern.chars().all(|c| c.is_ascii_alphanumeric() || ".:-_*?/,![]".contains(c)),
                "site.ssh_from",
                "is to be a list of addresses or name patterns as in sshd(8), without quotes and spaces",
            );
        }

        problems.add_if(
            http.tls.certificate.is_some() && http.tls.key.is_none(),
            "http.tls.key",
            "is needed beside http.tls.certificate",
        );
        problems.add_if(
            http.tls.key.is_some() && http.tls.certificate.is_none(),
            "http.tls.certificate",
            "is needed beside http.tls.key",
        );
        problems.add_if(
            !http.tls.is_enabled && (http.tls.certificate.is_some() || http.tls.key.is_some()),
            "http.tls.is_enabled",
            "is false, so a certificate has no use",
        );
        problems.add_if(
            !http.tls.is_enabled && !http.listen.ip().is_loopback(),
            "http.tls.is_enabled",
            "may be false only when http.listen is a loopback address: passwords would travel in the clear",
        );
        problems.number("http.workers", http.workers as u64, 1, 256);
        problems.number("http.max_body_bytes", http.max_body_bytes as u64, 64 << 10, 64 << 20);
        problems.duration("http.stop_timeout", http.stop_timeout, SECOND, 600 * SECOND);

        if let Some(url) = &database.url {
            problems.add_if(
                !url.starts_with("postgres://") && !url.starts_with("postgresql://"),
                "database.url",
                "is to begin with postgres:// or postgresql://",
            );
        }
        problems.number("database.max_connections", database.max_connections.into(), 2, 500);
        problems.add_if(
            database.url.is_none() && database.max_connections > 80,
            "database.max_connections",
            "is to be at most 80 with the private database server",
        );
        problems.add_if(data_folder.as_os_str().is_empty(), "data_folder", "is empty");
        problems.add_if(data_folder.is_relative(), "data_folder", "is to be an absolute path");

        problems.duration("sessions.lifetime", sessions.lifetime, 60 * SECOND, 90 * DAY);
        problems.duration("sessions.max_token_lifetime", sessions.max_token_lifetime, DAY, 3660 * DAY);
        problems.number("sessions.min_password_length", sessions.min_password_length.into(), 8, 128);
        problems.number("sessions.max_failed_sign_ins", sessions.max_failed_sign_ins.into(), 1, 10_000);
        problems.duration("sessions.failed_sign_in_window", sessions.failed_sign_in_window, SECOND, DAY);

        problems.number("upload.max_archive_bytes", upload.max_archive_bytes, 1 << 10, 1 << 44);
        problems.number("upload.max_unpacked_bytes", upload.max_unpacked_bytes, 1 << 10, 1 << 46);
        problems.number("upload.max_entries", upload.max_entries, 1, 100_000_000);
        problems.duration("build.max_duration", build.max_duration, SECOND, 7 * DAY);
        problems.number("build.max_output_bytes", build.max_output_bytes, 1 << 10, 1 << 34);

        problems.duration("ssh.connect_timeout", ssh.connect_timeout, SECOND, 300 * SECOND);
        problems.duration("ssh.command_timeout", ssh.command_timeout, SECOND, 3600 * SECOND);
        problems.duration("ssh.idle_timeout", ssh.idle_timeout, SECOND, DAY);
        problems.duration("ssh.keepalive_interval", ssh.keepalive_interval, SECOND, 3600 * SECOND);
        problems.number("ssh.max_channels", ssh.max_channels.into(), 1, 64);
        problems.duration("ssh.connection_interval", ssh.connection_interval, Duration::ZERO, 60 * SECOND);

        problems.number("poll.max_listings_per_minute", poll.max_listings_per_minute.into(), 1, 60);
        problems.duration("poll.interval", poll.interval, SECOND, 3600 * SECOND);
        problems.duration("poll.idle_interval", poll.idle_interval, SECOND, DAY);
        problems.add_if(
            poll.idle_interval < poll.interval,
            "poll.idle_interval",
            "is shorter than poll.interval",
        );
        problems.number(
            "steering.max_connections_per_minute",
            steering.max_connections_per_minute.into(),
            1,
            100_000,
        );

        if problems.0.is_empty() { Ok(()) } else { Err(problems.0) }
    }
}

#[cfg(test)]
mod tests;
