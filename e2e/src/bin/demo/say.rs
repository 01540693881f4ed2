//! What the demonstration prints: one line for each step with its time, and what a step shows indented below it.

use std::io::Write as _;
use std::time::Instant;

/// Prints a line. A reader that went away (`make demo | head`) is no reason to fall over.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}");
    let _ = stdout.flush();
}

/// Prints what a step shows, set off from the steps.
pub(crate) fn show(text: &str) {
    for line in text.lines() {
        say(&format!("            │ {line}"));
    }
}

/// A step under way.
pub(crate) struct Step(Instant);

impl Step {
    /// Begins to measure.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Says what was done, and how long it took.
    pub(crate) fn end(self, what: &str) {
        say(&format!("{:>7} ms  {what}", self.0.elapsed().as_millis()));
    }
}
