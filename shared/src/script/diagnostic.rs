//! What is wrong with a script, said so that it can be shown at the field and at the line.

use serde::{Deserialize, Serialize};

use super::values::ValueError;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The script cannot be submitted like this.
    Error,
    /// It can be submitted, and will probably not do what was meant.
    Warning,
    /// Good to know.
    Hint,
}

/// One finding about a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Diagnostic {
    /// Where in the draft, as a JSON pointer (RFC 6901) such as `/walltime` or `/chunks/0/mem`; empty: the whole script.
    pub pointer: String,
    /// The line, from 1: of the text, where a text was read or made; else of the field, if it has several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What programs switch on, such as `walltime.syntax`.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl Diagnostic {
    /// Whether it keeps the script from being submitted.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Nobody reads more of them, and a hostile text could make millions.
pub(super) const MOST_FINDINGS: usize = 500;

/// Collects findings (up to a bound); the names say how much they matter.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
}

impl Findings {
    pub(crate) fn error(
        &mut self,
        pointer: &str,
        code: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.push(Severity::Error, pointer, code, message.into(), advice.into());
    }

    pub(crate) fn warning(
        &mut self,
        pointer: &str,
        code: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.push(Severity::Warning, pointer, code, message.into(), advice.into());
    }

    pub(crate) fn hint(
        &mut self,
        pointer: &str,
        code: &str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.push(Severity::Hint, pointer, code, message.into(), advice.into());
    }

    /// Reads a field that may be left empty; what cannot be read is a finding at the field.
    pub(crate) fn read<T>(&mut self, pointer: &str, text: &str, label: &str, advice: &str) -> Option<T>
    where
        T: std::str::FromStr<Err = ValueError>,
    {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                // "/chunks/0/mem" → "mem.syntax": the rule is the same for every chunk.
                let field = pointer.rsplit('/').next().unwrap_or(pointer);
                self.error(pointer, &format!("{field}.{}", error.kind()), format!("{label} {error}"), advice);
                None
            }
        }
    }

    pub(crate) fn push(
        &mut self,
        severity: Severity,
        pointer: &str,
        code: &str,
        message: String,
        advice: String,
    ) {
        let (pointer, code) = (pointer.to_owned(), code.to_owned());
        self.push_whole(Diagnostic { pointer, line: None, column: None, code, severity, message, advice });
    }

    /// The last finding is about this line of its field, from 0.
    pub(crate) fn at_line(&mut self, index: usize) {
        // When there was no room, the last one is another.
        if self.list.len() < MOST_FINDINGS
            && let Some(last) = self.list.last_mut()
        {
            last.line = u32::try_from(index + 1).ok();
        }
    }

    /// `false` if there is no room for more. An error finds room always.
    pub(crate) fn push_whole(&mut self, finding: Diagnostic) -> bool {
        let has_room = self.list.len() < MOST_FINDINGS;
        if has_room || (finding.is_error() && self.list.iter().all(|known| !known.is_error())) {
            self.list.push(finding);
        }
        has_room
    }

    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.list
    }
}
