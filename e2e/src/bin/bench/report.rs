//! How the numbers are printed: medians and 95th percentiles, and the machine that they hold for.

use std::fs;
use std::time::Duration;

/// Prints a line.
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Times of one kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The value that so many percent do not exceed (nearest rank), in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// The middle one, in milliseconds.
    pub(crate) fn median_ms(&self) -> f64 {
        self.percentile(50)
    }

    /// How many a second, when all took so long together.
    pub(crate) fn per_second(&self, whole: Duration) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let n = self.0.len() as f64;
        n / whole.as_secs_f64()
    }

    /// One row of a table.
    pub(crate) fn tell(&self, what: &str) {
        say(&format!("  {what:<66} {:>8.1} {:>8.1}", self.median_ms(), self.percentile(95)));
    }

    /// One row of a table that has the slowest, too.
    pub(crate) fn tell_slowest(&self, what: &str) {
        let [p95, p99] = [95, 99].map(|percent| self.percentile(percent));
        say(&format!("  {what:<66} {:>8.1} {p95:>8.1} {p99:>8.1}", self.median_ms()));
    }
}

/// The head of a table of times.
pub(crate) fn head(title: &str) {
    say(&format!("\n{title:<68} {:>8} {:>8}", "median", "p95 [ms]"));
}

/// The head of one with the slowest, too.
pub(crate) fn head_slowest(title: &str) {
    say(&format!("\n{title:<68} {:>8} {:>8} {:>8}", "median", "p95", "p99 [ms]"));
}

/// A ratio with its aim.
pub(crate) fn ratio(what: &str, value: f64, aim: &str) {
    say(&format!("  {what:<66} {value:>8.2}          aim {aim}"));
}

/// What the numbers hold for.
pub(crate) fn machine() {
    let n_cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let build =
        if cfg!(debug_assertions) { "DEBUG BUILD: not the numbers to quote" } else { "release build" };
    say(&format!("{n_cores} cores ({model}), Linux {}, load {load} at the start, {build}", kernel.trim()));
}
