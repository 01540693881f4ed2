//! The handle everybody else holds.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use pbsweb_shared::ids::HostId;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

use super::dial;
use super::endpoint::{Endpoint, HostKey, JumpHost};
use super::error::{Step, TransportError};
use super::exchange::{Exchange, Output, Run, RunningProgram, StepCell};
use super::gate::HostHealth;
use super::identity::Identity;
use super::path::RemotePath;
use super::pool::{Lane, Pool};
use super::program::Program;
use super::settings::{RunLimits, TransferLimits, TransportSettings};
use super::sftp::{self, DirEntry, Download, FileRange, FileSize, FileStat, Sftp};

/// Runs programs and moves files on hosts. Clones share the connections.
///
/// Any of its futures may be dropped at any time: the program is told to end, the channel is closed, and the
/// connection stays usable for others.
#[derive(Clone)]
pub struct Transport {
    pool: Arc<Pool>,
}

impl Transport {
    /// Makes a transport without connections. It must be used inside a tokio runtime.
    #[must_use]
    pub fn new(settings: TransportSettings) -> Self {
        Self { pool: Arc::new(Pool::new(settings)) }
    }

    /// Runs a program to its end and gives back all it said.
    pub async fn run(
        &self,
        to: &Endpoint,
        identity: &Identity,
        program: Program,
        limits: RunLimits,
    ) -> Result<Output, TransportError> {
        self.run_to_its_end(to, identity, Run { program, limits, word: None }).await
    }

    /// Runs a program [in two steps](Program::in_two_steps): the first when it arrives, the last when `word` is given. When that is
    /// dropped instead, the first is undone and the answer is [`Closed`](TransportError::Closed).
    pub async fn run_on_word(
        &self,
        to: &Endpoint,
        identity: &Identity,
        program: Program,
        limits: RunLimits,
        word: oneshot::Receiver<()>,
    ) -> Result<Output, TransportError> {
        let program = program.in_two_steps();
        self.run_to_its_end(to, identity, Run { program, limits, word: Some(word) }).await
    }

    async fn run_to_its_end(
        &self,
        to: &Endpoint,
        identity: &Identity,
        run: Run,
    ) -> Result<Output, TransportError> {
        let step = StepCell::new(Step::Connecting);
        let after = run.limits.deadline;
        let work = async {
            let exchange = Exchange::start(&self.pool, to, identity, Lane::Prompt, run, &step).await?;
            exchange.collect().await
        };
        let answer = timeout(after, work).await;
        answer.unwrap_or_else(|_| Err(TransportError::TimedOut { after, step: step.get() }))
    }

    /// Starts a program and follows it while it speaks. A slow reader slows the program down, not the server.
    /// Dropping the [`RunningProgram`] ends the program.
    pub async fn stream(
        &self,
        to: &Endpoint,
        identity: &Identity,
        program: Program,
        limits: RunLimits,
    ) -> Result<RunningProgram, TransportError> {
        let step = StepCell::new(Step::Connecting);
        let deadline = Instant::now() + limits.deadline;
        let run = Run { program, limits, word: None };
        let start = Exchange::start(&self.pool, to, identity, Lane::Live, run, &step);
        let late = |step: &StepCell| TransportError::TimedOut { after: limits.deadline, step: step.get() };
        let exchange = timeout_at(deadline, start).await.unwrap_or_else(|_| Err(late(&step)))?;
        Ok(exchange.follow(deadline, limits.deadline))
    }

    /// Writes a file, replacing what is there, readable by its owner alone; gives back the bytes written. What
    /// arrives is streamed; several writes are under way at once, so that distance does not matter much. A file
    /// that could not be written whole is removed again.
    pub async fn upload<S>(
        &self,
        to: &Endpoint,
        identity: &Identity,
        path: &RemotePath,
        source: S,
        limits: TransferLimits,
    ) -> Result<u64, TransportError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send,
    {
        self.within(limits, Step::Writing, async {
            Sftp::open(&self.pool, to, identity, limits).await?.upload(path, source, limits).await
        })
        .await
    }

    /// Reads a file, or a part of it, as a stream that fetches ahead a little.
    pub async fn download(
        &self,
        to: &Endpoint,
        identity: &Identity,
        path: &RemotePath,
        range: FileRange,
        limits: TransferLimits,
    ) -> Result<(FileSize, Download), TransportError> {
        let deadline = Instant::now() + limits.deadline;
        self.within(limits, Step::Reading, async {
            Sftp::open(&self.pool, to, identity, limits).await?.download(path, range, limits, deadline).await
        })
        .await
    }

    /// Looks at a file or folder; a symbolic link stands for its target.
    pub async fn stat(
        &self,
        to: &Endpoint,
        identity: &Identity,
        path: &RemotePath,
        limits: TransferLimits,
    ) -> Result<FileStat, TransportError> {
        self.within(limits, Step::Reading, async {
            Sftp::open(&self.pool, to, identity, limits).await?.stat(path).await
        })
        .await
    }

    /// Lists a folder, sorted by name, without `.` and `..`. More than `max_entries` is
    /// [`TooLarge`](TransportError::TooLarge). Names that are not UTF-8 are shown with replacement characters and
    /// cannot be opened.
    pub async fn read_dir(
        &self,
        to: &Endpoint,
        identity: &Identity,
        path: &RemotePath,
        max_entries: usize,
        limits: TransferLimits,
    ) -> Result<Vec<DirEntry>, TransportError> {
        self.within(limits, Step::Reading, async {
            Sftp::open(&self.pool, to, identity, limits).await?.read_dir(path, max_entries).await
        })
        .await
    }

    /// Asks a host for its key, for an administrator to confirm. Nobody logs in, except at the jump host.
    pub async fn scan_host_key(
        &self,
        address: &str,
        port: u16,
        jump: Option<(&JumpHost, &Identity)>,
    ) -> Result<HostKey, TransportError> {
        dial::scan(address, port, jump, self.pool.settings()).await
    }

    /// Ends the host's connections, whatever they are doing, and forgets its failures: for a changed key, a
    /// disabled host, a revoked account.
    pub async fn forget(&self, host: HostId) {
        self.pool.forget(host);
    }

    /// Forgets the host's failures and this account's, so that the next attempt is made now: for a check somebody asked
    /// for. Accounts that were not let in stay left alone.
    pub fn retry_now(&self, to: &Endpoint, identity: &Identity) {
        self.pool.reopen_account(to, identity);
    }

    /// How the host has been doing.
    #[must_use]
    pub fn health(&self, host: HostId) -> HostHealth {
        self.pool.health(host)
    }

    /// Ends all connections and waits until their tasks have ended. Afterwards every call fails.
    pub async fn shutdown(&self) {
        self.pool.shutdown().await;
    }

    async fn within<T>(
        &self,
        limits: TransferLimits,
        step: Step,
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        tokio::select! {
            () = self.pool.stop().cancelled() => Err(TransportError::Closed),
            answer = timeout(limits.deadline, work) => {
                answer.unwrap_or_else(|_| Err(sftp::late(limits.deadline, step)))
            }
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transport")
    }
}
