//! The log: lines on standard error, filtered and formatted as the settings say. What is logged, and what never
//! is, is decided where it is logged.

use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("log.filter (PBSWEB_LOG_FILTER): {filter:?} is not a filter")]
pub struct TelemetryError {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Begins logging. A second call in one process (tests) leaves the first in place.
///
/// # Errors
///
/// When the filter cannot be read.
pub fn start(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|source| TelemetryError { filter: config.filter.clone(), source })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match config.format {
        LogFormat::Text => {
            // Colour codes in a journal or a file help nobody.
            let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(is_terminal).with_target(false).try_init()
        }
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    if begun.is_err() {
        tracing::debug!("logging was begun before");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused_by_name() {
        let config = LogConfig { filter: "info,[[".to_owned(), format: LogFormat::Text };
        let error = start(&config).unwrap_err();
        assert!(error.to_string().contains("PBSWEB_LOG_FILTER"), "{error}");
    }
}
