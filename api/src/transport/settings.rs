//! How patient, how parallel and how generous the transport is.

use std::time::Duration;

/// What holds for all hosts. The defaults keep well below those of `sshd`.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// From the look-up of the name to the finished login.
    pub connect_timeout: Duration,
    /// A connection without exchanges is closed after this time.
    pub idle_timeout: Duration,
    /// A silent connection is asked for a sign of life this often, and given up after three questions.
    pub keepalive_interval: Duration,
    /// How long a host may take to close a channel whose program has ended, or is to end.
    pub close_timeout: Duration,
    /// Channels open at once on one connection; `sshd` allows 10 (`MaxSessions`).
    pub max_channels: usize,
    /// Callers that may wait for a channel of one connection; one more is told that the account is busy.
    pub max_waiting: usize,
    /// Logins under way at once per host; `sshd` begins to drop them at 10 (`MaxStartups`).
    pub max_handshakes: usize,
    /// Time between the starts of two logins to one host.
    pub handshake_interval: Duration,
    /// Wait after the first failure; doubles with each further one.
    pub backoff_first: Duration,
    /// Longest wait after failures.
    pub backoff_max: Duration,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(600),
            keepalive_interval: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            max_channels: 8,
            max_waiting: 64,
            max_handshakes: 2,
            handshake_interval: Duration::from_millis(250),
            backoff_first: Duration::from_secs(2),
            backoff_max: Duration::from_secs(300),
        }
    }
}

/// What one program may take.
#[derive(Debug, Clone, Copy)]
pub struct RunLimits {
    /// From the call to the last byte, waiting for a connection included.
    pub deadline: Duration,
    /// Bytes of standard output and standard error together, banners included.
    pub max_output_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), max_output_bytes: 16 << 20 }
    }
}

/// What one transfer may take.
#[derive(Debug, Clone, Copy)]
pub struct TransferLimits {
    /// From the call to the last byte.
    pub deadline: Duration,
    /// Longest time without a byte of progress, on either side.
    pub stall: Duration,
    /// Largest file sent.
    pub max_bytes: u64,
}

impl Default for TransferLimits {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(3600), stall: Duration::from_secs(60), max_bytes: 4 << 30 }
    }
}
