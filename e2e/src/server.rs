//! A server in this process, with threads of its own, so that a test can stop it, cut it off, and start it again.

use std::net::SocketAddr;
use std::sync::Arc;

use pbsweb::app::App;
use pbsweb::config::Config;
use pbsweb::server::{RunningServer, start};
use tokio::runtime::Runtime;

/// Threads that each of a server's tasks waits for, until this is dropped.
pub struct Frozen {
    _held: Vec<std::sync::mpsc::Sender<()>>,
}

/// Threads that run a server's tasks.
const THREADS: usize = 2;

/// A running server.
pub struct Server {
    /// What its requests share.
    pub app: Arc<App>,
    /// Where it listens.
    pub address: SocketAddr,
    running: Option<RunningServer>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server with these settings.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(config: Config) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("pbsweb")
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.spawn(start(config)).await.unwrap();
        let running = running.unwrap_or_else(|error| panic!("the server does not start: {error:#}"));
        Self {
            app: Arc::clone(&running.app),
            address: running.address,
            running: Some(running),
            runtime: Some(runtime),
        }
    }

    /// Stops as SIGTERM does: what is under way is finished, or given up after `http.stop_timeout`.
    ///
    /// # Panics
    /// When the stop panics.
    pub async fn stop(mut self) {
        if let (Some(running), Some(runtime)) = (self.running.take(), &self.runtime) {
            runtime.spawn(running.stop()).await.unwrap();
        }
    }

    /// Holds up all background tasks, whatever they are doing: the server hangs.
    ///
    /// # Panics
    /// When it was stopped.
    pub fn freeze(&self) -> Frozen {
        let runtime = self.runtime.as_ref().expect("the server runs");
        let held = (0..THREADS).map(|_| {
            let (hold, held) = std::sync::mpsc::channel();
            // Waits on the thread itself, on purpose: no other task gets it.
            runtime.spawn(async move { held.recv() });
            hold
        });
        Frozen { _held: held.collect() }
    }

    /// Ends the server between two steps, whatever it is doing, as a crash would: nothing is finished, nothing told.
    pub fn crash(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.running.take());
        if let Some(runtime) = self.runtime.take() {
            // May happen inside a test's runtime, where nothing may block.
            runtime.shutdown_background();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Streams and followers end by themselves; the threads are not waited for.
        self.app.stopping.cancel();
        self.end();
    }
}
