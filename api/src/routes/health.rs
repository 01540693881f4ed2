//! For watchers of the service: is it alive, can it serve, how busy is it.

use std::fmt::Write as _;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use pbsweb_shared::host::HostStatus;

use super::extract::AppData;
use super::extract::client::may_read_metrics;
use crate::error::chain;
use crate::store::watches::{WatchRecord, calls_last_minute, list_watches, listings_last_minute};

/// Says that the process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    security(()),
    responses((status = 200, description = "Alive", body = String, content_type = "text/plain")),
)]
pub async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body("alive\n")
}

/// Says whether requests can be served: the database answers and can be written, and the server is not stopping.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    security(()),
    responses(
        (status = 200, description = "Ready", body = String, content_type = "text/plain"),
        (status = 503, description = "Not ready; the text says why", body = String, content_type = "text/plain"),
    ),
)]
pub async fn get_readiness(app: AppData) -> HttpResponse {
    let not_ready = |why: &'static str| {
        HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((RETRY_AFTER, "2"))
            .body(format!("{why}\n"))
    };
    if app.stopping.is_cancelled() {
        return not_ready("stopping");
    }
    if let Some(trouble) = app.replica.trouble() {
        return not_ready(trouble);
    }
    match app
        .store
        .query(|connection| diesel::connection::SimpleConnection::batch_execute(connection, "SELECT 1"))
        .await
    {
        Ok(()) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body("ready\n"),
        Err(error) => {
            tracing::warn!(cause = chain(&error), "not ready: the database does not answer");
            not_ready("the database does not answer")
        }
    }
}

/// Gives numbers about the process and the database connections, in Prometheus' text format.
///
/// Only to addresses that the setting `http.metrics_from` names: by default the server's own machine.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    security(()),
    responses(
        (status = 200, description = "Metrics", body = String, content_type = "text/plain"),
        (status = 403, description = "Not from this address", body = String, content_type = "text/plain"),
    ),
)]
pub async fn get_metrics(app: AppData, request: HttpRequest) -> HttpResponse {
    type OfHost = fn(&WatchRecord, DateTime<Utc>) -> Option<u32>;
    if !may_read_metrics(&request, &app.config.http) {
        return HttpResponse::Forbidden()
            .content_type("text/plain; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body("not from this address; see http.metrics_from\n");
    }
    let mut metrics = Metrics::default();
    metrics.value(
        "pbsweb_build_info",
        "gauge",
        "The release that runs.",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1.0,
    );
    let pool = app.store.pool_state();
    let help = "Connections of the database pool.";
    let in_use = pool.connections.saturating_sub(pool.idle_connections);
    metrics.value("pbsweb_database_connections", "gauge", help, &[("state", "in_use")], f64::from(in_use));
    metrics.value(
        "pbsweb_database_connections",
        "gauge",
        help,
        &[("state", "idle")],
        f64::from(pool.idle_connections),
    );
    for (name, help, n) in [
        ("pbsweb_database_statements_total", "Statements sent to the database.", app.store.n_statements()),
        ("pbsweb_database_transactions_total", "Transactions committed.", app.store.n_transactions()),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "a number for people; exact up to 2^53")]
        metrics.value(name, "counter", help, &[], n as f64);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number for people; exact up to 2^53")]
    let n_tasks = app.n_tasks() as f64;
    metrics.value("pbsweb_background_tasks", "gauge", "Background tasks that run.", &[], n_tasks);
    // Without the database the process has its numbers still.
    let watches = app.store.query(|connection| list_watches(connection, None)).await.unwrap_or_default();
    let now = app.replica.now();
    let by_host: [(&str, &str, OfHost); 4] = [
        (
            "pbsweb_host_listings_last_minute",
            "Listings asked of a host's scheduler in the last minute, for everybody together.",
            |watch, now| Some(listings_last_minute(watch, now)),
        ),
        (
            "pbsweb_host_scheduler_calls_last_minute",
            "Commands of a host's scheduler that were run in the last minute to watch it, for everybody together.",
            |watch, now| Some(calls_last_minute(watch, now)),
        ),
        (
            "pbsweb_host_up",
            "Whether a host and its scheduler answered when they were last asked.",
            |watch, _| Some(u32::from(watch.status == HostStatus::Up)),
        ),
        (
            "pbsweb_host_latency_milliseconds",
            "How long a host took to answer the last time it did.",
            |watch, _| watch.latency_ms,
        ),
    ];
    for (name, help, value) in by_host {
        for watch in &watches {
            if let Some(value) = value(watch, now) {
                let host = watch.host.to_string();
                metrics.value(name, "gauge", help, &[("host", host.as_str())], f64::from(value));
            }
        }
    }
    Process::read().await.write(&mut metrics);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(metrics.text)
}

/// Metrics as text. Values of one metric are to be written one after the other.
#[derive(Default)]
pub struct Metrics {
    text: String,
    last: String,
}

impl Metrics {
    /// Adds a value; `kind` is `gauge` or `counter`. The first of a name brings its help.
    pub fn value(&mut self, name: &str, kind: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        // Writing to a String does not fail.
        if self.last != name {
            name.clone_into(&mut self.last);
            let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        }
        self.text.push_str(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.text, "{}{label}=\"{text}\"", if i == 0 { '{' } else { ',' });
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

/// The process, as Linux tells it. What cannot be read is left out.
#[derive(Debug, Default)]
struct Process {
    resident_bytes: Option<f64>,
    n_threads: Option<f64>,
    n_open_files: Option<f64>,
    uptime_seconds: Option<f64>,
}

impl Process {
    async fn read() -> Self {
        tokio::task::spawn_blocking(|| {
            let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
            let (status, stat, uptime) =
                (text("/proc/self/status"), text("/proc/self/stat"), text("/proc/uptime"));
            let n_open_files = std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
            Self {
                n_open_files: n_open_files.and_then(|n| u32::try_from(n).ok()).map(f64::from),
                ..Self::parse(&status, &stat, &uptime)
            }
        })
        .await
        .unwrap_or_default()
    }

    fn parse(status: &str, stat: &str, uptime: &str) -> Self {
        /// Linux tells times to programs in hundredths of a second, on every architecture we run on.
        const TICKS_PER_SECOND: f64 = 100.0;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        };
        // The program's name, in parentheses, may hold anything; the start time is the 20th field after it.
        let begun =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)?.parse::<f64>().ok());
        let now = uptime.split_whitespace().next().and_then(|text| text.parse::<f64>().ok());
        Self {
            resident_bytes: field("VmRSS:").map(|kib| kib * 1024.0),
            n_threads: field("Threads:"),
            n_open_files: None,
            uptime_seconds: now.zip(begun).map(|(now, begun)| (now - begun / TICKS_PER_SECOND).max(0.0)),
        }
    }

    fn write(&self, metrics: &mut Metrics) {
        let values = [
            ("process_resident_memory_bytes", "Resident memory.", self.resident_bytes),
            ("process_threads", "Threads.", self.n_threads),
            ("process_open_fds", "Open files.", self.n_open_files),
            ("process_uptime_seconds", "Time since the start.", self.uptime_seconds),
        ];
        for (name, help, value) in values {
            if let Some(value) = value {
                metrics.value(name, "gauge", help, &[], value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_as_prometheus_wants_them() {
        let mut metrics = Metrics::default();
        metrics.value("a_b", "gauge", "Help.", &[("host", "x\"y"), ("s", "1")], 2.0);
        metrics.value("a_b", "gauge", "Help.", &[("host", "z")], 0.5);
        metrics.value("c", "counter", "Other.", &[], 7.0);
        assert_eq!(
            metrics.text,
            "# HELP a_b Help.\n# TYPE a_b gauge\na_b{host=\"x\\\"y\",s=\"1\"} 2\na_b{host=\"z\"} 0.5\n\
             # HELP c Other.\n# TYPE c counter\nc 7\n"
        );
    }

    #[test]
    fn the_process_is_read_from_what_linux_says() {
        let status = "Name:\tpbs (web)\nVmRSS:\t   2048 kB\nThreads:\t9\n";
        let stat = "17 (pbs (web) S) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5000 20";
        let process = Process::parse(status, stat, "60.00 100.00\n");
        assert_eq!(process.resident_bytes, Some(2_097_152.0));
        assert_eq!(process.n_threads, Some(9.0));
        assert_eq!(process.uptime_seconds, Some(10.0));
        assert!(Process::parse("", "", "").uptime_seconds.is_none());
    }

    #[tokio::test]
    async fn this_process_can_be_read() {
        let process = Process::read().await;
        assert!(process.resident_bytes > Some(0.0) && process.n_open_files > Some(0.0), "{process:?}");
        assert!(process.uptime_seconds.is_some_and(|seconds| seconds < 86_400.0), "{process:?}");
    }
}
